"""Damaged films in the page: what is missing is said before and after, and a picture is never called undecodable."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.store import jsonl
from tests import videos
from tests.browser import Visit
from tests.serving import serving
from tests.ui.source import begin, ended, extract, run_of

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
Served = tuple[str, Path, Path]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A page, its folder of runs, and a folder with three films: cut off in two ways, and damaged inside."""
    media = tmp_path / "media"
    media.mkdir()
    for name in ("torn-mp4", "torn-mkv", "flipped-mp4"):
        shutil.copy(videos.build_broken(name), media)
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        yield address, tmp_path / "downloads", media


@pytest.mark.parametrize(
    ("name", "promise"),
    [
        ("torn.mp4", "This file was cut off: its index promises 120 frames, 50 of them lie beyond the end of the file"),
        ("torn.mkv", "This file was cut off: its header promises 4.80 s, it holds"),
    ],
)
def test_a_file_that_was_cut_off_says_so_before_and_after(
    served: Served, visit: Visitor, name: str, promise: str
) -> None:
    address, _, media = served
    page = begin(visit(), address, str(media / name), "Every Nth frame")
    page.wait_for_selector(".about-source .cut-off")
    expect(page.locator(".about-source .cut-off")).to_contain_text(promise, use_inner_text=True)
    extract(page)
    ended(page)
    page.wait_for_selector(".results .cut-off")
    expect(page.locator(".results .cut-off")).to_contain_text(promise, use_inner_text=True)
    page.get_by_role("button", name="Log").first.click()
    expect(page.locator("body")).to_contain_text(promise[1:], use_inner_text=True)


def test_what_decodes_with_damage_is_not_called_undecodable(served: Served, visit: Visitor) -> None:
    address, downloads, media = served
    page = begin(visit(), address, str(media / "flipped-mp4.mp4"), "All frames")
    extract(page)
    ended(page)
    page.wait_for_selector(".results .facts-list")
    assert page.locator(".cut-off").count() == 0
    records = list(jsonl.read(run_of(downloads).metadata))
    lost = sum(r["error"] is not None and r["quality_score"] is None for r in records)
    spoilt = sum(r["error"] is not None and r["quality_score"] is not None for r in records)
    facts = dict(zip(*[page.locator(f".results {tag}").all_inner_texts() for tag in ("dt", "dd")], strict=True))
    assert facts.get("Could not be decoded", "0") == str(lost)
    assert facts["Decoded with damage"] == str(spoilt) != "0"
