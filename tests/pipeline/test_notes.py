import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pipeline.notes import notes
from core.pipeline.select import select
from core.settings.columns import FILTERABLE
from core.settings.filter import FilterSettings
from tests.tables import table

NAN = math.nan


def measured(frames=4, **columns):
    """A run whose frames have sharpness 10, 20, ... and a score."""
    numbers = [10.0 * (i + 1) for i in range(frames)]
    looks = {"phash": list(range(frames)), "colours": [[100] * 36] * frames}
    return table(frames, **{"sharpness": numbers, "quality_score": numbers} | looks | columns)


def test_empty_run_says_what_to_do():
    assert notes(table(0), FilterSettings(min={"face_count": 1})) == ["this run has no records yet: run extract first."]


@pytest.mark.parametrize(
    "filters",
    [
        FilterSettings(),
        FilterSettings(min={"sharpness": 20.0}, keep=(1,), reject=(2,)),
        FilterSettings(dedup=0, top=3, rank_by="sharpness"),
        FilterSettings(per_window=1, window=2.0),
        FilterSettings(min={"sharpness": 99.0}, at_least=2),
    ],
)
def test_filters_that_work_need_no_note(filters):
    assert notes(measured(), filters) == []


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        (
            FilterSettings(min={"face_count": 1}),
            "no frame of this run has face_count: its faces were never read (run faces), so a bound on it refuses "
            "every frame.",
        ),
        (FilterSettings(max={"mask_score": 1}), "no frame of this run has mask_score: it was never measured"),
        (
            FilterSettings(shots=(0,)),
            "shots were never looked for in this run, so no frame is in the wanted shots: run",
        ),
        (FilterSettings(per_shot=1), "so the whole video counts as one shot: run shots first."),
        (FilterSettings(keep=(7, 8)), "this run has no frames 7, 8, kept by hand; its 4 frames are others."),
        (FilterSettings(reject=tuple(range(10, 20))), "no frames 10, 11, 12, 13, 14 and 5 more, rejected by hand"),
        (FilterSettings(keep=(2**63 - 1,)), "this run has no frame 9223372036854775807, kept by hand"),
        (
            FilterSettings(top=1, rank_by="face_count"),
            "no frame of this run has face_count, so the earliest frames count",
        ),
        (FilterSettings(rank_by="sharpness"), "ranking by sharpness changes nothing without dedup or a limit"),
        (FilterSettings(spread="time"), "spread = time changes nothing without best."),
        (FilterSettings(window=3.0), "the length of a window changes nothing without per_window"),
        (FilterSettings(at_least=3), "at_least changes nothing without a min or a max"),
        (FilterSettings(min={"sharpness": 1}, at_least=9), "4 frames are left even without bounds, fewer than the 9"),
        (FilterSettings(top=0), "top = 0 keeps no frame."),
        (FilterSettings(top_percent=0.0), "top_percent = 0 keeps no frame."),
        (
            FilterSettings(min={"sharpness": 50, "quality_score": 5}),
            "all 4 frames are refused; min sharpness = 50 alone refuses 4: the highest is 40.",
        ),
        (FilterSettings(max={"sharpness": 5.5}), "max sharpness = 5.5 alone refuses 4: the lowest is 10."),
        (
            FilterSettings(min={"sharpness": 50, "quality_score": 50}),
            "all 4 frames are refused, 4 of them by: quality. Loosen several bounds at once, or use at_least.",
        ),
        (FilterSettings(reject=(0, 1, 2, 3)), "all 4 frames are refused, 4 of them by: rejected by hand."),
    ],
)
def test_each_hint_is_one_sentence(filters, sentence):
    found = notes(measured(), filters)
    assert len(found) == 1
    assert found[0].startswith(sentence) or sentence in found[0]


@pytest.mark.parametrize(
    ("columns", "filters", "sentence"),
    [
        (
            {},
            {"min": {"picture_score": 1}},
            "an older program recorded it (run rescore --read-again), so a bound on it",
        ),
        (
            {"picture_score": [1] * 4},
            {"min": {"moment": 0.1}},
            "were not decoded, as with key frames and intervals, so",
        ),
        ({"picture_score": [1] * 4}, {"max": {"dissolve": 0}}, "intervals, so a bound on it refuses none."),
        ({"face_count": [0] * 4}, {"min": {"yaw": 0}}, "its faces were read, and there is none, so a bound on it"),
    ],
)
def test_why_a_column_is_not_there(columns, filters, sentence):
    run = measured(**columns)
    assert sentence in notes(run, FilterSettings(**filters))[0]
    assert bool(len(select(run, FilterSettings(**filters)).kept)) == ("refuses none" in sentence)


def test_shots_that_are_not_there():
    filters = FilterSettings(shots=(1, 7))
    assert notes(measured(shot=[0, 0, 1, 2]), filters) == [
        "no frame of this run is in shot 7; its frames are in shots 0 to 2."
    ]
    assert notes(measured(shot=[0, 1, 1, -1]), FilterSettings(per_shot=1)) == [
        "1 of 4 frames have no shot yet: run shots again."
    ]


def test_frames_with_an_error_cannot_be_kept():
    assert notes(measured(error=[1]), FilterSettings(keep=(1,))) == [
        "frame 1, kept by hand, cannot be kept: there is no sound picture."
    ]
    assert "by: an error in the record." in notes(measured(1, error=[0]), FilterSettings())[0]


def test_duplicates_need_hashes():
    assert notes(measured(phash=[None] * 4), FilterSettings(dedup=5)) == [
        "no frame of this run has a hash, so no duplicates can be found."
    ]


@pytest.mark.parametrize(
    ("colours", "beginning"),
    [
        ([None] * 4, "the frames of this run were recorded before colours were noted,"),
        ([[1] * 36, None, [1] * 36, [1] * 36], "1 of 4 frames were recorded before colours were noted,"),
    ],
)
def test_duplicates_without_colours_are_told_once(colours, beginning):
    old = measured(colours=colours)
    (note,) = notes(old, FilterSettings(dedup=5))
    assert note.startswith(beginning)
    assert notes(old, FilterSettings()) == []
    never_hashed = measured(phash=[1, None, 2, 3], colours=[[1] * 36, None, [1] * 36, [1] * 36])
    assert notes(never_hashed, FilterSettings(dedup=5)) == []


@pytest.mark.parametrize("sign", ["min", "max"])
@given(st.lists(st.floats(0, 100) | st.just(NAN), min_size=1, max_size=8), st.floats(0, 100))
def test_nearest_bound_would_keep_a_frame(sign, numbers, bound):
    made = table(len(numbers), sharpness=numbers)
    filters = FilterSettings(**{sign: {"sharpness": bound}})
    for sentence in notes(made, filters):
        if "alone refuses" in sentence:
            nearest = float(sentence.rstrip(".").rsplit(" ", 1)[1])
            assert select(made, FilterSettings(**{sign: {"sharpness": nearest}})).keep.any()
        else:
            assert np.isnan(numbers).all()


@given(st.dictionaries(st.sampled_from(FILTERABLE), st.floats(-1, 101)), st.integers(0, 9) | st.none(), st.data())
def test_notes_never_fail_and_change_nothing(lower, top, data):
    frames = data.draw(st.integers(0, 4))
    made = measured(frames, shot=data.draw(st.lists(st.integers(-1, 2), min_size=frames, max_size=frames)))
    filters = FilterSettings(min=lower, top=top, shots=data.draw(st.none() | st.just((0, 9))), keep=(1, 5))
    chosen = select(made, filters)
    assert notes(made, filters, chosen) == notes(made, filters)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in notes(made, filters))
    assert select(made, filters).kept.tolist() == chosen.kept.tolist()


def test_fewer_than_the_best_n_names_what_is_never_one_of_them_and_what_to_do():
    flags = {"combed": [0, 1, 1, 1, 0, 0], "titles": [0, 0, 0, 0, 1, 0], "picture_score": [50.0] * 6}
    made = table(6, error=(5,), **flags)
    assert notes(made, FilterSettings(best=4)) == [
        "1 still instead of 4: no other frame passes; left out: 1 damaged frame, 3 combed frames and 1 frame of titles "
        "(combed frames are two fields woven into one picture: deinterlace the video to use them)."
    ]
    woven = table(2, combed=[1, 1], picture_score=[50.0] * 2)
    assert notes(woven, FilterSettings(best=4)) == [
        "all 2 frames are refused, 2 of them by: combed. Combed frames are two fields woven into one picture: "
        "deinterlace the video to use them."
    ]
