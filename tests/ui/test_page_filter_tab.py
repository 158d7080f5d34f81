"""Filtering & Export in a real browser: what is shown is what ``select`` keeps, and nothing of it gets lost."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.pipeline.select import digest, select
from core.settings.filter import FilterSettings
from core.settings.model import from_mapping
from core.store import jsonl, run_file, selection
from core.store.run import RunDir
from core.store.table import load_table
from tests import videos
from tests.browser import WAIT_MS, Visit, choose, drag_slider, type_into, type_text
from tests.machine import ROOT
from tests.ui.site import NAUGHTY, Site, middle_of, read, synthetic_run

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]


def digest_of(run: Path, filters: dict[str, Any]) -> str:
    return digest(select(load_table(run), from_mapping(FilterSettings, filters)).kept)


def drag(visit: Visit, name: str, share: float) -> None:
    """Moves the thumb of a slider with the mouse, in steps."""
    slider = visit.page.get_by_label(name, exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    start = box["x"] + (7 if "lower" in name else box["width"] - 7)
    middle = box["y"] + box["height"] / 2
    visit.page.mouse.move(start, middle)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 7 + (box["width"] - 14) * share, middle, steps=8)
    visit.page.mouse.up()


@pytest.mark.parametrize(
    ("size", "dark"), [("1280x720", False), ("1280x720", True), ("1600x1000", False), ("1600x1000", True)]
)
def test_dragged_sliders_show_what_select_keeps(site: Site, visit: Visitor, size: str, dark: bool) -> None:
    run = site.run(f"drag-{size}-{dark}")
    seen = visit(size, dark).open(site.address, run.name)
    before = seen.state()
    assert before["kept"] == before["shown"] == videos.FRAMES
    drag(seen, "Sharpness, lower bound", 0.4)
    drag(seen, "Entropy, upper bound", 0.8)
    after, filters = seen.state(), seen.filters()
    assert 0 < after["kept"] < videos.FRAMES
    assert set(filters["min"]) == {"sharpness"}
    assert set(filters["max"]) == {"entropy"}
    assert after["digest"] == digest_of(run, filters)
    assert selection.read(RunDir(run).selection).digest == after["digest"]
    assert seen.page.evaluate("document.body.classList.contains('dark')") is dark
    assert fits(seen)


def fits(visit: Visit) -> bool:
    """Nothing makes the page itself scroll, and no button is cut off."""
    return bool(
        visit.page.evaluate(
            """() => {
              const root = document.scrollingElement, wide = innerWidth + 1, high = innerHeight + 1;
              const parts = [...document.querySelectorAll('.toolbar > *, .selbar > *, #top button')];
              const boxes = parts.filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect());
              const inside = boxes.every((box) => box.right < wide && box.bottom < high);
              return inside && root.scrollWidth < wide && root.scrollHeight < high;
            }"""
        )
    )


def test_every_other_filter_shows_what_select_keeps(site: Site, visit: Visitor) -> None:
    run = site.run("rules")
    seen = visit().open(site.address, run.name)
    page = seen.page
    page.get_by_label("Remove near-duplicates").check()
    assert seen.filters()["dedup"] == 5
    slider = page.get_by_role("slider", name="How alike")
    slider.focus()
    slider.press("ArrowRight")
    choose(page.get_by_label("Best by"), "Sharpness")
    middle = middle_of(run, "contrast")
    type_into(seen, "In all", "30")
    type_into(seen, "Of each window", "5")
    type_into(seen, "Contrast, lower bound, as a number", str(middle))
    filters = seen.filters()
    wanted = {"dedup": 6, "rank_by": "sharpness", "top": 30, "per_window": 5, "min": {"contrast": middle}}
    assert {name: filters[name] for name in wanted} == wanted
    assert seen.state()["digest"] == digest_of(run, filters)
    type_into(seen, "Keep at least", "25")
    assert seen.state()["digest"] == digest_of(run, seen.filters())
    top = page.get_by_label("In all", exact=True)
    top.click()
    top.press("End")
    top.press_sequentially(".5")
    page.get_by_text("A whole number is wanted.").wait_for()
    expect(top).to_have_attribute("aria-invalid", "true")
    assert seen.filters()["top"] == 30
    page.reload()
    seen.open(site.address)
    expect(page.get_by_label("In all", exact=True)).to_have_value("30")
    expect(page.get_by_role("slider", name="How alike")).to_have_value("6")


def test_reasons_are_counted_and_show_their_frames(site: Site, visit: Visitor) -> None:
    run = site.run("reasons")
    seen = visit().open(site.address, run.name)
    middle = middle_of(run, "contrast")
    type_into(seen, "Contrast, lower bound, as a number", str(middle))
    shown = seen.state()
    refused = select(load_table(run), FilterSettings(min={"contrast": middle})).counts()["contrast"]
    chip = seen.page.locator(".reasons .chip", has_text="contrast")
    assert chip.inner_text().split() == ["contrast", str(refused)]
    expect(seen.page.locator(".range-filter", has_text="Contrast").locator(".only")).to_have_text(
        f"\u2212{refused}", use_inner_text=True
    )
    chip.click()
    assert seen.state()["shown"] == refused == videos.FRAMES - shown["kept"]
    seen.page.keyboard.press("Escape")
    assert seen.state()["shown"] == videos.FRAMES
    seen.page.get_by_role("button", name="Kept").click()
    assert seen.state()["shown"] == shown["kept"]


def by_hand(seen: Visit) -> tuple[list[int], list[int]]:
    """The frames that are kept and those that are rejected by hand."""
    filters = seen.filters()
    return filters["keep"], filters["reject"]


def test_keys_keep_reject_undo_and_a_reload_keeps_it_all(site: Site, visit: Visitor) -> None:
    run = site.run("keys")
    seen = visit().open(site.address, run.name)
    keys = seen.page.keyboard
    seen.page.get_by_role("listbox", name="Frames").focus()
    for key in ("ArrowRight", "ArrowRight", "x", "ArrowRight", "Shift+ArrowRight", "x", "Escape", "Home", "k"):
        keys.press(key)
    assert by_hand(seen) == ([0], [2, 3, 4])
    keys.press("z")
    keys.press("z")
    assert by_hand(seen) == ([], [2])
    keys.press("Shift+z")
    assert by_hand(seen) == ([], [2, 3, 4])
    assert seen.state()["digest"] == digest_of(run, seen.filters())
    keys.press("End")
    keys.press("x")
    seen.page.reload()  # at once: less than the 250 ms of the autosave later
    seen.open(site.address)
    assert seen.state()["run"] == "keys"
    assert seen.filters()["reject"] == [2, 3, 4, videos.FRAMES - 1]
    assert selection.read(RunDir(run).selection).filters.reject == (2, 3, 4, videos.FRAMES - 1)


@pytest.mark.parametrize("of", ["files", "bare"])
def test_the_enlarged_picture_is_the_frame_that_it_is_called(site: Site, visit: Visitor, of: str) -> None:
    run = site.run(f"enlarged-{of}", of)
    seen = visit().open(site.address, run.name)
    seen.page.get_by_role("listbox", name="Frames").focus()
    seen.page.keyboard.press("Enter")
    for ordinal in range(0, 5):
        picture = seen.page.locator(f"img.full[data-shows='{ordinal}']")
        picture.wait_for()
        assert videos.read_number(seen.picture("img.full")) == ordinal
        expect(seen.page.locator(".facts-side h2")).to_have_text(f"Frame {ordinal}", use_inner_text=True)
        seen.page.keyboard.press("ArrowRight")
    seen.page.keyboard.press("Enter")
    seen.page.locator("img.full").wait_for(state="hidden")
    seen.page.keyboard.press("End")
    seen.page.keyboard.press("Enter")
    seen.page.locator(f"img.full[data-shows='{videos.FRAMES - 1}']").wait_for()
    assert videos.read_number(seen.picture("img.full")) == videos.FRAMES - 1
    seen.page.keyboard.press("x")
    assert seen.filters()["reject"] == [videos.FRAMES - 1]
    expect(seen.page.locator(".facts-side")).to_contain_text("Rejected, by hand", use_inner_text=True)


@pytest.mark.parametrize("of", ["files", "bare"])
def test_the_small_pictures_are_the_frames_below_them(site: Site, visit: Visitor, of: str) -> None:
    run = site.run(f"small-{of}", of)
    seen = visit("1600x1000").open(site.address, run.name)
    drag_slider(seen.page.get_by_label("Size of the pictures"), 320)
    seen.page.add_style_tag(content=".mark, .copies, .tick { display: none !important }")
    for top in (0, 1200, 1200):
        scroll(seen, top)
        seen.page.locator(".cell:not([hidden]):not(:has(.there))").first.wait_for(state="detached")
        cells = seen.page.evaluate(
            """() => {
              const grid = document.querySelector('.grid').getBoundingClientRect();
              const seen = (box) => box.top >= grid.top && box.bottom <= grid.bottom;
              const cells = [...document.querySelectorAll('.cell:not([hidden])')];
              return cells.filter((c) => seen(c.getBoundingClientRect())).map((c) => [c.id, Number(c.dataset.ordinal)]);
            }"""
        )
        assert cells
        for name, ordinal in cells:
            assert videos.read_number(seen.picture(f"#{name} .pic")) == ordinal


STANDS = """async (before) => {
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const grid = document.querySelector('.grid');
  let last;
  do { last = grid.scrollTop; await drawn(); } while (grid.scrollTop === before || grid.scrollTop !== last);
}"""
"""Resolves when the gallery has left the place where it was, and stands."""


def scroll(seen: Visit, by: int) -> None:
    """Scrolls the gallery by the wheel, and waits until it stands and is drawn."""
    seen.page.locator(".grid").hover()
    before = seen.page.locator(".grid").evaluate("(grid) => grid.scrollTop")
    if by:
        seen.page.mouse.wheel(0, by)
        seen.page.evaluate(STANDS, before)


def test_a_run_without_colours_says_that_hashes_decide_alone(site: Site, visit: Visitor) -> None:
    for name, old in (("of-today", False), ("of-before", True)):
        run = RunDir(site.run(name))
        if old:
            lines = [{k: v for k, v in line.items() if k != "colours"} for line in jsonl.read(run.metadata)]
            run.metadata.unlink()
            jsonl.append(run.metadata, lines)
        seen = visit().open(site.address, run.path.name)
        said = seen.page.get_by_text("hashes decide alone")
        assert not said.count() or not said.is_visible()
        seen.page.get_by_label("Remove near-duplicates").check()
        kept = select(load_table(run), FilterSettings(dedup=5)).kept
        assert seen.state()["kept"] == len(kept)
        assert (said.count() > 0 and said.is_visible()) == old


def test_duplicates_are_shown_as_groups(site: Site, visit: Visitor) -> None:
    run = site.run("groups")
    seen = visit().open(site.address, run.name)
    seen.page.get_by_label("Remove near-duplicates").check()
    seen.settled()
    chosen = select(load_table(run), FilterSettings(dedup=5))
    original = int(chosen.duplicate_of[chosen.duplicate_of >= 0][0])
    copies = int((chosen.duplicate_of == original).sum())
    seen.page.get_by_role("listbox", name="Frames").focus()
    for _ in range(original):
        seen.page.keyboard.press("ArrowRight")
    seen.page.keyboard.press("d")
    assert seen.state()["shown"] == copies + 1
    seen.page.keyboard.press("Escape")
    seen.page.get_by_label("Sort by").select_option("duplicates")
    first = [
        int(seen.page.locator(f".cell[aria-posinset='{place}']").get_attribute("data-ordinal")) for place in (1, 2)
    ]
    assert chosen.duplicate_of[first[0]] == -1
    assert chosen.duplicate_of[first[1]] == first[0]


def test_another_tab_is_not_overwritten_in_silence(site: Site, visit: Visitor) -> None:
    run = site.run("two-tabs")
    one = visit().open(site.address, run.name)
    other = visit(beside=one).open(site.address, run.name)
    one.page.keyboard.press("x")
    one.wait_saved()
    other.page.keyboard.press("ArrowRight")
    other.page.keyboard.press("x")
    other.page.get_by_role("alert").filter(has_text="changed elsewhere").wait_for()
    assert selection.read(RunDir(run).selection).filters.reject == (0,)
    other.page.get_by_role("button", name="Show theirs").click()
    assert other.filters()["reject"] == [0]


def test_names_are_text_whatever_they_mean(site: Site, visit: Visitor) -> None:
    run = site.run(NAUGHTY.replace("/", " "), NAUGHTY)
    site.run("plain")
    seen = visit().open(site.address, run.name)
    assert seen.page.locator(".pick b").inner_text() == run.name
    seen.page.locator(".pick").click()
    seen.page.get_by_role("option", name="plain").wait_for()
    assert run.name in seen.page.locator(".runs").inner_text()
    seen.page.keyboard.press("Escape")
    seen.page.keyboard.press("e")
    said = seen.page.locator("#export-view .facts-list dd").first.inner_text()
    assert said == f"{run.name}_exported_..."
    assert seen.page.evaluate("window.pwned") is None


def test_a_damaged_run_says_what_is_wrong_and_the_others_open(site: Site, visit: Visitor) -> None:
    broken, cut = site.run("broken"), site.run("cut")
    (broken / "run.json").write_text("{")
    with open(cut / "metadata.jsonl", "a") as file:
        file.write('{"frame_number": 1, "torn')
    seen = visit().open(site.address, "cut")
    assert seen.state()["kept"] == videos.FRAMES
    seen.page.locator(".pick").click()
    row = seen.page.get_by_role("option", name="broken")
    row.wait_for()
    assert "is not JSON" in row.inner_text()
    row.click(force=True)
    assert seen.page.locator(".pick b").inner_text() == "cut"


def test_a_run_of_another_shape_opens_with_all_its_columns(site: Site, visit: Visitor) -> None:
    run = synthetic_run(site.downloads / "many", 20_000, site.made / "bare")
    saved = run_file.read(RunDir(run).run_json)
    run_file.write(RunDir(run).run_json, dataclasses.replace(saved, digest="0"))
    seen = visit().open(site.address, "many")
    assert seen.page.get_by_role("group", name="Face distance").count() == 1
    type_into(seen, "Shots", "3-5, 9")
    assert seen.filters()["shots"] == [3, 4, 5, 9]
    assert seen.state()["kept"] == 1000
    drag(seen, "Face distance, upper bound", 0.5)
    shown = seen.state()
    assert 0 < shown["kept"] < 1000
    assert shown["digest"] == digest_of(run, seen.filters())
    cells = seen.page.locator(".cell").count()
    assert cells < 200


def test_presets_fill_the_filters_and_undo_takes_them_back(site: Site, visit: Visitor) -> None:
    run = site.run("with presets")
    seen = visit().open(site.address, run.name)
    page, before = seen.page, seen.filters()
    choose(page.locator("#filter").get_by_label("Preset", exact=True), "lora-portraits")
    shipped = read(ROOT / "presets" / "lora-portraits.json")["filter"]
    filters = seen.filters()
    assert {name: filters[name] for name in shipped} == shipped
    page.get_by_role("listbox", name="Frames").focus()
    page.keyboard.press("z")
    assert seen.filters() == before
    type_into(seen, "Contrast, lower bound, as a number", "3")
    bar = page.locator("#filter .presets")
    bar.get_by_role("button", name="Save").first.click()
    type_text(bar.get_by_label("Name of the preset"), "contrast only")
    bar.get_by_label("Name of the preset").press("Enter")
    bar.get_by_text("Saved as contrast only.").wait_for()
    assert read(site.downloads / ".presets" / "contrast only.json") == {
        "filter": {"min": {"contrast": 3}, "rank_by": "picture_score"}
    }
    bar.get_by_role("button", name="Delete").click()
    bar.get_by_text("contrast only is deleted.").wait_for()
    assert not (site.downloads / ".presets" / "contrast only.json").exists()


def keeps(seen: Visit, amount: int) -> None:
    """Waits until so many frames are kept."""
    said = re.compile(f"^{amount} of {videos.FRAMES} kept$")
    seen.page.locator("#filter .counts b", has_text=said).wait_for(timeout=WAIT_MS)


def test_number_boxes_act_while_typing_and_leave_what_is_typed_alone(site: Site, visit: Visitor) -> None:
    run = site.run("typed")
    seen = visit().open(site.address, run.name)
    top = seen.page.get_by_label("In all", exact=True)
    top.click()
    seen.page.keyboard.type("7")
    keeps(seen, 7)
    assert top.evaluate("(box) => box === document.activeElement")
    seen.page.keyboard.type("e")  # Chromium takes no other letter in a box for numbers
    seen.page.locator("#filter-top input[aria-invalid=true]").wait_for(timeout=WAIT_MS)
    assert top.evaluate("(box) => box.validity.badInput")
    assert seen.state()["kept"] == 7
    seen.page.keyboard.press("Backspace")
    seen.page.locator("#filter-top input[aria-invalid=true]").wait_for(state="detached", timeout=WAIT_MS)
    expect(top).to_have_value("7")
    share = seen.page.get_by_label("In all, share", exact=True)
    share.click()
    seen.page.keyboard.type("0.")
    keeps(seen, len(select(load_table(run), FilterSettings(top=7, top_percent=0)).kept))
    seen.page.keyboard.type("5")
    keeps(seen, len(select(load_table(run), FilterSettings(top=7, top_percent=0.5)).kept))
    seen.page.keyboard.press("Tab")
    expect(share).to_have_value("0.5")
    bound = seen.page.get_by_label("Contrast, lower bound, as a number")
    middle = str(middle_of(run, "contrast"))
    bound.click()
    seen.page.keyboard.type(middle)
    seen.page.locator(".reasons .chip", has_text="contrast").wait_for(timeout=WAIT_MS)
    expect(bound).to_have_value(middle)
    for _ in range(WAIT_MS // 50):  # the last digit acts a moment after the first ones
        filters = seen.filters()
        if filters["min"] == {"contrast": float(middle)}:
            break
        seen.page.wait_for_timeout(50)
    assert filters["min"] == {"contrast": float(middle)}
    assert seen.state()["digest"] == digest_of(run, filters)


def test_a_wrong_bound_stays_and_is_said_until_it_is_mended(site: Site, visit: Visitor) -> None:
    run = site.run("wrong bound")
    seen = visit().open(site.address, run.name)
    group = seen.page.get_by_role("group", name="Contrast", exact=True)
    low, high = (group.get_by_label(f"Contrast, {side} bound, as a number") for side in ("lower", "upper"))
    height = group.bounding_box()["height"]
    type_text(low, "much")
    low.press("Tab")
    alert = group.locator(".wrong-bound")  # its role is not seen while it is empty
    alert.filter(has_text="A number is wanted.").wait_for(timeout=WAIT_MS)
    high.press("Tab")
    seen.page.get_by_label("Remove near-duplicates").check()
    assert seen.filters()["dedup"] == 5
    assert (low.input_value(), low.get_attribute("aria-invalid")) == ("much", "true")
    assert group.bounding_box()["height"] == height
    low.press("Escape")
    assert (low.input_value(), alert.inner_text()) == ("", "")

    middle = middle_of(run, "contrast")
    type_text(high, str(middle))
    type_text(low, str(middle + 1))
    low.press("Tab")
    alert.filter(has_text="The lower bound must not be above the upper one.").wait_for(timeout=WAIT_MS)
    assert seen.filters()["min"] == {}
    type_text(high, str(middle + 2))
    high.press("Enter")
    alert.filter(has_not_text="bound").wait_for(state="attached", timeout=WAIT_MS)
    filters = seen.filters()
    assert (filters["min"], filters["max"]) == ({"contrast": middle + 1}, {"contrast": middle + 2})

    type_text(low, "-")
    low.press("Tab")
    alert.filter(has_text="A number is wanted.").wait_for(timeout=WAIT_MS)
    seen.page.locator("#filter .presets").get_by_role("button", name="Reset").click()
    alert.filter(has_not_text="number").wait_for(state="attached", timeout=WAIT_MS)
    assert (low.input_value(), high.input_value(), seen.filters()["max"]) == ("", "", {})


def test_a_histogram_folds_and_stays_folded(site: Site, visit: Visitor) -> None:
    run = site.run("folded")
    seen = visit().open(site.address, run.name)
    group = seen.page.get_by_role("group", name="Contrast")
    group.get_by_role("button", name="Contrast").click()
    group.locator(".hist").wait_for(state="hidden")
    expect(group.get_by_label("Contrast, lower bound, as a number")).to_be_visible()
    seen.page.reload()
    seen.open(site.address)
    group.get_by_role("button", name="Contrast").wait_for()
    assert group.locator(".hist").is_hidden()
    assert seen.page.get_by_role("group", name="Entropy").locator(".hist").is_visible()


def test_reset_and_undo_reach_every_control(site: Site, visit: Visitor) -> None:
    run = site.run("reset")
    seen = visit().open(site.address, run.name)
    page = seen.page
    start = seen.filters()
    page.get_by_label("Remove near-duplicates").check()
    alike = page.get_by_role("slider", name="How alike")
    alike.focus()
    for _ in range(4):
        alike.press("ArrowRight")
    choose(page.get_by_label("Best by"), "Contrast")
    type_into(seen, "In all", "9")
    filters = seen.filters()
    assert (filters["dedup"], filters["rank_by"], filters["top"]) == (9, "contrast", 9)
    page.locator("#filter .presets").get_by_role("button", name="Reset").click()
    page.locator("#filter .counts b", has_text=f"{videos.FRAMES} of").wait_for(timeout=WAIT_MS)
    assert seen.filters() == start
    expect(alike).to_have_value("5")
    expect(page.get_by_label("Remove near-duplicates")).not_to_be_checked()
    expect(page.get_by_label("Best by")).to_have_value("Picture score")
    expect(page.get_by_label("In all", exact=True)).to_have_value("")
    page.get_by_role("listbox", name="Frames").focus()
    page.keyboard.press("z")
    assert seen.filters() == filters
    expect(alike).to_have_value("9")
    expect(page.get_by_label("In all", exact=True)).to_have_value("9")


def test_frames_that_are_rejected_by_hand_are_among_the_reasons(site: Site, visit: Visitor) -> None:
    run = site.run("by hand")
    seen = visit().open(site.address, run.name)
    seen.page.get_by_role("listbox", name="Frames").focus()
    seen.page.keyboard.press("x")
    type_into(seen, "In all", "3")
    shown = seen.state()
    chips = seen.page.locator(".reasons .chip")
    said = sorted(" ".join(text.split()) for text in chips.all_inner_texts())
    assert said == ["by hand 1", f"not among the best {videos.FRAMES - 4}"]
    chips.filter(has_text="by hand").click()
    assert (shown["kept"], seen.state()["shown"]) == (3, 1)
