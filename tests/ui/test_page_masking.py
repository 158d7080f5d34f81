"""Subject Masking in a real browser: points at source pixels, box, undo, keys, saving, revisiting, cuts, two tabs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.store import cuts
from tests.browser import Visit, type_text
from tests.ui.masking import RUN, TAB, TILE, WAIT_MS, at, click, drag, drawn, edit, notes, open_tab, saved
from tests.ui.site import Site

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
SHOTS = [[0, 40], [40, 80], [80, 120]]
WHOLE = """(tile) => {
    tile.scrollIntoView({ block: "center" });
    const { left, top, width, height } = tile.getBoundingClientRect();
    const isSeen = (y) => tile.contains(document.elementFromPoint(left + width / 2, top + y));
    return height > 80 && [8, height / 2, height - 8].every(isSeen);
}"""
"""Whether nothing covers a tile, at its top, middle and bottom."""


@pytest.fixture
def run(site: Site) -> Path:
    path = site.run(RUN)
    (path / "shots.json").write_text(json.dumps(SHOTS))
    return path


@pytest.fixture
def page(site: Site, run: Path, visit: Visitor) -> Any:
    return open_tab(visit(), site.address, RUN)


def state(page: Any) -> str:
    return str(page.locator(".shot_board .state").inner_text())


def wheel(page: Any, by: float) -> None:
    """Turns the wheel over the canvas, and waits until it is zoomed."""
    before = page.locator(".point_canvas .paper").get_attribute("style")
    page.mouse.wheel(0, by)
    zoomed = "(before) => document.querySelector('.point_canvas .paper').getAttribute('style') !== before"
    page.wait_for_function(zoomed, arg=before, timeout=WAIT_MS)


def size(page: Any) -> tuple[int, int]:
    found = page.locator(".point_canvas img.frame").evaluate("(e) => [e.naturalWidth, e.naturalHeight]")
    return found[0], found[1]


def test_points_are_kept_at_the_pixel_that_was_clicked(page: Any, run: Path) -> None:
    edit(page, 0)
    width, height = size(page)
    wanted = [(0, 0), (width - 1, height - 1), (width // 3, height // 2), (17, height - 5)]
    for x, y in wanted[:3]:
        click(page, x, y)
    click(page, *wanted[3], button="right")
    page.keyboard.press("Enter")
    saved(page)
    note = notes(run).note(0)
    assert note is not None
    [prompt] = note.prompts
    assert [tuple(map(int, point)) for point in prompt.points] == wanted, "in pixels of the source, also at the corners"
    assert prompt.labels == (1, 1, 1, 0)
    assert "Shot 1" in page.locator(".point_canvas h2").inner_text(), "on to the next shot without points"
    page.keyboard.press("Escape")
    assert "1 of 3 shots annotated" in state(page)


def test_points_are_as_exact_where_the_picture_is_zoomed_and_moved(page: Any, run: Path) -> None:
    edit(page, 0)
    width, height = size(page)
    page.mouse.move(*at(page, width // 2, height // 2))
    for _ in range(3):
        wheel(page, -300)
    wanted = [(width // 2 + 3, height // 2 - 2), (width // 2 - 4, height // 2 + 5)]
    for x, y in wanted:
        click(page, x, y)
    page.keyboard.down("Shift")
    drag(page, wanted[0], (wanted[0][0] + 6, wanted[0][1] + 4))
    page.keyboard.up("Shift")
    click(page, *wanted[1])
    page.keyboard.press("f")
    page.keyboard.press("s")
    saved(page)
    [prompt] = notes(run).note(0).prompts  # type: ignore[union-attr]
    assert [tuple(map(int, point)) for point in prompt.points] == [*wanted, wanted[1]]
    assert prompt.box is None, "Shift and dragging moves the picture"


def test_a_box_is_dragged_and_objects_are_told_apart(page: Any, run: Path) -> None:
    edit(page, 1)
    drag(page, (10, 20), (59, 79))
    page.keyboard.press("2")
    click(page, 100, 50)
    page.get_by_label("Object", exact=True).select_option("1")
    page.keyboard.press("e")
    click(page, 30, 30)
    page.keyboard.press("Enter")
    saved(page)
    first, second = notes(run).note(40).prompts  # type: ignore[union-attr]
    assert first.box == (10, 20, 60, 80), "the last pixel is within"
    assert (first.points, first.labels) == (((30, 30),), (0,))
    assert (second.object_id, second.points, second.labels) == (2, ((100, 50),), (1,))


def test_undo_redo_and_reset_are_of_the_keyboard_too(page: Any, run: Path) -> None:
    edit(page, 0)
    for x in (10, 20, 30):
        click(page, x, 15)
    page.keyboard.press("z")
    page.keyboard.press("z")
    page.keyboard.press("Shift+Z")
    page.keyboard.press("s")
    saved(page)
    assert [point[0] for point in notes(run).note(0).prompts[0].points] == [10, 20]  # type: ignore[union-attr]
    page.keyboard.press("r")
    page.get_by_role("button", name="Undo").click()
    page.keyboard.press("s")
    saved(page)
    assert len(notes(run).note(0).prompts[0].points) == 2  # type: ignore[union-attr]
    page.keyboard.press("r")
    page.keyboard.press("s")
    saved(page)
    assert notes(run).note(0) is None, "nothing is said of it any more"


def test_what_was_saved_is_there_again_and_what_was_not_too(page: Any, run: Path, site: Site) -> None:
    edit(page, 0)
    click(page, 12, 34)
    page.keyboard.press("Enter")
    saved(page)
    drawn(page)
    click(page, 56, 78)
    page.keyboard.press("[")
    drawn(page)
    assert page.evaluate("framesieve.masking.masking.prompts.at(0)[0].points") == [[12, 34]]
    page.keyboard.press("Escape")
    assert "1 of 3 shots annotated, 1 not saved" in state(page)
    page.reload()
    page.locator(TILE).first.wait_for(timeout=WAIT_MS)
    page.wait_for_function("document.querySelector('.shot_board .state').textContent.includes('1 not saved')")
    edit(page, 1)
    page.keyboard.press("Enter")
    saved(page)
    assert notes(run).note(40).prompts[0].points == ((56, 78),)  # type: ignore[union-attr]


def test_a_correction_stays_on_its_frame(page: Any, run: Path) -> None:
    edit(page, 0)
    click(page, 10, 10)
    page.keyboard.press("s")
    saved(page)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    drawn(page)
    click(page, 20, 20)
    page.keyboard.press("s")
    saved(page)
    note = notes(run).note(0)
    assert note is not None
    assert note.prompt_frame == 0
    assert [(p.frame, p.points) for p in note.prompts] == [(0, ((10, 10),)), (3, ((20, 20),))]


def test_enter_without_points_says_what_to_do(page: Any, run: Path) -> None:
    edit(page, 0)
    before = page.locator(".point_canvas .stage").bounding_box()
    page.keyboard.press("Enter")
    page.locator(".point_canvas .error", has_text="Place a point on the subject first").wait_for()
    assert page.locator(".point_canvas .stage").bounding_box() == before, "the picture keeps its size"
    assert notes(run).notes == ()


def test_the_frame_shown_is_the_frame_that_is_said(page: Any, run: Path) -> None:
    from tests.videos import read_number

    edit(page, 1)
    for key, frame in (("End", 79), ("ArrowLeft", 78), ("Home", 40), ("PageDown", 50)):
        page.keyboard.press(key)
        drawn(page)
        source = page.locator(".point_canvas img.frame").get_attribute("src")
        assert f"/frame/{frame}" in source
        picture = decoded(page.request.get(source).body())
        assert read_number(picture) == frame
        assert f"frame {frame}" in page.locator(".of-shot").inner_text()


def decoded(data: bytes) -> Any:
    from core.video import images

    return images.decode_jpeg(data) if data[:2] == b"\xff\xd8" else images.decode(data)


def test_cuts_are_made_and_taken_away_and_points_go_with_their_frames(page: Any, run: Path) -> None:
    edit(page, 1)
    click(page, 10, 10)
    page.keyboard.press("s")
    saved(page)
    page.keyboard.press("PageDown")
    drawn(page)
    page.keyboard.press("c")
    saved(page)
    assert page.locator(".of-shot").inner_text().startswith("of 4")
    found = cuts.read(run / "cuts.json")
    assert found is not None
    assert found.shots(120) == [(0, 40), (40, 50), (50, 80), (80, 120)]
    assert notes(run).note(40).end == 50  # type: ignore[union-attr]
    page.get_by_role("button", name="Join with the shot before").click()
    saved(page)
    assert notes(run).note(40).end == 80  # type: ignore[union-attr]
    assert page.locator(".of-shot").inner_text().startswith("of 3")


@pytest.mark.parametrize("heard", [True, False])
def test_two_tabs_do_not_overwrite_each_other_unasked(page: Any, run: Path, site: Site, heard: bool) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.locator(TILE).first.wait_for(timeout=WAIT_MS)
    edit(page, 0)
    if not heard:
        page.evaluate("Object.assign(framesieve.masking.masking.siblings, { postMessage: () => null }).close()")
    click(page, 10, 10)
    other.bring_to_front()
    edit(other, 0)
    click(other, 50, 50)
    other.keyboard.press("s")
    saved(other)
    page.bring_to_front()
    if heard:
        page.wait_for_function("framesieve.masking.masking.subject.shots[0].revision > 0", timeout=WAIT_MS)
    page.keyboard.press("s")
    keep = page.get_by_role("button", name="Keep mine")
    keep.wait_for(timeout=WAIT_MS)
    assert notes(run).note(0).prompts[0].points == ((50, 50),)  # type: ignore[union-attr]
    keep.click()
    saved(page)
    assert notes(run).note(0).prompts[0].points == ((10, 10),)  # type: ignore[union-attr]
    other.close()


def test_maskers_that_cannot_run_are_listed_with_the_reason(page: Any) -> None:
    cards = page.locator("#masking-masker")
    for name in ("SAM2", "YOLO segmentation"):
        card = cards.locator("label", has_text=name)
        expect(card).to_contain_text("has no weights yet", use_inner_text=True)
    edit(page, 0)
    click(page, 10, 10)
    said = page.locator("#masking-state", has_text="points can be placed and saved all the same")
    said.wait_for(timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Process all")).to_be_disabled()


def test_weights_that_are_not_there_are_said_beside_their_box(page: Any) -> None:
    box = page.locator("#masking-weights input")
    type_text(box, "/nowhere/sam2.pt")
    box.press("Enter")
    wrong = page.locator("#masking-weights-wrong .error", has_text="no weights at /nowhere/sam2.pt")
    wrong.wait_for(timeout=WAIT_MS)


def test_the_tab_has_an_address_and_a_folder_of_segments_too(page: Any, site: Site, visit: Visitor) -> None:
    page.wait_for_url(re.compile(r"#masking&run=[0-9a-f]{32}$"), timeout=WAIT_MS)
    box = page.get_by_label("Folder of segments", exact=True)
    type_text(box, "/etc")
    box.press("Enter")
    page.locator(".shot_board .error", has_text="not in an allowed folder").wait_for(timeout=WAIT_MS)
    assert "#masking=/etc" in page.url
    page.go_back()
    page.locator(TILE).first.wait_for(timeout=WAIT_MS)
    expect(page.get_by_role("tab", name=TAB)).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("size", [(390, 844), (640, 360), (768, 1024), (853, 480), (1600, 1000)])
def test_tiles_are_seen_whole_in_every_window(page: Any, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    tile = page.locator(TILE).last
    tile.locator("img").wait_for(timeout=WAIT_MS)
    page.wait_for_function(WHOLE, arg=tile.element_handle(), timeout=WAIT_MS)
