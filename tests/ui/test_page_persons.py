"""Person Selection in a real browser: who is shown, merge, split, names, undo, suggestions, thresholds, files."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from core.store import person_edits, persons
from core.store.person_dir import PersonDir
from tests.browser import Visit, type_text
from tests.pipeline.persons.people import Walk
from tests.ui.persons import ROWS, RUN, WAIT_MS, ids, make_persons, name, open_tab, pick, press, settled, state
from tests.ui.site import Site

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
WALKS: list[Walk] = [(0, 39, 100, 300, 2.0), (45, 99, 900, 300, 1.0), (0, 69, 400, 500, 0.5), (10, 34, 1500, 200, 0.0)]
LOOKS = [0, 1, 2, 3]
NEAR = (0, 1, 0.85)
"""The first two are one person, as anybody sees, and not alike enough to be joined by themselves."""


@pytest.fixture
def folder(site: Site) -> PersonDir:
    return make_persons(site.run(RUN), WALKS, LOOKS, cuts=(43,), near=NEAR)


@pytest.fixture
def page(site: Site, folder: PersonDir, visit: Visitor) -> Any:
    return open_tab(visit(), site.address, RUN)


def of(folder: PersonDir) -> dict[int, int]:
    """Person -> frames, as the files say."""
    found = persons.read_persons(folder.persons)
    return dict(zip(found.person_ids.tolist(), np.diff(found.indptr).tolist(), strict=True))


def row(page: Any, person: int) -> Any:
    return page.locator(f"{ROWS}[data-id='{person}']")


def loaded(picture: Any) -> int:
    return int(picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }"))


def test_persons_stand_by_rank_with_crops_and_numbers(page: Any, folder: PersonDir) -> None:
    frames = of(folder)
    assert sorted(ids(page)) == [1, 2, 3, 4]
    assert ids(page)[0] == max(frames, key=lambda person: frames[person])
    assert "4 persons in 2 shots" in state(page)
    for person in ids(page):
        cells = row(page, person).locator("td").all_inner_texts()
        assert cells[5] == str(frames[person]), "how many frames show this person"
        picture = row(page, person).locator("img.crop").first
        picture.wait_for(timeout=WAIT_MS)
        assert loaded(picture) == 128
    assert row(page, 1).locator("img.crop").count() == 5


def test_two_persons_become_one_by_a_key_and_come_apart_again(page: Any, folder: PersonDir) -> None:
    before = of(folder)
    pick(page, 1, 4)
    press(page, "m")
    assert sorted(ids(page)) == [1, 2, 3]
    assert of(folder)[1] == before[1] + before[4]
    press(page, "z")
    assert of(folder) == before
    press(page, "Shift+Z")
    assert sorted(of(folder)) == [1, 2, 3]
    page.reload()
    page.locator(ROWS).first.wait_for(timeout=WAIT_MS)
    assert sorted(ids(page)) == [1, 2, 3], "a decision outlives the page"
    page.get_by_role("button", name="Undo").click()
    settled(page)
    assert of(folder) == before


def test_who_is_seen_together_is_merged_after_a_question_only(page: Any, folder: PersonDir) -> None:
    before = of(folder)
    pick(page, 1, 2)
    press(page, "m")
    said = page.locator(".suggested .notice").inner_text()
    assert "both seen in" in said
    assert of(folder) == before
    press(page, "n")
    assert not page.locator(".suggested .notice").is_visible()
    assert of(folder) == before
    press(page, "m", "y")
    assert sorted(ids(page)) == [1, 3, 4]
    assert of(folder)[1] < before[1] + before[2], "one box a frame"


def test_a_name_is_typed_in_place_and_seen_in_another_tab(
    page: Any, folder: PersonDir, site: Site, visit: Visitor
) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.locator(ROWS).first.wait_for(timeout=WAIT_MS)
    page.bring_to_front()
    name(page, 2, "Zoe Mustermann")
    assert person_edits.read(folder.edits).names() == {2: "Zoe Mustermann"}
    other.wait_for_function("document.querySelector('tr[data-id=\"2\"] .name').value === 'Zoe Mustermann'")
    other.close()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("left half")
    page.keyboard.press("Escape")
    assert 2 in person_edits.read(folder.edits).names()
    assert len(person_edits.read(folder.edits).names()) == 1, "Esc leaves a name as it was"
    press(page, "z")
    assert person_edits.read(folder.edits).names() == {}


def test_a_person_is_split_at_a_moment_and_by_tracklets(page: Any, folder: PersonDir) -> None:
    pick(page, 1, 4)
    press(page, "m")
    whole = of(folder)[1]
    press(page, "Escape")
    row(page, 1).locator(".id").click()
    press(page, "t")
    drawer = page.get_by_role("complementary", name="Split a person")
    drawer.locator(".half img").first.wait_for(timeout=WAIT_MS)
    drawer.get_by_role("checkbox").last.click()
    drawer.get_by_role("button", name="Split these off").click()
    settled(page)
    assert sorted(of(folder)) == [1, 2, 3, 4]
    assert not drawer.is_visible(), "it closes when it is done"
    press(page, "z")
    assert of(folder)[1] == whole
    row(page, 2).locator(".id").click()
    press(page, "t")
    slider = drawer.get_by_label("First frame of the second person")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    at = int(slider.input_value())
    drawer.get_by_role("button", name="Split here").click()
    settled(page)
    assert len(of(folder)) == 4
    edit = person_edits.read(folder.edits).edits[-1]
    assert (edit.kind, edit.at) == ("split", at)


def test_somebody_who_is_no_person_is_taken_away(page: Any, folder: PersonDir) -> None:
    row(page, 3).locator(".id").click()
    press(page, "Delete")
    assert 3 not in ids(page)
    assert 3 not in of(folder)
    press(page, "z")
    assert 3 in of(folder)


def test_a_suggestion_is_answered_by_a_key_and_never_asked_again(page: Any, folder: PersonDir) -> None:
    bar = page.locator(".suggested .bar-of")
    expect(bar).to_contain_text(re.compile(r"Same person\? \d and \d, alike 0\.85"), use_inner_text=True)
    press(page, "n")
    expect(bar).to_contain_text("No two persons look like one", use_inner_text=True)
    assert len(of(folder)) == 4
    page.reload()
    page.locator(ROWS).first.wait_for(timeout=WAIT_MS)
    expect(bar).to_contain_text("No two persons look like one", use_inner_text=True)
    press(page, "z")
    expect(bar).to_contain_text("0.85", use_inner_text=True)
    press(page, "y")
    assert len(ids(page)) == 3
    assert len(of(folder)) == 3


def test_another_threshold_groups_again_at_once_and_detects_nothing(page: Any, folder: PersonDir) -> None:
    before = folder.detections.stat().st_mtime_ns, folder.tracklets.stat().st_mtime_ns
    page.get_by_role("button", name="Who is one person").click()
    box = page.locator("#persons-similarity").get_by_role("spinbutton")
    type_text(box, "0.8")
    box.press("Enter")
    page.locator(f"{ROWS}:nth-child(4)").wait_for(state="detached", timeout=WAIT_MS)
    settled(page)
    assert len(of(folder)) == 3
    assert persons.read_about(folder.about).stages["4"]["similarity"] == 0.8
    assert (folder.detections.stat().st_mtime_ns, folder.tracklets.stat().st_mtime_ns) == before
    page.reload()
    page.locator(ROWS).first.wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="Who is one person").click()
    in_force = page.locator("#persons-similarity input[type=number]")
    expect(in_force, "what is in force is shown").to_have_value("0.8")


def test_persons_are_compared_with_the_reason_why_they_stayed_apart(page: Any, folder: PersonDir) -> None:
    pick(page, 1, 4)
    page.keyboard.press("c")
    drawer = page.get_by_role("complementary", name="Side by side")
    reason = drawer.locator(".reasons li")
    reason.first.wait_for(timeout=WAIT_MS)
    assert drawer.locator(".card").count() == 2
    assert "alike 0.85" in reason.inner_text()
    assert "Kept apart: they look alike by 0.85, from 0.9 on they are joined." in reason.inner_text()
    assert loaded(drawer.locator(".crops-of img").first) == 128
    drawer.get_by_role("button", name="Close").click()
    pick(page, 2)
    page.keyboard.press("c")
    drawer.locator(".card").nth(2).wait_for(timeout=WAIT_MS)
    drawer.get_by_text("both are seen in").first.wait_for(timeout=WAIT_MS)
    drawer.get_by_role("button", name="Merge").click()
    settled(page)
    assert "Merge all the same?" in page.locator(".suggested .notice").inner_text()


def test_crops_play_while_the_mouse_rests_on_them(page: Any) -> None:
    strip = row(page, 1).locator(".looks")
    strip.locator("img.crop").first.wait_for(timeout=WAIT_MS)
    strip.hover()
    frame = strip.locator(".at-frame")
    frame.wait_for(timeout=WAIT_MS)
    other = (
        "(seen) => [...document.querySelectorAll('.at-frame')].map((e) => e.innerText).find((t) => !seen.includes(t))"
    )
    seen: list[str] = []
    while len(seen) < 3:
        seen.append(page.wait_for_function(other, arg=seen, timeout=WAIT_MS).json_value())
    page.mouse.move(5, 5)
    frame.wait_for(state="detached", timeout=WAIT_MS)


def test_a_lane_leads_to_its_frame_in_live_review(page: Any) -> None:
    page.evaluate("""() => {
      const replace = history.replaceState;
      window.places = [];
      history.replaceState = function (...values) {
        window.places.push(values[2]);
        return replace.apply(this, values);
      };
    }""")
    canvas = page.locator(".lanes canvas")
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + 30.5 / 300 * box["width"], box["y"] + 8)
    page.wait_for_url(re.compile(r"#review=run&run=[0-9a-f]{32}&frame=30$"), timeout=WAIT_MS)
    page.locator("#player .screen[aria-busy=false]").wait_for(timeout=WAIT_MS)
    assert not [place for place in page.evaluate("places") if str(place).endswith("frame=0")], (
        "no other frame before it"
    )
    page.go_back()
    page.locator(ROWS).first.wait_for(timeout=WAIT_MS)


def test_who_is_chosen_is_written_and_said(page: Any, folder: PersonDir) -> None:
    row(page, 2).locator(".id").click()
    page.keyboard.press("e")
    drawer = page.get_by_role("complementary", name="Chosen persons")
    drawer.get_by_role("button", name="Write files").click()
    page.locator(".suggested .state", has_text="files are written of 2").wait_for(timeout=WAIT_MS)
    table = np.load(folder.primary)["primary_person"]
    assert len(table["bboxes"]) == of(folder)[2]
    expect(drawer.get_by_label("Their files")).to_have_value(re.compile(re.escape(str(folder.primary))))
    pick(page, 1, 3)
    drawer.get_by_role("button", name="Write files of 2 persons").click()
    page.locator(".suggested .state", has_text=re.compile("files are written of 1, 2, 3")).wait_for(timeout=WAIT_MS)
    assert folder.person(1).exists()
    assert folder.person(3).exists()
    with page.expect_popup() as opened:
        drawer.get_by_role("button", name="Selection table").click()
    image = opened.value.locator("img")
    image.wait_for(timeout=WAIT_MS)
    assert loaded(image) > 200


def test_keys_move_pick_and_clear(page: Any) -> None:
    page.locator(".scrolled").focus()
    press(page, "Home", "Shift+ArrowDown")
    assert page.locator(f"{ROWS}.on").count() == 2
    press(page, "End", " ")
    assert page.locator(f"{ROWS}.on").count() == 3
    page.reload()
    page.locator(ROWS).first.wait_for(timeout=WAIT_MS)
    assert page.locator(f"{ROWS}.on").count() == 3, "who is picked out stays so"
    press(page, "Escape")
    assert page.locator(f"{ROWS}.on").count() == 0


def test_a_run_without_persons_says_the_one_thing_to_do(site: Site, visit: Visitor) -> None:
    site.run(RUN)
    page = visit().page
    page.add_init_script(f"localStorage.setItem('framesieve.run', '{RUN}')")
    page.goto(site.address)
    page.get_by_role("tab", name="Person Selection").click()
    page.get_by_text("Nobody was looked for in this video.").wait_for(timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Find people", exact=True).first).to_be_disabled()
    expect(page.get_by_role("button", name="Merge")).to_be_disabled()
    expect(page.locator("#persons-state")).to_have_text("Name weights that find people.", use_inner_text=True)
