"""The player in a real browser: the picture on the screen and the number of the overlay are of one frame, always."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import videos
from tests.browser import WAIT_MS, Visit, visiting
from tests.serving import serving
from tests.ui.review import choose, counting_cache, frame, go_to, numbers, open_tab, press, shows

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
SHORT, LONG = (16, 12), (200, 60)
"""Seeks, and pictures that are taken while it plays."""
PLAYED = ("h264-vfr", "h264-5994", "h264-onegop", "cut", "late-start-mkv", "rotated-90", "mirrored")
PROXIED = ("hevc-opengop", "avi-packed", "h264-10bit")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("counting")
    for name in (*PLAYED, *PROXIED):
        film = Path(shutil.copy(videos.build(name), place))
        counting_cache(film, len(videos.VARIANTS[name].expected), mirrored=name == "mirrored")
    return place


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("reviewed") / "downloads", "--root", str(folder)) as found:
        yield found


@pytest.fixture(scope="module")
def page(address: str, folder: Path, chromium: Any) -> Iterator[Any]:
    """One tab, in which one video is looked at after the other."""
    with visiting(chromium) as start:
        yield open_tab(start(), address, folder)


@pytest.mark.parametrize(("seeks", "shots"), [SHORT, pytest.param(*LONG, marks=pytest.mark.long)], ids=str)
@pytest.mark.parametrize("name", [*PLAYED, *PROXIED])
def test_the_picture_and_its_number_are_of_one_frame(page: Any, name: str, seeks: int, shots: int) -> None:
    variant = videos.VARIANTS[name]
    choose(page, variant.file)
    page.locator(".video.on", has_text=variant.file).wait_for(timeout=WAIT_MS)
    copies = page.get_by_role("button", name="Make a playable copy")
    if name in PROXIED:
        copies.or_(page.locator(".film:visible")).first.wait_for(timeout=WAIT_MS)
        if copies.is_visible():  # the copy of an earlier test is taken again
            copies.click()
    shows(page)
    wrong = []
    for wanted in np.random.default_rng(5).integers(0, len(variant.expected), seeks).tolist():
        go_to(page, wanted)
        found = (*numbers(page.locator(".film").screenshot()), frame(page))
        if found != (variant.expected[wanted], wanted, wanted):
            wrong.append((wanted, *found))
    assert not wrong, "after a seek"
    go_to(page, 0)
    area = page.locator(".film").bounding_box()
    page.keyboard.press("1")
    page.keyboard.press(" ")
    seen = set()
    for _ in range(shots):
        picture, boxes = numbers(page.screenshot(clip=area))
        seen.add(boxes)
        if boxes < 0 or picture != variant.expected[boxes]:
            wrong.append((picture, boxes))
    page.keyboard.press(" ")
    assert not wrong, "while playing"
    assert len(seen) > 3


def test_ten_presses_in_a_burst_are_ten_frames(address: str, folder: Path, visit: Visitor) -> None:
    page = open_tab(visit(), address, folder, "h264-vfr.mp4")
    press(page, *["ArrowRight"] * 10)
    assert frame(page) == 10
    press(page, *["Shift+ArrowRight"] * 3, "ArrowLeft")
    assert frame(page) == 39
    press(page, "End")
    assert numbers(page.locator(".film").screenshot()) == (119, 119)
    press(page, "ArrowRight", "Home")
    assert numbers(page.locator(".film").screenshot()) == (0, 0)


def test_a_video_that_cannot_be_opened_says_why_and_the_list_goes_on(
    serve: Callable[..., str], visit: Visitor, tmp_path: Path
) -> None:
    for broken in ("empty", "text", "sound-only", "no-index"):
        shutil.copy(videos.build_broken(broken), tmp_path)
    (tmp_path / "folder.mp4").mkdir()
    shutil.copy(videos.build_broken("torn-mp4"), tmp_path)
    shutil.copy(videos.build("h264-25"), tmp_path)
    address = serve(tmp_path / "downloads", "--root", str(tmp_path))
    page = open_tab(visit(), address, tmp_path, "h264-25.mp4")
    told = {row.locator("b").inner_text(): row.get_attribute("title") for row in page.locator(".video").all()}
    assert "0 bytes" in told["empty.mp4"]
    assert "is not a video" in told["text.mp4"] or "no MP4" in told["text.mp4"]
    assert "no video stream" in told["sound-only.mp4"]
    assert "index is missing" in told["no-index.mp4"]
    assert "is a folder" in told["folder.mp4"]
    names = [row.locator("b").inner_text() for row in page.locator(".video").all()]
    assert names.index("h264-25.mp4") < names.index("empty.mp4")
    choose(page, "torn.mp4")
    shows(page)
    go_to(page, 20)
    assert frame(page) == 20
