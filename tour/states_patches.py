"""Training Patches: tables, what is wrong in them, sample windows, a job that runs, waits, is cancelled, checked."""

from __future__ import annotations

from typing import Any

from tour import hands
from tour.stage import Stage
from tour.states import Scene, State

SMALL = "160x90"
"""Of the drawn clips, too."""


def _start(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_run_of(page, "juggle")
    hands.open_tab(page, hands.PATCHES)
    page.wait_for_timeout(800)


def _wrong(page: Any, stage: Stage) -> None:
    hands.in_table(page, "Video or folder of video 1", "/etc/film.mp4")
    hands.preview_patches(page)
    page.locator("#patches-videos .wrong-text", has_text="allowed folders").wait_for(timeout=hands.BROAD_MS)


def _samples(page: Any, stage: Stage) -> None:
    hands.in_table(page, "Video or folder of video 1", str(stage.media / "juggle.mp4"))
    page.get_by_role("button", name="Add a video").click()
    hands.in_table(page, "Video or folder of video 2", str(stage.media / "a long drive.mp4"))
    hands.in_table(page, "Own weights of video 2", "toon 1")
    page.get_by_role("button", name="Add a category").click()
    hands.in_table(page, "Category of category 2", "toon")
    hands.in_table(page, "Wanted of category 2", "400")
    page.get_by_role("button", name="Add a format").click()
    hands.in_table(page, "Format of format 1", "small")
    hands.in_table(page, "Size of format 1", SMALL)
    hands.set_patches(page, "base_frame_limit", "600")
    hands.preview_patches(page)
    hands.patches_previewed(page)


def _stale(page: Any, stage: Stage) -> None:
    hands.set_patches(page, "seed", "7")
    page.locator("#patches-flipbook", has_text="have changed").wait_for(timeout=hands.BROAD_MS)


def _running(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="Cut patches").click()
    hands.patches_written(page, 3)


def _paused(page: Any, stage: Stage) -> None:
    page.locator("#patches-pause").click()
    page.locator("#patches-tracker", has_text="paused").wait_for(timeout=hands.BROAD_MS)


def _cancelled(page: Any, stage: Stage) -> None:
    page.locator("#patches-cancel").click()
    hands.job_bar(page, "cancelled")
    page.wait_for_timeout(600)


def _done(page: Any, stage: Stage) -> None:
    hands.set_patches(page, "base_frame_limit", "12")
    hands.patches_folder(page, "few patches")
    page.get_by_role("button", name="Cut patches").click()
    page.locator("#patches-tracker [data-state=done]").wait_for(state="attached", timeout=hands.BROAD_MS)
    page.wait_for_timeout(600)


def _checked(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="Check files").click()
    page.locator("#patches-tracker .verdict").wait_for(timeout=hands.BROAD_MS)


def _folds(page: Any, stage: Stage) -> None:
    for fold in page.locator("#patches .fold > button.label-wrap").all():
        fold.click()
    page.wait_for_timeout(500)


def _empty(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_tab(page, hands.PATCHES)
    page.wait_for_timeout(600)


SCENES = (
    Scene("patches", "no run", (State("no-video", _empty),), empty=True),
    Scene(
        "patches",
        "from rows to files",
        (
            State("start", _start),
            State("video-refused", _wrong),
            State("sample-windows", _samples, main=True),
            State("samples-of-before", _stale),
            State("running", _running, main=True),
            State("paused", _paused),
            State("cancelled", _cancelled),
            State("done", _done),
            State("checked", _checked),
            State("folds", _folds),
        ),
    ),
)
