"""Video Source, from the empty form to a run, and what can go wrong on the way."""

from __future__ import annotations

from typing import Any

from tour import hands
from tour.stage import LONG_NAME, Stage
from tour.states import Scene, State


def _start(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_tab(page, hands.SOURCE)


def _named(page: Any, stage: Stage) -> None:
    hands.name_source(page, stage.media / "juggle.mp4")
    hands.is_looked_at(page)


def _best(page: Any, stage: Stage) -> None:
    hands.choose_method(page, "best")
    page.wait_for_timeout(300)


def _method(page: Any, stage: Stage) -> None:
    hands.choose_method(page, "every_nth")
    hands.every(page, "12")


def _wrong_number(page: Any, stage: Stage) -> None:
    hands.every(page, "0")


def _pre_filters(page: Any, stage: Stage) -> None:
    hands.every(page, "12")
    hands.fold(page, "Pre-filters")


def _weights_fold(page: Any, stage: Stage) -> None:
    hands.fold(page, "Pre-filters")
    hands.fold(page, "Quality weights")


def _files_fold(page: Any, stage: Stage) -> None:
    hands.fold(page, "Quality weights")
    hands.fold(page, "Format and files")


def _faces_fold(page: Any, stage: Stage) -> None:
    hands.fold(page, "Format and files")
    hands.fold(page, "Faces")


def _half_a_pack(page: Any, stage: Stage) -> None:
    hands.use_faces(page, stage.models / "half of a pack")
    hands.faces_say(page, "holds no face recogniser")


def _faces_on(page: Any, stage: Stage) -> None:
    hands.use_faces(page, stage.models / "faces")
    hands.faces_say(page, "Runs on the")


def _photo(page: Any, stage: Stage) -> None:
    hands.offer_photo(page, stage.media / "six people.jpg")
    hands.photo_asks(page)


def _photo_taken(page: Any, stage: Stage) -> None:
    hands.take_face(page, 2)


def _preset_name(page: Any, stage: Stage) -> None:
    hands.name_preset(page, hands.SOURCE)


def _preset_saved(page: Any, stage: Stage) -> None:
    hands.save_preset(page, hands.SOURCE, "every twelfth")


def _help(page: Any, stage: Stage) -> None:
    hands.open_help(page)


def _runs(page: Any, stage: Stage) -> None:
    hands.close_help(page)
    hands.open_runs(page)


def _running(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.name_source(page, stage.media / "a long drive.mp4")
    hands.is_looked_at(page)
    hands.choose_method(page, "all")
    hands.extract(page)
    hands.extracting(page)


def _cancelled(page: Any, stage: Stage) -> None:
    hands.in_job_bar(page, "Cancel")
    hands.extraction_is(page, "cancelled")
    page.wait_for_timeout(500)


def _queued(page: Any, stage: Stage) -> None:
    hands.in_job_bar(page, "Resume")
    hands.job_bar(page, "extracting")
    hands.name_source(page, stage.media / LONG_NAME)
    hands.is_looked_at(page)
    hands.extract(page)
    hands.job_bar(page, "waiting")
    hands.open_jobs(page)
    page.wait_for_timeout(700)


def _long_name(page: Any, stage: Stage) -> None:
    hands.close_jobs(page)
    hands.in_job_bar(page, "Cancel")
    hands.extraction_is(page, "done")
    page.wait_for_timeout(800)


def _done(page: Any, stage: Stage) -> None:
    hands.name_source(page, stage.media / "juggle.mp4")
    hands.is_looked_at(page)
    hands.choose_method(page, "every_nth")
    hands.every(page, "3")
    hands.extract(page)
    hands.extraction_is(page, "done")
    page.wait_for_timeout(800)


def _jobs_done(page: Any, stage: Stage) -> None:
    hands.open_jobs(page)
    page.wait_for_timeout(500)


def _interrupted(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.name_source(page, stage.media / "a long drive.mp4")
    hands.is_looked_at(page)
    hands.choose_method(page, "keyframes")
    hands.choose_method(page, "every_nth")
    hands.every(page, "2")
    hands.extract(page)
    hands.extracting(page)
    stage.serve()
    hands.go(page, stage.address)
    hands.extraction_is(page, "interrupted")
    page.wait_for_timeout(800)


def _resumed(page: Any, stage: Stage) -> None:
    hands.in_job_bar(page, "Resume")
    hands.extracting(page)
    hands.in_job_bar(page, "Cancel")
    hands.extraction_is(page, "cancelled")


def _refused(text: str) -> Any:
    def reach(page: Any, stage: Stage) -> None:
        hands.name_source(page, text.format(media=stage.media))
        hands.source_error(page)

    return reach


def _address(page: Any, stage: Stage) -> None:
    hands.name_source(page, "https://video.example/watch?v=abc")
    hands.address_offered(page)


def _cut_off(page: Any, stage: Stage) -> None:
    hands.name_source(page, stage.media / "broken.mp4")
    hands.broken_said(page)


def _half(page: Any, stage: Stage) -> None:
    hands.name_source(page, stage.media / "half a film.mp4")
    hands.is_looked_at(page)
    page.wait_for_timeout(800)


def _half_extracted(page: Any, stage: Stage) -> None:
    hands.choose_method(page, "all")
    hands.extract(page)
    hands.extraction_ended(page)
    page.wait_for_timeout(800)


def _stranger(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.job_bar(page, "Nothing is running")


SCENES = (
    Scene(
        "source",
        "form",
        (
            State("empty", _start),
            State("source-named", _named),
            State("method-best", _best),
            State("method-every-nth", _method),
            State("wrong-number", _wrong_number),
            State("pre-filters-unfolded", _pre_filters),
            State("quality-weights-unfolded", _weights_fold),
            State("files-unfolded", _files_fold),
            State("faces-unfolded", _faces_fold),
            State("face-models-refused", _half_a_pack, weights=True),
            State("faces-on", _faces_on, weights=True),
            State("photo-which-face", _photo, weights=True),
            State("photo-taken", _photo_taken, weights=True),
            State("preset-asks-for-name", _preset_name),
            State("preset-saved", _preset_saved),
            State("key-help", _help),
            State("run-picker", _runs),
        ),
    ),
    Scene(
        "source",
        "refusals",
        (
            State("path-outside", lambda page, stage: (_start(page, stage), _refused("/etc/passwd")(page, stage))),
            State("path-missing", _refused("{media}/no such film.mp4")),
            State("path-is-a-folder", _refused("{media}")),
            State("path-is-no-video", _refused("{media}/notes.mp4")),
            State("web-address", _address),
            State("film-cut-off", _cut_off),
            State("film-with-an-index-cut-off", _half),
            State("film-cut-off-extracted", _half_extracted),
        ),
    ),
    Scene(
        "source",
        "extraction",
        (
            State("running", _running),
            State("cancelled", _cancelled),
            State("job-list-open", _queued),
            State("long-name-done", _long_name),
            State("done", _done, main=True),
            State("job-list-done", _jobs_done),
        ),
    ),
    Scene(
        "source",
        "restart",
        (
            State("interrupted", _interrupted),
            State("resumed-cancelled", _resumed),
        ),
    ),
    Scene("source", "second browser", (State("second-browser", _stranger),)),
)
