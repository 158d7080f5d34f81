"""The export drawer: what is written is what is shown, or it says why not."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import videos
from tests.browser import Visit, type_into, type_text
from tests.ui.site import Site, hold_job, middle_of, read

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]


def picture_numbers(folder: Path) -> dict[int, int]:
    """Ordinal in the name -> number in the pixels, of every picture in an exported folder."""
    import numpy as np
    from PIL import Image

    files = sorted(folder.glob("frame_*"))
    return {int(f.stem[6:]): videos.read_number(np.asarray(Image.open(f).convert("RGB"))) for f in files}


@pytest.mark.parametrize("of", ["files", "bare"])
def test_what_is_exported_is_what_was_shown(site: Site, visit: Visitor, of: str) -> None:
    run = site.run(f"export-{of}", of)
    seen = visit().open(site.address, run.name)
    page = seen.page
    type_into(seen, "Contrast, lower bound, as a number", str(middle_of(run, "contrast")))
    page.get_by_role("listbox", name="Frames").focus()
    page.keyboard.press("k")
    shown = seen.state()
    page.keyboard.press("e")
    page.get_by_role("button", name=f"Export {shown['kept']} frames").click()
    page.locator(".drawer .verdict.kept").wait_for()
    folder = Path(page.get_by_label("Written to").input_value())
    assert folder.parent == site.downloads
    assert read(folder / "manifest.json")["digest"] == shown["digest"]
    numbers = picture_numbers(folder)
    assert len(numbers) == shown["kept"]
    assert all(ordinal == number for ordinal, number in numbers.items())
    page.evaluate("addEventListener('beforeunload', () => document.body.setAttribute('data-left', ''))")
    with page.expect_download() as arriving:
        page.get_by_role("button", name="Download ZIP").click()
    assert page.locator("body[data-left]").count() == 0, "Gradio hangs up where the page seems to be left"
    archive = zipfile.ZipFile(io.BytesIO(Path(arriving.value.path()).read_bytes()))
    assert archive.testzip() is None
    assert {Path(name).name for name in archive.namelist()} == {p.name for p in folder.iterdir()}
    assert all(name.startswith(f"{folder.name}/") for name in archive.namelist())


def test_records_that_changed_behind_the_page_are_not_exported(site: Site, visit: Visitor) -> None:
    run = site.run("changed")
    seen = visit().open(site.address, run.name)
    lines = (run / "metadata.jsonl").read_text().splitlines()
    changed = json.loads(lines[7]) | {"error": "damaged since"}
    (run / "metadata.jsonl").write_text("\n".join([*lines[:7], json.dumps(changed), *lines[8:]]) + "\n")
    seen.page.keyboard.press("e")
    seen.page.get_by_role("button", name="Export 120 frames").click()
    seen.page.get_by_role("alert").filter(has_text="has changed since the page was opened").wait_for()
    assert not list(site.downloads.glob("changed_exported_*"))
    seen.problems = [text for text in seen.problems if "400" not in text]


def test_a_cancelled_export_leaves_nothing(site: Site, visit: Visitor) -> None:
    run = site.run("cancelled", "bare")
    seen = visit().open(site.address, run.name)
    seen.page.keyboard.press("e")
    seen.page.get_by_role("button", name="Export 120 frames").click()
    hold_job()
    seen.page.get_by_role("complementary", name="Export").get_by_role("button", name="Cancel").click()
    seen.page.get_by_text("Cancelled; nothing was written.").wait_for()
    seen.page.reload()
    seen.open(site.address)
    assert not list(site.downloads.glob("cancelled_exported_*"))
    assert not list(site.downloads.glob(".cancelled_exported_*"))


def test_no_frame_no_export(site: Site, visit: Visitor) -> None:
    run = site.run("none")
    seen = visit().open(site.address, run.name)
    type_into(seen, "Sharpness, lower bound, as a number", "1000")
    assert seen.state()["kept"] == 0
    seen.page.keyboard.press("e")
    expect(seen.page.get_by_role("button", name="Export 0 frames")).to_be_disabled()
    seen.page.keyboard.press("Escape")
    seen.page.get_by_role("button", name="Kept").click()
    seen.page.get_by_role("button", name="Reset filters").click()
    assert seen.state()["kept"] == videos.FRAMES


def test_the_folder_can_be_chosen_and_a_wrong_one_is_refused(site: Site, visit: Visitor) -> None:
    run = site.run("placed")
    seen = visit().open(site.address, run.name)
    page = seen.page
    page.keyboard.press("e")
    folder = page.get_by_role("textbox", name="Folder")
    type_text(folder, "/etc/framesieve")
    page.get_by_role("button", name=f"Export {videos.FRAMES} frames").click()
    page.get_by_role("alert").filter(has_text="is not in the folder of runs").wait_for()
    seen.problems = [text for text in seen.problems if "422" not in text]
    type_text(folder, "best of <b>it</b>")
    page.get_by_role("button", name=f"Export {videos.FRAMES} frames").click()
    page.locator(".drawer .verdict.kept").wait_for()
    assert page.get_by_label("Written to").input_value() == str(site.downloads / "best of <b>it</b>")
    assert len(picture_numbers(site.downloads / "best of <b>it</b>")) == videos.FRAMES
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.get_by_role("button", name="Export again").click()
    page.get_by_role("textbox", name="Folder").wait_for()


def test_what_a_killed_export_left_is_swept_away(site: Site) -> None:
    from core.pipeline.export_folder import OWNER, remove_partial
    from core.store.run import RunDir

    run = RunDir(site.run("swept"))
    left = site.downloads / ".swept_exported_x.abc.partial"
    left.mkdir()
    (left / OWNER).write_text(str(run.path.absolute()))
    with run.lock():
        remove_partial(site.downloads / "swept_exported_x", run)
        assert left.exists()
    remove_partial(site.downloads / "swept_exported_x", run)
    assert not left.exists()


def test_a_folder_that_is_taken_is_not_resumed_and_not_kept_for_the_next_run(site: Site, visit: Visitor) -> None:
    run, other = site.run("taken"), site.run("next one")
    (site.downloads / "mine").mkdir()
    (site.downloads / "mine" / "letter.txt").write_text("mine")
    seen = visit().open(site.address, run.name)
    page = seen.page
    page.keyboard.press("e")
    type_text(page.get_by_role("textbox", name="Folder"), "mine")
    page.get_by_role("button", name=f"Export {videos.FRAMES} frames").click()
    page.locator(".drawer").get_by_role("alert").filter(has_text="not an empty folder").wait_for()
    page.locator("#jobs", has_text="failed").wait_for()
    assert page.locator("#jobs").get_by_role("button", name="Resume").count() == 0
    expect(page.get_by_role("textbox", name="Folder")).to_have_value("mine")
    page.locator(".pick").click()
    page.locator(".run", has_text=other.name).click()
    seen.settled("next one")
    page.get_by_role("button", name="Export", exact=False).last.click()
    expect(page.get_by_role("textbox", name="Folder")).to_have_value("")
    assert page.locator(".drawer").get_by_role("alert").count() == 0
