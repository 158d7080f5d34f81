"""The player in a real browser: the picture on the screen and the number of the overlay are of one frame, always."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import videos
from tests.ui.conftest import Visit, serving
from tests.ui.review import STRIPE, choose, frame, go_to, numbers, open_tab, press, shows

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
SEEKS, SHOTS = 50, 15
PLAYED = ("h264-vfr", "h264-5994", "h264-onegop", "cut", "late-start-mkv", "rotated-90", "mirrored")
PROXIED = ("hevc-opengop", "avi-packed", "h264-10bit")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("counting")
    for name in (*PLAYED, *PROXIED):
        shutil.copy(videos.build(name), place)
    return place


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("reviewed") / "downloads", "--root", str(folder)) as found:
        yield found


@pytest.mark.parametrize("name", [*PLAYED, *PROXIED])
def test_the_picture_and_its_number_are_of_one_frame(address: str, folder: Path, visit: Visitor, name: str) -> None:
    variant = videos.VARIANTS[name]
    page = open_tab(visit(), address, folder)
    choose(page, variant.file)
    if name in PROXIED:
        page.get_by_role("button", name="Make a playable copy").click()
    shows(page)
    page.evaluate(STRIPE)
    wrong = []
    for wanted in np.random.default_rng(5).integers(0, len(variant.expected), SEEKS).tolist():
        go_to(page, wanted)
        picture, overlay = numbers(page.locator(".film").screenshot())
        if (picture, overlay) != (variant.expected[wanted], wanted):
            wrong.append((wanted, picture, overlay))
    assert not wrong, "after a seek"
    go_to(page, 0)
    area = page.locator(".film").bounding_box()
    page.keyboard.press("1")
    page.keyboard.press(" ")
    seen = set()
    for _ in range(SHOTS):
        picture, overlay = numbers(page.screenshot(clip=area))
        seen.add(overlay)
        if picture != variant.expected[overlay]:
            wrong.append((picture, overlay))
    assert not wrong, "while playing"
    assert len(seen) > 3


def test_ten_presses_in_a_burst_are_ten_frames(address: str, folder: Path, visit: Visitor) -> None:
    page = open_tab(visit(), address, folder, "h264-vfr.mp4")
    press(page, *["ArrowRight"] * 10)
    assert frame(page) == 10
    press(page, *["Shift+ArrowRight"] * 3, "ArrowLeft")
    assert frame(page) == 39
    page.evaluate(STRIPE)
    press(page, "End")
    assert numbers(page.locator(".film").screenshot()) == (119, 119)
    press(page, "ArrowRight", "Home")
    assert numbers(page.locator(".film").screenshot()) == (0, 0)


def test_a_video_that_cannot_be_opened_says_why_and_the_list_goes_on(visit: Visitor, tmp_path: Path) -> None:
    for broken in ("empty", "text", "sound-only", "no-index"):
        shutil.copy(videos.build_broken(broken), tmp_path)
    (tmp_path / "folder.mp4").mkdir()
    shutil.copy(videos.build_broken("torn-mp4"), tmp_path)
    shutil.copy(videos.build("h264-25"), tmp_path)
    with serving(tmp_path / "downloads", "--root", str(tmp_path)) as address:
        page = open_tab(visit(), address, tmp_path, "h264-25.mp4")
        told = {row.locator("b").inner_text(): row.get_attribute("title") for row in page.locator(".video").all()}
        assert "0 bytes" in told["empty.mp4"]
        assert "is not a video" in told["text.mp4"] or "no MP4" in told["text.mp4"]
        assert "no video stream" in told["sound-only.mp4"]
        assert "index is missing" in told["no-index.mp4"]
        assert "directory" in told["folder.mp4"]
        names = [row.locator("b").inner_text() for row in page.locator(".video").all()]
        assert names.index("h264-25.mp4") < names.index("empty.mp4")
        choose(page, "torn.mp4")
        shows(page)
        go_to(page, 20)
        assert frame(page) == 20
        page.goto("about:blank")  # before its server ends
