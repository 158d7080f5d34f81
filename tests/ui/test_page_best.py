"""The best N stills, spread, from a pasted path to the exported pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.store import selection
from tests import videos
from tests.browser import Visit, type_text
from tests.serving import serving
from tests.ui.source import WAIT_MS, begin, choose_method, ended, extract, run_of

pytestmark = pytest.mark.browser


def test_from_a_pasted_path_to_the_exported_stills(visit: Callable[..., Visit], tmp_path: Path) -> None:
    clip, downloads = videos.build("h264-opengop"), tmp_path / "downloads"
    with serving(downloads, "--root", str(clip.parent)) as address:
        seen = visit()
        page = begin(seen, address, str(clip), "All frames")
        expect(page.get_by_label("Best of so many equal parts")).to_be_visible()
        choose_method(page, "Best stills, spread")
        expect(page.locator("#extract-target")).to_be_hidden()
        type_text(page.locator("#extract-best input"), "4")
        extract(page)
        ended(page)
        run = run_of(downloads)
        saved = selection.read(run.selection)
        assert saved is not None
        assert 1 <= len(saved.kept) <= 4
        assert sorted(path.stem for path in run.path.glob("frame_*")) == [f"frame_{n:06d}" for n in saved.kept]
        page.get_by_role("button", name="Open in Filtering").click()
        seen.address = address
        shown = seen.state()
        assert (shown["kept"], shown["digest"]) == (len(saved.kept), saved.digest)
        expect(page.locator("#filter-best input")).to_have_value("4")
        page.locator(f"#filter .cell[data-ordinal='{saved.kept[0]}']").click()
        page.locator("dialog.enlarge[open]").wait_for(timeout=WAIT_MS)
        expect(page.locator("dialog.enlarge .reasons-list")).to_contain_text("one of the best 4")
        page.keyboard.press("x")
        expect(page.locator("dialog.enlarge .verdict")).to_contain_text("by hand")
        page.keyboard.press("Escape")
        shown = seen.state()
        assert seen.filters()["reject"] == [int(saved.kept[0])]
        page.get_by_role("listbox", name="Frames").focus()
        page.keyboard.press("e")
        page.locator("#export-go").click()
        page.locator(".drawer .verdict.kept").wait_for(timeout=WAIT_MS)
        folder = Path(page.get_by_label("Written to").input_value())
        names = sorted(int(path.stem[6:]) for path in folder.glob("frame_*"))
        assert names
        assert int(saved.kept[0]) not in names
        assert selection.digest(names) == shown["digest"]
