"""Filtering & Export: a gallery, what leaves it and why, people, exports."""

from __future__ import annotations

from typing import Any

from tour import hands
from tour.stage import LONG_NAME, Stage
from tour.states import Scene, State


def _start(page: Any, stage: Stage) -> None:
    hands.go(page, stage.address)
    hands.open_tab(page, hands.FILTER)


def _no_run(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.nothing_to_show(page, "No run yet")


def _gallery(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.choose_run(page, "juggle")
    hands.gallery_rests(page)
    page.wait_for_timeout(1200)


def _bounded(page: Any, stage: Stage) -> None:
    hands.bound(page, "Quality score", 0.45)


def _kept(page: Any, stage: Stage) -> None:
    hands.view(page, "Kept")


def _best(page: Any, stage: Stage) -> None:
    _gallery(page, stage)
    hands.best_stills(page, 8)
    hands.view(page, "Kept")
    page.wait_for_timeout(1200)


def _unfolded(page: Any, stage: Stage) -> None:
    hands.unfold_filters(page, "Parts of the score")
    if page.get_by_role("region", name="Flags").count():  # a run of every n-th frame knows none
        hands.unfold_filters(page, "Flags")


def _reason(page: Any, stage: Stage) -> None:
    hands.press_reason(page)


def _selected(page: Any, stage: Stage) -> None:
    hands.view(page, "All")
    hands.keys(page, "Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "k", "ArrowDown", "x")
    hands.keys(page, "Shift+ArrowRight", "Shift+ArrowRight")


def _duplicates(page: Any, stage: Stage) -> None:
    hands.keys(page, "Escape")
    hands.remove_duplicates(page)


def _stacks(page: Any, stage: Stage) -> None:
    hands.keys(page, "g")
    hands.gallery_rests(page)


def _quota(page: Any, stage: Stage) -> None:
    hands.keys(page, "g")
    hands.quota(page, "20")
    hands.view(page, "Kept")


def _copies(page: Any, stage: Stage) -> None:
    hands.keys(page, "Home", "d")
    hands.gallery_rests(page)


def _wrong_bound(page: Any, stage: Stage) -> None:
    hands.keys(page, "Escape")
    hands.type_bound(page, "Contrast", "much")


def _nothing(page: Any, stage: Stage) -> None:
    hands.type_bound(page, "Contrast", "99.9")
    hands.view(page, "Kept")


def _sorted(page: Any, stage: Stage) -> None:
    hands.reset_filters(page)
    hands.view(page, "All")
    hands.sort_by(page, "Sort: sharpness")


def _large(page: Any, stage: Stage) -> None:
    hands.drag_to(page, "Size of the pictures", 0.99)
    hands.gallery_rests(page)


def _small(page: Any, stage: Stage) -> None:
    hands.drag_to(page, "Size of the pictures", 0.01)
    hands.gallery_rests(page)
    page.wait_for_timeout(800)


def _enlarged(page: Any, stage: Stage) -> None:
    hands.drag_to(page, "Size of the pictures", 0.27)
    hands.keys(page, "Home", "ArrowRight")
    hands.enlarge(page)
    page.wait_for_timeout(400)


def _actual(page: Any, stage: Stage) -> None:
    hands.click_enlarged(page, 0.5, 0.4)


def _two(page: Any, stage: Stage) -> None:
    hands.beside(page, 2)


def _four(page: Any, stage: Stage) -> None:
    hands.beside(page, 4)


def _export(page: Any, stage: Stage) -> None:
    hands.shrink(page)
    hands.quota(page, "20")
    hands.open_export(page)
    page.wait_for_timeout(800)


def _export_refused(page: Any, stage: Stage) -> None:
    hands.export_to(page, "/etc/frames")
    hands.export(page)
    hands.export_refused(page)


def _exported(page: Any, stage: Stage) -> None:
    hands.export_to(page, "twenty")
    hands.export(page)
    hands.exported(page)
    page.wait_for_timeout(500)


def _people_unread(page: Any, stage: Stage) -> None:
    hands.close_export(page)
    hands.open_people(page)


def _people(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.choose_run(page, "two people")
    hands.gallery_rests(page)
    hands.open_people(page)
    page.wait_for_timeout(800)


def _named(page: Any, stage: Stage) -> None:
    hands.name_person(page, 1, "Jo the Juggler")
    page.wait_for_timeout(400)


def _same_name(page: Any, stage: Stage) -> None:
    hands.name_person(page, 2, "Jo the Juggler")
    page.wait_for_timeout(400)


def _reference(page: Any, stage: Stage) -> None:
    hands.look_for_person(page, 0)
    page.wait_for_timeout(600)


def _of_person(page: Any, stage: Stage) -> None:
    hands.close_people(page)
    hands.filter_person(page, "Jo")


def _faces_enlarged(page: Any, stage: Stage) -> None:
    hands.view(page, "Kept")
    hands.keys(page, "Home")
    hands.enlarge(page)
    page.wait_for_timeout(1000)


def _find_starts(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.choose_run(page, "juggle")
    hands.gallery_rests(page)
    hands.open_people(page)
    hands.find_people(page, stage.models / "faces")
    hands.job_bar(page, "Find people in")
    page.wait_for_timeout(1500)


def _found(page: Any, stage: Stage) -> None:
    hands.people_rest(page)


def _models_refused(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.choose_run(page, LONG_NAME.removesuffix(".mp4"))
    hands.gallery_rests(page)
    hands.open_people(page)
    hands.find_people(page, stage.models / "half of a pack")
    hands.people(page).get_by_role("alert").wait_for(timeout=hands.BROAD_MS)


def _long_name(page: Any, stage: Stage) -> None:
    _start(page, stage)
    hands.choose_run(page, LONG_NAME.removesuffix(".mp4"))
    hands.gallery_rests(page)
    page.wait_for_timeout(600)


def _runs(page: Any, stage: Stage) -> None:
    hands.open_runs(page)
    page.wait_for_timeout(400)


def _preset_name(page: Any, stage: Stage) -> None:
    page.keyboard.press("Escape")
    hands.name_preset(page, hands.FILTER)


def _help(page: Any, stage: Stage) -> None:
    page.keyboard.press("Escape")
    hands.open_help(page)


def _no_frames(page: Any, stage: Stage) -> None:
    hands.close_help(page)
    hands.choose_run(page, "nothing found")
    page.wait_for_timeout(1500)


SCENES = (
    Scene("filter", "no run", (State("no-run", _no_run),), empty=True),
    Scene(
        "filter",
        "gallery",
        (
            State("gallery", _gallery),
            State("bound-dragged", _bounded, main=True),
            State("kept-only", _kept),
            State("one-reason", _reason),
            State("selected-and-by-hand", _selected),
            State("near-duplicates", _duplicates),
            State("stacks", _stacks),
            State("quota", _quota),
            State("copies-of-a-frame", _copies),
            State("wrong-bound", _wrong_bound),
            State("no-results", _nothing),
            State("sorted-by-sharpness", _sorted),
            State("large-pictures", _large),
            State("small-pictures", _small),
            State("enlarged", _enlarged),
            State("enlarged-at-100-percent", _actual),
            State("two-side-by-side", _two),
            State("four-side-by-side", _four),
            State("export-open", _export),
            State("export-refused", _export_refused),
            State("export-done", _exported),
            State("people-not-read", _people_unread),
        ),
    ),
    Scene("filter", "best stills", (State("best-stills", _best), State("filters-unfolded", _unfolded))),
    Scene(
        "filter",
        "people",
        (
            State("people-found", _people, weights=True),
            State("person-named", _named, weights=True),
            State("two-of-one-name", _same_name, weights=True),
            State("person-as-reference", _reference, weights=True),
            State("only-one-person", _of_person, weights=True),
            State("enlarged-with-faces", _faces_enlarged, weights=True),
        ),
    ),
    Scene(
        "filter",
        "finding people",
        (
            State("people-being-found", _find_starts, weights=True),
            State("people-found-here", _found, weights=True),
            State("face-models-refused", _models_refused, weights=True),
        ),
    ),
    Scene(
        "filter",
        "long names",
        (
            State("long-name", _long_name),
            State("run-picker", _runs),
            State("preset-asks-for-name", _preset_name),
            State("key-help", _help),
            State("run-without-frames", _no_frames),
        ),
    ),
)
