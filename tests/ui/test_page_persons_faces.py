"""Persons who are known by faces alone: in the same table, named, merged, chosen for Filtering."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from core.store import jsonl, person_edits
from core.store.person_dir import PersonDir
from core.store.run import RunDir
from tests.browser import Visit
from tests.pipeline.persons.people import Walk
from tests.ui.persons import ROWS, RUN, WAIT_MS, ids, make_faces, make_persons, name, open_tab, pick, press, state
from tests.ui.site import Site

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
WALKS: list[Walk] = [(0, 39, 100, 300, 2.0), (0, 69, 400, 500, 0.5)]
IN_A_BODY = (0, 30, 410.0, 505.0)
"""In the upper part of the second walk's box."""
ALONE = [(10, 60, 1500.0, 100.0), (80, 90, 1200.0, 100.0)]


def row(page: Any, person: int) -> Any:
    return page.locator(f"{ROWS}[data-id='{person}']")


def loaded(picture: Any) -> int:
    return int(picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }"))


def records(run: RunDir, frame: int) -> Any:
    return next(line for line in jsonl.read(run.metadata) if line["frame_number"] == frame).get("person_ids")


def test_who_is_known_by_faces_alone_stands_behind_all_who_have_bodies(site: Site, visit: Visitor) -> None:
    folder = make_persons(site.run(RUN), WALKS, [0, 1])
    run = make_faces(folder.path.parent, [IN_A_BODY, *ALONE])
    page = open_tab(visit(), site.address, RUN)
    assert ids(page)[2:] == [3, 4], "a face in a body is of that body"
    assert sorted(ids(page)) == [1, 2, 3, 4]
    assert "4 persons (2 known by faces only) in 1 shot" in state(page)
    cells = row(page, 3).locator("td").all_inner_texts()
    assert "faces only" in cells[2]
    assert cells[5:9] == ["51", "-", "1", "50 px"]
    picture = row(page, 3).locator("img.crop")
    picture.first.wait_for(timeout=WAIT_MS)
    assert picture.count() == 3
    assert loaded(picture.first) > 0
    name(page, 3, "Ada")
    assert person_edits.read(folder.edits).names() == {3: "Ada"}
    for button in ("Split", "Not a person"):
        row(page, 3).locator(".id").click()
        expect(page.get_by_role("button", name=re.compile(f"^{button}"))).to_be_disabled()
    pick(page, 3, 4)
    page.keyboard.press("c")
    drawer = page.get_by_role("complementary", name="Side by side")
    drawer.get_by_text("faces alike 0.00").wait_for(timeout=WAIT_MS)
    page.keyboard.press("Escape")
    press(page, "m")
    assert sorted(ids(page)) == [1, 2, 3]
    assert "Ada" in row(page, 3).locator(".name").input_value()
    press(page, "Escape")
    pick(page, 1, 3)
    press(page, "m")
    assert sorted(ids(page)) == [2, 3], "the one with a name keeps its number, with the body of the other"
    expect(row(page, 3)).not_to_contain_text("faces only", use_inner_text=True)
    press(page, "z", "z")
    assert sorted(ids(page)) == [1, 2, 3, 4]
    press(page, "Escape")
    row(page, 4).locator(".id").click()
    page.keyboard.press("e")
    drawer = page.get_by_role("complementary", name="Chosen persons")
    expect(drawer.get_by_role("button", name="Write files")).to_be_disabled()
    expect(drawer).to_contain_text("known by faces only", use_inner_text=True)
    drawer.get_by_role("button", name="Go on in Filtering").click()
    page.locator("#filter .pane[aria-busy=false]").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name=re.compile("^Person 4"), pressed=True).wait_for(timeout=WAIT_MS)
    assert records(run, 85) == [4]


def test_without_bodies_the_table_shows_whom_faces_show(site: Site, visit: Visitor) -> None:
    run = make_faces(site.run(RUN), ALONE)
    folder = PersonDir(run.persons)
    page = open_tab(visit(), site.address, RUN)
    assert ids(page) == [1, 2]
    assert "2 persons, known by faces only; no bodies were looked for" in state(page)
    expect(page.locator("#persons-find")).to_have_text("Find people", use_inner_text=True)
    name(page, 2, "Ada")
    assert person_edits.read(folder.edits).names() == {2: "Ada"}
    pick(page, 1, 2)
    page.keyboard.press("c")
    page.get_by_text("faces alike 0.00").wait_for(timeout=WAIT_MS)
    page.keyboard.press("Escape")
    press(page, "m")
    assert ids(page) == [2]
    assert row(page, 2).locator("td").all_inner_texts()[5] == "62"
    press(page, "z")
    assert ids(page) == [1, 2]
    press(page, "Shift+Z", "e")
    page.get_by_role("button", name="Go on in Filtering").click()
    page.locator("#filter .pane[aria-busy=false]").wait_for(timeout=WAIT_MS)
    assert records(run, 85) == records(run, 15) == [2]
