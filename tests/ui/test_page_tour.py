"""The states of the tour, over drawn clips, and what a program can see in them: see ``tests/ui/seen.py``.

``KNOWN`` names what is wrong today and is to be mended; a fault that is not named there fails the test, and so does one
that is named and no longer there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import still
from tests.ui import seen
from tour.stage import Stage, stage
from tour.states import Scene, State, scenes

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WINDOW = (1280, 720)
SMALLER = {"1024": (1024, 700), "390": (390, 844), "zoom150": (853, 480), "zoom200": (640, 360)}
LEFT_OUT = {"restart", "second browser", "no run"}
"""Scenes that show nothing which another one does not show."""
PASSED_BY = {
    *("large-pictures", "small-pictures", "copies-of-a-frame", "preset-saved", "does-not-play"),
    *("path-missing", "path-is-a-folder", "path-is-no-video", "film-cut-off"),
}
"""States of which nothing after them depends, and which hold nothing new."""
STEP_MS = 60_000
ASKED = {
    *("source-named", "faces-unfolded", "path-outside", "job-list-open", "done", "key-help", "run-picker"),
    *(
        "bound-dragged",
        "selected-and-by-hand",
        "no-results",
        "enlarged",
        "export-open",
        "export-done",
        "people-not-read",
    ),
    *("folder-listed", "saved-with-a-cache"),
    *("no-detections", "forty-persons", "compare", "after-select"),
    *("no-cuts", "points", "board-of-points", "segments"),
    *("video-refused", "sample-windows", "running", "checked"),
}
"""States that axe is asked about: it takes a second for each, and others hold nothing that these do not."""

KNOWN: dict[str, str] = {
    "source: axe aria-prohibited-attr: div.strip": "the strip of kept frames has a name and no role",
    "source: axe empty-table-header: table.latest th": "the column of pictures has no heading",
    "filter: axe aria-required-children: div.grid": "a gallery without frames is a list box without options",
}
"""Tab, size where it is not the usual one, and fault -> why it is there still."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("tour"), real=False) as made:
        yield made


@pytest.mark.parametrize("tab", ["source", "filter", "review", "persons", "masking", "patches"])
def test_every_state_is_as_a_program_can_see_it(tab: str, chromium: Any, played: Stage) -> None:
    found: dict[str, str] = {}
    for scene in scenes():
        states = [state for state in scene.states if state.can_be(played) and state.name not in PASSED_BY]
        if scene.tab == tab and scene.name not in LEFT_OUT and states:
            _play(chromium, played, scene, states, found)
    _compare(tab, found)


def _play(chromium: Any, played: Stage, scene: Scene, states: list[State], found: dict[str, str]) -> None:
    played.serve()
    width, height = WINDOW
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(STEP_MS)
    for state in states:
        state.reach(page, played)
        _look(page, scene.tab, state, found)
    _use(page, scene.tab, scene.name, found)
    context.close()
    played.close()


def _look(page: Any, tab: str, state: State, found: dict[str, str]) -> None:
    for fault in seen.faults(page) if state.name in ASKED else seen.looks(page):
        found.setdefault(f"{tab}: {fault}", state.name)
    if not state.main:
        return
    for name, (width, height) in SMALLER.items():
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        for fault in seen.looks(page):
            if f"{tab}: {fault}" not in found:
                found.setdefault(f"{tab} {name}: {fault}", state.name)
    page.set_viewport_size({"width": WINDOW[0], "height": WINDOW[1]})


def _use(page: Any, tab: str, scene: str, found: dict[str, str]) -> None:
    """Keys change what is shown: they come last."""
    page.keyboard.press("Escape")
    for fault in [*seen.rounds(page), *seen.typed(page)]:
        found.setdefault(f"{tab}: {fault}", f"the end of {scene}")


def _compare(tab: str, found: dict[str, str]) -> None:
    known = {fault for fault in KNOWN if fault.startswith((f"{tab}:", f"{tab} "))}
    new = [f"{fault}   (seen in: {state})" for fault, state in sorted(found.items()) if fault not in known]
    assert not new, "not seen before:\n" + "\n".join(new)
    assert known <= set(found), f"mended: take them out of KNOWN: {sorted(known - set(found))}"
