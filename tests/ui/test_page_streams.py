"""The page with files of several video streams, and what Chromium shows of the eight orientations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.store import run_file
from core.store.run import RunDir
from core.video.images import read_jpeg
from tests import videos
from tests.browser import Visit
from tests.orientations import EIGHT, FRAMES, in_bitstream, in_matroska, in_track
from tests.serving import serving
from tests.streams import OTHER, Kit
from tests.ui.review import choose, counting_cache, frame, go_to, number, numbers, open_tab, shows
from tests.ui.source import is_counted

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
WAIT_MS = 60_000


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "media"
    folder.mkdir()
    kit = Kit(folder)
    kit.joined("two.mkv", kit.other(), kit.film(), flags="-d")
    with serving(tmp_path / "downloads", "--root", str(folder)) as address:
        yield address, tmp_path


def named(page: Any, source: Path) -> Any:
    box = page.get_by_label("URL, path or dropped file")
    box.wait_for(timeout=WAIT_MS)
    box.click()
    page.keyboard.type(str(source))
    return page.get_by_label("Video stream")


def test_another_stream_is_chosen_by_keyboard_and_extracted(served: tuple[str, Path], visit: Visitor) -> None:
    address, home = served
    page = visit().page
    page.goto(address)
    streams = named(page, home / "media" / "two.mkv")
    streams.wait_for(timeout=WAIT_MS)
    assert streams.input_value() == "1"
    assert "320 x 180" in page.locator(".about-source").inner_text()
    assert "1 of 2" in page.locator(".about-source").inner_text()
    is_counted(page)  # what is known then is drawn once more
    box, card = streams.bounding_box(), page.locator(".side").bounding_box()
    assert box["x"] >= card["x"]
    assert box["x"] + box["width"] <= card["x"] + card["width"]
    assert page.locator(".about-source").evaluate("(node) => node.scrollWidth <= node.clientWidth")
    streams.focus()
    page.keyboard.press("ArrowUp")
    page.locator(".about-source", has_text="160 x 90").wait_for(timeout=WAIT_MS)
    assert page.get_by_label("Video stream").input_value() == "0"
    page.wait_for_function("document.activeElement.getAttribute('aria-label') === 'Video stream'", timeout=WAIT_MS)
    page.reload()
    page.locator(".about-source", has_text="160 x 90").wait_for(timeout=WAIT_MS)
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
    page.get_by_role("button", name="Extract & Analyze Frames").click()
    page.wait_for_selector(".live[data-state=done]", timeout=WAIT_MS)
    run = RunDir(home / "downloads" / "two_s0")
    assert run_file.read(run.run_json).video.stream_index == 0
    assert videos.read_number(read_jpeg(run.frame(0))) == OTHER
    page.get_by_role("button", name="Open in Filtering").click()
    page.locator("#filter .pane[aria-busy=false]").wait_for(timeout=WAIT_MS)
    page.get_by_role("tab", name="Live Review").click()
    page.get_by_role("button", name="Show the video of the run").click()
    page.get_by_role("button", name="Make a playable copy").click()
    shows(page)
    for wanted in (9, 3):
        go_to(page, wanted)
        assert (number(page.locator(".film").screenshot()), frame(page)) == (OTHER + wanted, wanted)


def test_a_file_of_one_film_offers_no_choice(served: tuple[str, Path], visit: Visitor) -> None:
    address, home = served
    page = visit().page
    page.goto(address)
    streams = named(page, home / "media" / "film.mp4")
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
    assert streams.count() == 0


def test_chromium_shows_the_eight_orientations_and_our_copy_of_the_others(
    serve: Callable[..., str], tmp_path: Path, visit: Visitor
) -> None:
    folder = tmp_path / "turned"
    folder.mkdir()
    films: dict[str, bool] = {}
    """Name -> whether it is mirrored."""
    for turn, mirrored in EIGHT:
        name = f"t{turn}{'m' if mirrored else ''}"
        films[in_track(folder / f"{name}.mp4", turn, mirrored).name] = mirrored
        if mirrored:
            films[in_matroska(folder / f"{name}k.mp4", turn, mirrored).name] = mirrored
            (folder / f"{name}k.mp4").unlink()
    copied = in_bitstream(folder / "sei.mp4", 90, True).name
    for name, mirrored in (films | {copied: True}).items():
        counting_cache(folder / name, FRAMES, mirrored)
    page = open_tab(visit(), serve(tmp_path / "downloads", "--root", str(folder)), folder)
    for name in (*films, copied):
        choose(page, name)
        if name == copied:
            page.get_by_role("button", name="Make a playable copy").click()
        page.locator(".video.on", has_text=name).wait_for(timeout=WAIT_MS)
        shows(page)
        for wanted in (7, 0, 11):
            go_to(page, wanted)
            assert numbers(page.locator(".film").screenshot()) == (wanted, wanted), name
