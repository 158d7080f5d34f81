"""What people do every day and no program would: press slowly or twice, let go elsewhere, act too early."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.pipeline.select import select
from core.settings.filter import FilterSettings
from core.store.run import RunDir
from core.store.table import load_table
from tests import videos
from tests.browser import WAIT_MS, Visit, press_slowly, type_text
from tests.serving import serving
from tests.ui.review import at_frame, cache_for, frame, open_tab, press, rests, settled
from tests.ui.site import Site, long_clip
from tests.ui.source import begin, ended, extract

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip whose extraction takes some seconds, and one to look at."""
    folder = tmp_path_factory.mktemp("media")
    long_clip(videos.build("h264-opengop"), folder / "long.mp4")
    clip = folder / "short.mp4"
    clip.write_bytes(videos.build("h264-25").read_bytes())
    cache_for(clip, [[(0, 0.9, 0.1, 0.1, 0.5, 0.5)]] * videos.FRAMES)
    return folder


@pytest.fixture(scope="module")
def served(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    downloads = tmp_path_factory.mktemp("person") / "downloads"
    with serving(downloads, "--root", str(media)) as address:
        yield address, downloads


# --- Video Source


def test_a_slow_press_on_a_button_that_is_drawn_anew_counts_and_a_double_click_is_one_extraction(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    address, downloads = served
    page = begin(visit(), address, str(media / "long.mp4"), "All frames")
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
    page.get_by_role("button", name="Extract & Analyze Frames").dblclick()
    page.locator(".latest tbody tr").nth(3).wait_for(timeout=WAIT_MS)
    page.locator("#jobs").get_by_role("button", name="Log").click()
    lines = page.locator("#job-drawer").get_by_role("listitem")
    assert lines.count() == 1
    press_slowly(lines.get_by_role("button", name="Cancel"))
    ended(page, "cancelled")
    press_slowly(lines.get_by_role("button", name="Resume"))
    page.locator(".live[data-state=running]").wait_for(timeout=WAIT_MS)
    page.locator("#job-drawer").get_by_role("button", name="Cancel").focus()
    page.keyboard.down(" ")
    page.wait_for_timeout(400)
    page.keyboard.up(" ")
    ended(page, "cancelled")
    assert len(list(downloads.glob("*/run.json"))) == 1


def test_enter_at_once_after_a_paste_and_a_wrong_path_that_is_mended(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    seen = visit()
    page = begin(seen, served[0], str(media / "shrt.mp4"))
    page.locator("#source-file .wrong[id] span").wait_for(timeout=WAIT_MS)
    box = page.get_by_label("URL, path or dropped file")
    box.press("End")
    for _ in range(len("rt.mp4")):
        box.press("ArrowLeft")
    page.keyboard.type("o")
    page.locator(".about-source", has_text="320 x 180").wait_for(timeout=WAIT_MS)
    expect(page.locator("#source-file .wrong[id]")).to_have_text("", use_inner_text=True)
    type_text(box, f'"{media / "long.mp4"}"')
    box.press("Enter")
    page.locator(".about-source", has_text="long.mp4").wait_for(timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Extract & Analyze Frames")).to_be_enabled()
    seen.problems[:] = [text for text in seen.problems if "status of 400" not in text]


def test_settings_that_are_changed_while_it_runs_are_those_of_the_next_one(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    page = begin(visit(), served[0], str(media / "short.mp4"), "Every Nth frame")
    type_text(page.get_by_label("One frame of every"), "60")
    extract(page)
    page.locator("#jobs", has_text="Extract short.mp4").wait_for(timeout=WAIT_MS)
    type_text(page.get_by_label("One frame of every"), "40")
    ended(page)
    expect(page.locator(".live .big")).to_have_text("2", use_inner_text=True)
    page.get_by_role("button", name="Extract & Analyze Frames").click()
    page.locator(".live .big", has_text=re.compile("^3$")).wait_for(timeout=WAIT_MS)


# --- Filtering & Export


def test_a_double_click_on_a_picture_enlarges_it_and_one_on_export_exports_once(site: Site, visit: Visitor) -> None:
    run = site.run("twice clicked")
    seen = visit().open(site.address, run.name)
    page = seen.page
    page.locator(".cell[data-ordinal='2'] .pic").dblclick()
    page.locator("img.full[data-shows='2']").wait_for(timeout=WAIT_MS)
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.get_by_role("button", name=f"Export {videos.FRAMES} frames").dblclick()
    page.locator(".drawer .verdict.kept").wait_for(timeout=WAIT_MS)
    assert len(list(site.downloads.glob("twice clicked_exported_*"))) == 1
    assert len(list(RunDir(run).jobs.glob("*.jsonl"))) == 1


def test_a_thumb_that_is_dragged_past_the_other_and_let_go_outside_the_window(site: Site, visit: Visitor) -> None:
    run = site.run("crossed")
    seen = visit().open(site.address, run.name)
    page = seen.page
    lower, upper = (page.get_by_label(f"Sharpness, {side} bound", exact=True) for side in ("lower", "upper"))
    box = lower.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 7, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=8)
    page.mouse.up()
    page.mouse.move(box["x"] + 7, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=8)
    page.mouse.move(-50, middle + 3000, steps=4)
    page.mouse.move(5000, -50, steps=4)
    page.mouse.up()
    filters = seen.filters()
    assert filters["min"]["sharpness"] <= filters["max"]["sharpness"]
    assert float(lower.input_value()) <= float(upper.input_value())
    kept = select(load_table(run), FilterSettings(min=filters["min"], max=filters["max"])).kept
    assert seen.state()["kept"] == len(kept)


def test_a_comma_in_a_number_and_a_click_elsewhere_while_it_is_typed(site: Site, visit: Visitor) -> None:
    run = site.run("comma")
    seen = visit().open(site.address, run.name)
    box = seen.page.get_by_label("Contrast, lower bound, as a number")
    box.click()
    seen.page.keyboard.type("12,5")
    seen.page.get_by_role("button", name="Kept").click()
    assert seen.filters()["min"] == {"contrast": 12.5}
    assert seen.state()["shown"] == seen.state()["kept"]


def test_keys_are_quicker_than_the_list_of_runs(site: Site, visit: Visitor) -> None:
    for name in ("run one", "run two", "run three"):
        site.run(name)
    seen = visit().open(site.address, "run two")
    seen.page.locator(".pick").focus()
    for key in ("Enter", "Home", "Enter"):
        seen.page.keyboard.press(key)
    seen.page.locator(".pick b", has_text=re.compile("^run two$")).wait_for(state="detached", timeout=WAIT_MS)
    first = seen.state()["run"]
    seen.page.locator(".pick").click()
    options = seen.page.get_by_role("option")
    assert options.first.locator("b").inner_text() == first
    press_slowly(options.filter(has_text="run three"))
    seen.settled("run three")


def test_the_list_of_runs_stays_under_the_mouse_when_it_is_read_anew(site: Site, visit: Visitor) -> None:
    for number in range(12):
        site.run(f"many {number:02d}")
    seen = visit().open(site.address, "many 11")
    page, options = seen.page, seen.page.locator("#runs [role=option]")
    page.locator(".pick").click()
    first = options.first.locator("b").inner_text()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    seen.settled(first)
    page.route("**/fs/runs", lambda route: (page.wait_for_timeout(500), route.continue_()))
    with page.expect_response("**/fs/runs"):
        page.locator(".pick").click()
        last = options.last
        last.hover()
        before = last.bounding_box()
    page.wait_for_timeout(100)
    assert last.bounding_box() == before
    name = last.locator("b").inner_text()
    last.click()
    seen.settled(name)


# --- the shell


def test_a_tab_that_is_clicked_before_the_page_is_there_stays_and_takes_the_keys(site: Site, visit: Visitor) -> None:
    run = site.run("early")
    seen = visit().open(site.address, run.name)
    page = seen.page
    page.get_by_role("tab", name="Video Source").click()
    seen.far()
    page.reload(wait_until="commit")
    page.get_by_role("tab", name="Filtering & Export").click()
    page.get_by_label("URL, path or dropped file").wait_for(state="attached", timeout=WAIT_MS)
    seen.settled(run.name)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Filtering & Export")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("x")
    assert seen.filters()["reject"] == [1]


# --- Live Review


def test_a_key_that_is_held_saves_once_and_a_drag_along_the_strip_ends_where_it_was_let_go(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    address, downloads = served
    page = open_tab(visit(), address, media, "short.mp4")
    for _ in range(5):
        page.keyboard.down("s")
    page.keyboard.up("s")
    settled(page)
    assert page.locator(".saved-strip .card").count() == 1
    strip = page.locator("canvas.track").bounding_box()
    middle = strip["y"] + strip["height"] / 2
    page.mouse.move(strip["x"] + 5, middle)
    page.mouse.down()
    page.mouse.move(strip["x"] + strip["width"] / 2, middle, steps=15)
    page.mouse.move(strip["x"] + strip["width"] + 300, middle + 200, steps=5)
    page.mouse.up()
    rests(page)
    assert frame(page) == videos.FRAMES - 1
    page.get_by_role("button", name="Save frame").click()
    page.keyboard.press(" ")  # the button has the focus: it is pressed again, and nothing plays
    settled(page)
    press(page, "Home")
    at_frame(page, 0)
    assert page.get_by_role("button", name="Play (Space)").is_visible()
    assert len(list((downloads / "hard_examples").glob("*.jpg"))) == 2
