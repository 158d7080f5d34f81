"""Live Review: a folder, weights, boxes, and hard examples that are saved."""

from __future__ import annotations

from typing import Any

from tour import hands
from tour.stage import LONG_NAME, Stage
from tour.states import Scene, State


def _start(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_tab(page, hands.REVIEW)
    page.wait_for_timeout(1200)


def _outside(page: Any, stage: Stage) -> None:
    hands.list_folder(page, "/etc")
    hands.folder_refused(page)


def _no_videos(page: Any, stage: Stage) -> None:
    hands.list_folder(page, stage.media / "empty folder")
    page.wait_for_timeout(900)


def _listed(page: Any, stage: Stage) -> None:
    hands.list_folder(page, stage.media)
    hands.folder_listed(page)


def _no_weights(page: Any, stage: Stage) -> None:
    hands.open_video(page, "juggle.mp4")
    hands.plays(page)


def _long_name(page: Any, stage: Stage) -> None:
    hands.open_video(page, LONG_NAME[:30])
    hands.plays(page)


def _does_not_play(page: Any, stage: Stage) -> None:
    hands.open_video(page, "crowd.avi")
    hands.copy_offered(page)


def _cached(page: Any, stage: Stage) -> None:
    hands.open_video(page, "driving.mp4")
    hands.plays(page)


def _help(page: Any, stage: Stage) -> None:
    hands.open_help(page)


def _missing(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.list_folder(page, stage.media)
    hands.folder_listed(page)
    hands.take_weights(page, stage.models / "none.pt")
    hands.weights_refused(page)


def _broken(page: Any, stage: Stage) -> None:
    hands.take_weights(page, stage.models / "broken.pt")
    hands.open_video(page, "driving.mp4")
    hands.plays(page)
    hands.weights_refused(page)


def _unsafe(page: Any, stage: Stage) -> None:
    hands.take_weights(page, stage.models / "unsafe.pt")
    page.wait_for_timeout(500)
    hands.weights_refused(page)
    page.wait_for_timeout(2500)


def _live(page: Any, stage: Stage) -> None:
    hands.take_weights(page, stage.models / "yolov8n.pt")
    hands.look_at_video(page)
    hands.weights_say(page, r"; ([5-9]|\d\d+) of [\d,]+ known|\d boxes of")
    hands.shows_boxes(page)


def _precomputing(page: Any, stage: Stage) -> None:
    hands.open_video(page, "a long drive.mp4")
    hands.plays(page)
    hands.live(page, False)
    hands.precompute(page)
    hands.weights_say(page, r"\d of [\d,]+")
    page.wait_for_timeout(600)


def _made(page: Any, stage: Stage) -> None:
    hands.in_job_bar(page, "Cancel")
    hands.job_bar(page, "cancelled")
    hands.open_video(page, "driving.mp4")
    hands.plays(page)
    if page.get_by_role("button", name="Precompute").is_visible():
        hands.precompute(page)
    hands.weights_say(page, r"\d boxes of")
    hands.go_to_frame(page, 30)
    hands.shows_boxes(page)


def _saved(page: Any, stage: Stage) -> None:
    for frame, keys in ((6, "fs"), (22, "s"), (40, "ns"), (58, "us"), (50, "s")):
        hands.go_to_frame(page, frame)
        hands.review_keys(page, *keys)
    page.wait_for_timeout(2600)


def _saved_twice(page: Any, stage: Stage) -> None:
    hands.review_keys(page, "s")
    page.wait_for_timeout(300)


def _keys_over(page: Any, stage: Stage) -> None:
    page.wait_for_timeout(2600)
    hands.review_keys(page, "h")


def _class_off(page: Any, stage: Stage) -> None:
    hands.review_keys(page, "h")
    hands.class_chip(page, "car")
    page.wait_for_timeout(500)


def _save_refused(page: Any, stage: Stage) -> None:
    hands.class_chip(page, "car")
    hands.save_into(page, "/etc")
    hands.folder_refused(page)


def _reloaded(page: Any, stage: Stage) -> None:
    page.reload()
    hands.open_tab(page, hands.REVIEW)
    hands.folder_listed(page)
    page.wait_for_timeout(1500)


SCENES = (
    Scene(
        "review",
        "without weights",
        (
            State("empty", _start),
            State("folder-outside", _outside),
            State("folder-without-videos", _no_videos),
            State("folder-listed", _listed),
            State("video-without-weights", _no_weights),
            State("long-name", _long_name),
            State("does-not-play", _does_not_play, weights=True),
            State("boxes-of-a-cache", _cached, drawn=True),
            State("saved-with-a-cache", _saved, main=True, drawn=True),
            State("keys-over-a-cache", _keys_over, drawn=True),
            State("key-help", _help),
        ),
    ),
    Scene(
        "review",
        "with weights",
        (
            State("weights-missing", _missing, weights=True),
            State("weights-broken", _broken, weights=True),
            State("weights-unsafe", _unsafe, weights=True),
            State("live-inference", _live, weights=True),
            State("precompute-running", _precomputing, weights=True),
            State("boxes", _made, weights=True),
            State("hard-examples-saved", _saved, main=True, weights=True),
            State("saved-already", _saved_twice, weights=True),
            State("keys-over-the-video", _keys_over, weights=True),
            State("class-hidden", _class_off, weights=True),
            State("save-folder-refused", _save_refused, weights=True),
            State("reloaded", _reloaded, weights=True),
        ),
    ),
)
