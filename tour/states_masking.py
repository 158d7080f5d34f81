"""Subject Masking: points without a masker, a click and its mask, jobs, doubt, correction, export, segments."""

from __future__ import annotations

from typing import Any

from tests.browser import type_text
from tour import hands
from tour.stage import SEGMENTS, Stage
from tour.states import Scene, State

YOLO = "YOLO segmentation"


def _start(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_run_of(page, "both")
    hands.open_tab(page, hands.MASKING)
    hands.shots_there(page)
    page.wait_for_timeout(1200)


def _weights_missing(page: Any, stage: Stage) -> None:
    page.locator("#masking-masker label", has_text="SAM2").click()  # each masker keeps weights of its own
    page.locator("#masking-masker label.selected", has_text="SAM2").wait_for(timeout=hands.BROAD_MS)
    page.wait_for_timeout(500)
    type_text(page.locator("#masking-weights input"), str(stage.models / "none.pt"))
    page.keyboard.press("Enter")
    page.locator("#masking-weights-wrong .error", has_text="none.pt").wait_for(timeout=hands.BROAD_MS)


def _shots(page: Any, stage: Stage) -> None:
    hands.look_for_cuts(page)
    hands.job_bar(page, "done")
    page.wait_for_timeout(1500)


def _points_only(page: Any, stage: Stage) -> None:
    hands.edit_shot(page, 0)
    hands.point_at(page, 0.3, 0.4)
    hands.point_at(page, 0.7, 0.6, "right")
    hands.drag_box(page, 0.2, 0.2, 0.5, 0.8)
    page.wait_for_timeout(500)


def _nothing_said(page: Any, stage: Stage) -> None:
    hands.masking_keys(page, "r", "Enter")
    page.locator(".point_canvas .error").wait_for(timeout=hands.BROAD_MS)


def _zoomed(page: Any, stage: Stage) -> None:
    hands.masking_keys(page, "z", "+", "+", "+", "+", "+", "+")


def _saved(page: Any, stage: Stage) -> None:
    hands.masking_keys(page, "f", "s")
    hands.masking_rests(page)
    page.wait_for_timeout(500)


def _board_of_points(page: Any, stage: Stage) -> None:
    hands.masking_keys(page, "Escape")
    page.wait_for_timeout(800)


def _ready(page: Any, stage: Stage) -> None:
    hands.take_masker(page, YOLO)
    page.wait_for_timeout(500)


def _clicked(page: Any, stage: Stage) -> None:
    hands.edit_shot(page, 0)
    hands.masking_keys(page, "r")
    hands.point_at(page, 0.53, 0.3)
    hands.mask_seen(page)


def _contradiction(page: Any, stage: Stage) -> None:
    hands.point_at(page, 0.53, 0.3, "right")
    page.locator(".point_canvas .error").wait_for(timeout=hands.BROAD_MS)


def _two_objects(page: Any, stage: Stage) -> None:
    hands.masking_keys(page, "z", "s", "]")
    page.wait_for_timeout(1500)
    hands.point_at(page, 0.66, 0.5)
    hands.mask_seen(page)
    hands.masking_keys(page, "2")
    hands.point_at(page, 0.39, 0.7)
    page.locator(".point_canvas .under", has_text="object 2").wait_for(timeout=hands.BROAD_MS)
    page.wait_for_timeout(400)


def _board_of_masks(page: Any, stage: Stage) -> None:
    hands.masking_keys(page, "Enter")
    hands.masking_rests(page)
    hands.masking_keys(page, "Escape")
    page.wait_for_timeout(1200)


def _running(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="Process all").click()
    page.locator("#masking-state", has_text="masking").wait_for(timeout=hands.BROAD_MS)


def _board_done(page: Any, stage: Stage) -> None:
    hands.job_bar(page, "done")
    hands.masking_rests(page)
    page.wait_for_timeout(1500)


def _worst_first(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="Worst first").click()
    page.wait_for_timeout(500)


def _curve(page: Any, stage: Stage) -> None:
    hands.edit_shot(page, 0)
    page.locator(".shot_strip .curve-box:visible").wait_for(timeout=hands.BROAD_MS)
    page.wait_for_timeout(1500)


def _corrected(page: Any, stage: Stage) -> None:
    hands.point_at(page, 0.5, 0.5)
    page.wait_for_timeout(2500)


def _export_open(page: Any, stage: Stage) -> None:
    hands.masking_keys(page, "z", "Escape")
    page.get_by_role("button", name="Export", exact=True).click()
    page.wait_for_timeout(600)


def _exported(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="Write files").click()
    page.locator("#masking-files", has_text="Written to").wait_for(timeout=2 * hands.BROAD_MS)
    page.wait_for_timeout(600)


def _folds(page: Any, stage: Stage) -> None:
    hands.masking_keys(page, "Escape")
    for fold in page.locator("#masking .fold > button.label-wrap").all():
        fold.click()
    page.wait_for_timeout(500)


def _segments(page: Any, stage: Stage) -> None:
    box = page.get_by_label("Folder of segments", exact=True)
    type_text(box, str(stage.media / SEGMENTS))
    box.press("Enter")
    hands.shots_there(page, 3)
    page.wait_for_timeout(1200)


def _outside(page: Any, stage: Stage) -> None:
    box = page.get_by_label("Folder of segments", exact=True)
    type_text(box, "/etc")
    box.press("Enter")
    page.locator(".shot_board .error").wait_for(timeout=hands.BROAD_MS)


def _seeded(page: Any, stage: Stage) -> None:
    hands.point_for_me(page, "primary")
    page.wait_for_timeout(1500)


def _empty(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_tab(page, hands.MASKING)
    page.get_by_text("No video yet.").last.wait_for(timeout=hands.BROAD_MS)


SCENES = (
    Scene("masking", "no run", (State("no-video", _empty),), empty=True),
    Scene(
        "masking",
        "of a video",
        (
            State("no-cuts", _start),
            State("weights-missing", _weights_missing),
            State("shots", _shots),
            State("points", _points_only, main=True),
            State("nothing-said", _nothing_said),
            State("zoomed", _zoomed),
            State("saved", _saved),
            State("board-of-points", _board_of_points),
            State("ready", _ready, weights=True),
            State("clicked", _clicked, weights=True),
            State("contradiction", _contradiction, weights=True),
            State("two-objects", _two_objects, weights=True),
            State("board-of-masks", _board_of_masks, weights=True),
            State("running", _running, weights=True),
            State("board-done", _board_done, main=True, weights=True),
            State("worst-first", _worst_first, weights=True),
            State("trust-curve", _curve, main=True, weights=True),
            State("corrected", _corrected, weights=True),
            State("export-open", _export_open, weights=True),
            State("exported", _exported, weights=True),
            State("folds", _folds, weights=True),
        ),
    ),
    Scene(
        "masking",
        "segments",
        (
            State("start", _start),
            State("outside", _outside),
            State("segments", _segments),
            State("segments-ready", _ready, weights=True),
            State("segments-seeded", _seeded, weights=True),
        ),
    ),
)
