"""Finding a person by a photo in a real browser; and looks that an older program described."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from core.metrics import appearance
from core.pipeline.persons.canonical import regroup
from core.settings.persons import PersonGroup
from core.store import persons
from core.store.person_dir import PersonDir
from core.store.persons import Appearances
from core.video import images
from tests.browser import Visit, type_text
from tests.ui.persons import ROWS, RUN, WAIT_MS, figure, ids, make_faces, make_persons, open_tab
from tests.ui.site import Site
from tests.ui.test_page_files import DROP

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
WALKS = [(0, 69, 100.0, 300.0, 2.0), (0, 59, 900.0, 300.0, 1.0), (0, 49, 400.0, 500.0, 0.5)]


def described(folder: PersonDir, kind: str = appearance.KIND) -> None:
    """Describes the tracklets by the figures that their crops show."""
    tracklets = persons.read_tracklets(folder.tracklets)
    walk = np.rint((0.9 - tracklets.confidences[tracklets.indptr[:-1]]) * 100).astype(int).tolist()
    vectors = np.array([appearance.describe(figure(look)) for look in walk], np.float32)
    persons.write_appearances(folder.appearance, Appearances(vectors, kind), tracklets.digest())
    regroup(folder, PersonGroup(by_appearance=False))


@pytest.fixture
def folder(site: Site) -> PersonDir:
    made = make_persons(site.run(RUN), WALKS, [0, 1, 2])
    described(made)
    return made


@pytest.fixture
def photo(site: Site) -> Iterator[Path]:
    path = site.made.parent / "third person.png"
    path.write_bytes(images.encode_png(figure(2)))
    yield path
    path.unlink()


def drawer_of(page: Any) -> Any:
    return page.get_by_role("complementary", name="Find a person by a photo")


def sent(page: Any, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        drawer_of(page).get_by_role("button", name="Upload").click()
    chooser.value.set_files(path)


def test_whoever_is_most_like_a_photo_stands_first(site: Site, folder: PersonDir, photo: Path, visit: Visitor) -> None:
    page = open_tab(visit(), site.address, RUN)
    before = ids(page)
    third = before[-1]
    page.keyboard.press("p")
    drawer = drawer_of(page)
    box = drawer.get_by_label("Photo of the person")
    type_text(box, str(photo))
    drawer.get_by_text(f"Most like third person.png: Person {third}, alike 0.9").or_(
        drawer.get_by_text(f"Most like third person.png: Person {third}, alike 1.0")
    ).wait_for(timeout=WAIT_MS)
    assert ids(page)[0] == third
    expect(page.locator(ROWS).first).to_contain_text("alike", use_inner_text=True)
    drawer.get_by_role("button", name="Sort by rank again").click()
    page.locator(f"{ROWS}:first-child[data-id='{before[0]}']").wait_for(timeout=WAIT_MS)
    assert ids(page) == before
    type_text(box, "")
    sent(page, photo)
    page.locator(f"{ROWS}:first-child[data-id='{third}']").wait_for(timeout=WAIT_MS)
    expect(drawer).to_contain_text("by looks", use_inner_text=True)


def test_a_photo_is_dropped_on_the_table(site: Site, folder: PersonDir, photo: Path, visit: Visitor) -> None:
    page = open_tab(visit(), site.address, RUN)
    page.evaluate(DROP, ["#persons .pane", None, str(photo)])
    drawer_of(page).get_by_text("Most like third person.png").wait_for(timeout=WAIT_MS)


def test_what_is_no_photo_is_said(site: Site, folder: PersonDir, photo: Path, visit: Visitor) -> None:
    page = open_tab(visit(), site.address, RUN)
    before = ids(page)
    page.get_by_role("button", name="Find by photo").click()
    drawer = drawer_of(page)
    text = photo.with_name("no photo.jpg")
    text.write_text("words")
    type_text(drawer.get_by_label("Photo of the person"), str(text))
    wrong = drawer.locator("#persons-likeness .error")
    wrong.get_by_text("no photo.jpg").wait_for(timeout=WAIT_MS)
    text.unlink()
    type_text(drawer.get_by_label("Photo of the person"), "/etc/passwd")
    wrong.get_by_text("not in an allowed folder").wait_for(timeout=WAIT_MS)
    assert ids(page) == before


def test_where_only_faces_are_known_their_model_is_wanted(site: Site, photo: Path, visit: Visitor) -> None:
    make_faces(site.run(RUN), [(10, 60, 1500.0, 100.0), (80, 90, 1200.0, 100.0)])
    page = open_tab(visit(), site.address, RUN)
    page.keyboard.press("p")
    type_text(drawer_of(page).get_by_label("Photo of the person"), str(photo))
    wrong = drawer_of(page).locator("#persons-likeness .error")
    wrong.get_by_text("known by faces only, and the model that read them is not here").wait_for(timeout=WAIT_MS)


def test_looks_of_an_older_program_are_described_again(site: Site, visit: Visitor) -> None:
    folder = make_persons(site.run(RUN), WALKS, [0, 1, 2])
    described(folder, "stripes-1")
    page = open_tab(visit(), site.address, RUN)
    line = page.locator("#persons-state .error")
    expect(line).to_contain_text("An older program described", use_inner_text=True)
    line.get_by_role("button", name="Describe them again").click()
    line.wait_for(state="hidden", timeout=WAIT_MS)
    page.locator(".persons_table .scrolled[aria-busy=false]").wait_for(timeout=WAIT_MS)
    page.wait_for_function("!window.framesieve.persons.persons.job", timeout=WAIT_MS)
    tracklets = persons.read_tracklets(folder.tracklets)
    assert persons.read_appearances(folder.appearance, tracklets).kind == appearance.KIND
    expect(page.locator("#persons-state .error")).to_be_hidden()
