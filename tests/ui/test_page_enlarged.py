"""The enlarged frame in a real browser: zoomed and moved by mouse and keys, and beside others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from core.pipeline.select import select
from core.settings.filter import FilterSettings
from core.store.run import RunDir
from core.store.table import load_table
from tests import videos
from tests.browser import Visit
from tests.ui.site import Site

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]


def opened(site: Site, visit: Visitor, name: str, *keys: str) -> Visit:
    """The first frame of a run, enlarged; then these keys."""
    seen = visit().open(site.address, site.run(name).name)
    seen.page.get_by_role("listbox", name="Frames").focus()
    seen.page.keyboard.press("Enter")
    seen.page.locator("img.full[data-shows='0']").wait_for()
    for key in keys:
        seen.page.keyboard.press(key)
    return seen


def boxes(page: Any) -> list[dict[str, float]]:
    return [picture.bounding_box() for picture in page.locator("img.full").all()]


def under(page: Any, x: float, y: float, nth: int = 0) -> tuple[float, float]:
    """Which place of the picture, as shares of it, lies at a place of the window."""
    box = boxes(page)[nth]
    return (x - box["x"]) / box["width"], (y - box["y"]) / box["height"]


def percent(page: Any) -> str:
    return str(page.locator(".percent").inner_text())


def test_click_wheel_keys_and_dragging_move_the_picture_as_a_hand_would(site: Site, visit: Visitor) -> None:
    page = opened(site, visit, "zoomed").page
    whole = boxes(page)[0]
    width = page.locator("img.full").evaluate("picture => picture.naturalWidth")
    room = page.locator(".view").bounding_box()
    x, y = room["x"] + 0.3 * room["width"], room["y"] + 0.4 * room["height"]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -600)
    page.locator(".view.zoomed").wait_for()
    larger = boxes(page)[0]
    assert larger["width"] > 1.5 * whole["width"]
    assert percent(page) == f"{round(100 * larger['width'] / width)} %"
    stays = under(page, x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 30, steps=4)
    page.mouse.up()
    assert under(page, x - 60, y - 30) == pytest.approx(stays, abs=0.01)
    assert boxes(page)[0]["width"] == larger["width"]  # letting go is no click
    for _ in range(12):
        page.keyboard.press("<")
    page.locator(".view:not(.zoomed)").wait_for()
    assert boxes(page)[0] == whole
    page.mouse.click(x, y)
    page.locator(".view.zoomed").wait_for()
    assert percent(page).split()[0] in ("100", "200", "400", "800")
    page.keyboard.press("ArrowRight")
    page.locator("img.full[data-shows='1']").wait_for()
    assert boxes(page)[0]["width"] > whole["width"]  # the next frame at the same place
    page.mouse.click(x, y)
    page.locator(".view:not(.zoomed)").wait_for()
    page.keyboard.press(">")
    page.locator(".view.zoomed").wait_for()
    page.get_by_role("button", name="100 %").click()
    page.locator(".percent", has_text="100 %").wait_for()
    assert boxes(page)[0]["width"] == width


def test_a_picture_that_cannot_be_shown_leaves_its_sentence_alone(site: Site, visit: Visitor) -> None:
    run = RunDir(site.run("gone", "bare"))
    values = json.loads(run.run_json.read_text())
    values["video"]["path"] = str(run.path / "gone.mp4")
    run.run_json.write_text(json.dumps(values))
    seen = visit().open(site.address, "gone")
    page = seen.page
    page.get_by_role("listbox", name="Frames").focus()
    page.keyboard.press("Enter")
    page.locator(".view .pending", has_text="cannot be read").wait_for()
    page.locator("img.full").wait_for(state="hidden")  # no torn picture, as browsers draw it
    page.locator("#filter .pane").wait_for()
    seen.problems = [one for one in seen.problems if "status of 400" not in one]


def test_frames_side_by_side_are_zoomed_together_and_keys_act_on_one(site: Site, visit: Visitor) -> None:
    seen = opened(site, visit, "beside", "b")
    page = seen.page
    page.locator("img.full[data-shows='1']").wait_for()
    page.keyboard.press("b")
    page.locator("img.full[data-shows='3']").wait_for()
    for _ in range(5):
        page.keyboard.press(">")
    page.locator(".view.zoomed").nth(3).wait_for()
    sizes = {(round(box["width"]), round(box["height"])) for box in boxes(page)}
    assert len(sizes) == 1
    room = page.locator(".view").nth(2).bounding_box()
    x, y = room["x"] + room["width"] / 2, room["y"] + room["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 20, steps=4)
    page.mouse.up()
    seen_at = []
    for nth in range(4):
        room = page.locator(".view").nth(nth).bounding_box()
        seen_at.append(under(page, room["x"] + room["width"] / 2, room["y"] + room["height"] / 2, nth))
    assert seen_at == [pytest.approx(seen_at[0], abs=0.005)] * 4
    page.keyboard.press("2")
    page.locator(".facts-side h2", has_text="Frame 1").wait_for()
    page.keyboard.press("x")
    assert seen.filters()["reject"] == [1]
    page.locator(".view", has_text="Rejected").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator("img.full[data-shows='4']").wait_for()  # 2 and 3 stand beside it
    page.keyboard.press("b")
    page.locator(".view").nth(1).wait_for(state="detached")
    expect(page.locator(".facts-side h2")).to_have_text("Frame 4", use_inner_text=True)


def test_the_selected_frames_are_those_side_by_side(site: Site, visit: Visitor) -> None:
    seen = visit().open(site.address, site.run("chosen").name)
    page = seen.page
    page.get_by_role("listbox", name="Frames").focus()
    for key in ("ArrowRight", " ", "ArrowRight", "ArrowRight", "ArrowRight", " ", "b"):
        page.keyboard.press(key)
    page.locator("img.full[data-shows='1']").wait_for()
    page.locator("img.full[data-shows='4']").wait_for()
    assert page.locator(".view").count() == 2
    assert page.locator(".numbers thead th").all_inner_texts() == ["Frame", "1", "4"]
    page.keyboard.press("Escape")
    page.locator("img.full").wait_for(state="hidden")


def test_near_duplicates_fold_under_the_best_of_them_with_its_count(site: Site, visit: Visitor) -> None:
    run = site.run("stacked")
    seen = visit().open(site.address, run.name)
    page = seen.page
    page.get_by_label("Remove near-duplicates").check()
    seen.settled()
    chosen = select(load_table(run), FilterSettings(dedup=5))
    best = int(chosen.duplicate_of[chosen.duplicate_of >= 0][0])
    page.get_by_role("listbox", name="Frames").focus()
    page.keyboard.press("g")
    page.get_by_role("button", name="Stacks", pressed=True).wait_for()
    assert seen.state()["shown"] == int((chosen.duplicate_of < 0).sum())
    stack = page.locator(f".cell.stack[data-ordinal='{best}']")
    expect(stack.locator(".copies")).to_have_text(str(int((chosen.duplicate_of == best).sum())), use_inner_text=True)
    assert page.locator(".cell.stack:not([hidden])").count() == page.locator(".copies:visible").count()
    page.reload()
    seen.open(site.address)
    assert seen.state()["shown"] == int((chosen.duplicate_of < 0).sum())
    stack.locator(".copies").click()
    assert seen.state()["shown"] == int((chosen.duplicate_of == best).sum()) + 1
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stacks").click()
    assert seen.state()["shown"] == videos.FRAMES
