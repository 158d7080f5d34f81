"""Person Selection: nobody yet, a job, two shots with real people, forty persons, and what people decide about them."""

from __future__ import annotations

from typing import Any

from tests.browser import type_text
from tour import hands
from tour.stage import FORTY, Stage
from tour.states import Scene, State


def _start(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_run_of(page, "both")
    hands.open_tab(page, hands.PERSONS)
    page.wait_for_timeout(1200)


def _missing(page: Any, stage: Stage) -> None:
    hands.take_detector(page, stage.models / "none.pt")
    page.locator("#persons-weights-wrong .error").wait_for(timeout=hands.BROAD_MS)


def _running(page: Any, stage: Stage) -> None:
    hands.take_detector(page, stage.models / "yolov8n.pt")
    hands.find_persons(page)
    page.locator("#persons-state", has_text="detecting").wait_for(timeout=hands.BROAD_MS)


def _two_shots(page: Any, stage: Stage) -> None:
    hands.persons_there(page)
    hands.job_bar(page, "done")
    page.wait_for_timeout(1500)


def _named(page: Any, stage: Stage) -> None:
    hands.table_keys(page, "Home", "Enter")
    page.keyboard.type("Juggler")
    page.keyboard.press("Enter")
    page.wait_for_timeout(800)


def _forty(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_run_of(page, FORTY)
    hands.open_tab(page, hands.PERSONS)
    hands.persons_there(page)
    page.wait_for_timeout(1500)


def _thresholds(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="Who is one person").click()
    page.wait_for_timeout(700)


def _compare(page: Any, stage: Stage) -> None:
    hands.table_keys(page, "Escape", "Home", "Shift+ArrowDown", "c")
    page.locator(".comparison .reasons li").first.wait_for(timeout=hands.BROAD_MS)
    page.wait_for_timeout(800)


def _question(page: Any, stage: Stage) -> None:
    page.keyboard.press("Escape")
    hands.table_keys(page, "m")


def _merged(page: Any, stage: Stage) -> None:
    if page.locator(".suggested .notice").is_visible():
        page.keyboard.press("y")
    page.wait_for_timeout(900)


def _undone(page: Any, stage: Stage) -> None:
    hands.table_keys(page, "z", "Escape")
    page.wait_for_timeout(600)


def _split(page: Any, stage: Stage) -> None:
    hands.table_keys(page, "Home", "t")
    page.locator(".splitting .half img").first.wait_for(timeout=hands.BROAD_MS)
    page.wait_for_timeout(600)


def _chosen(page: Any, stage: Stage) -> None:
    page.keyboard.press("Escape")
    hands.table_keys(page, "Home", "e")
    page.get_by_role("button", name="Write files").click()
    page.locator(".suggested .state", has_text="files are written").wait_for(timeout=hands.BROAD_MS)
    page.wait_for_timeout(600)


def _filtered(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="Go on in Filtering").click()
    hands.gallery_rests(page)
    page.wait_for_timeout(800)


def _faces_only(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_run_of(page, "two people")
    hands.open_tab(page, hands.PERSONS)
    hands.persons_there(page)
    page.wait_for_timeout(1500)


def _faces_compared(page: Any, stage: Stage) -> None:
    hands.table_keys(page, "Home", "Shift+ArrowDown", "c")
    page.locator(".comparison .reasons li").first.wait_for(timeout=hands.BROAD_MS)
    page.wait_for_timeout(800)


def _by_photo(page: Any, stage: Stage) -> None:
    hands.table_keys(page, "p")
    box = page.get_by_label("Photo of the person")
    type_text(box, str(stage.media / "six people.jpg"))
    page.locator("#persons-likeness .sub", has_text="Most like").wait_for(timeout=hands.BROAD_MS)
    page.wait_for_timeout(800)


def _by_rank(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="Sort by rank again").click()
    page.keyboard.press("Escape")
    page.wait_for_timeout(400)


SCENES = (
    Scene(
        "persons",
        "of faces",
        (
            State("faces-only", _faces_only, main=True, weights=True),
            State("faces-compared", _faces_compared, weights=True),
        ),
    ),
    Scene(
        "persons",
        "of a video",
        (
            State("no-detections", _start),
            State("weights-missing", _missing),
            State("running", _running, weights=True),
            State("two-shots", _two_shots, main=True, weights=True),
            State("named", _named, weights=True),
            State("by-photo", _by_photo, weights=True),
            State("by-rank-again", _by_rank, weights=True),
            State("real-compare", _compare, weights=True),
            State("real-question", _question, weights=True),
            State("real-undo", _undone, weights=True),
            State("real-chosen", _chosen, weights=True),
            State("real-filtered", _filtered, weights=True),
        ),
    ),
    Scene(
        "persons",
        "forty",
        (
            State("forty-persons", _forty, main=True),
            State("thresholds", _thresholds),
            State("compare", _compare),
            State("question-before-a-merge", _question),
            State("merged", _merged),
            State("undo", _undone),
            State("split", _split),
            State("after-select", _chosen),
        ),
    ),
)
