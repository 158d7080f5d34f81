import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pipeline.select import REASONS, digest, reason_of, select
from core.records import FrameTable
from core.settings.columns import FILTERABLE
from core.settings.filter import FilterSettings
from core.settings.model import changed
from tests.tables import table

NAN = math.nan


def reasons(chosen):
    return [chosen.reasons[code] for code in chosen.reason]


EVERYTHING = FilterSettings(
    min={"sharpness": 1.0},
    max={"face_distance": 1.0},
    shots=(1,),
    dedup=3,
    top=1,
    top_percent=50.0,
    per_shot=1,
    per_shot_percent=1.0,
    per_window=1,
    per_window_percent=1.0,
    at_least=5,
    keep=(1,),
    reject=(2,),
)


@pytest.mark.parametrize("filters", [FilterSettings(), EVERYTHING])
def test_empty_table_gives_an_empty_selection(filters):
    chosen = select(table(0), filters)
    assert (len(chosen.keep), chosen.kept.tolist(), chosen.counts()) == (0, [], {})
    assert all(count == 0 for count in chosen.only_by.values())


def test_no_filter_keeps_all_but_errors_and_discards():
    made = table(4, error=[1], discarded=["", "", "contrast", "face"])
    chosen = select(made, FilterSettings())
    assert reasons(chosen) == ["", "error", "contrast", "face"]
    assert chosen.counts() == {"error": 1, "contrast": 1, "face": 1}
    assert (chosen.only_by, chosen.relaxed, chosen.duplicate_of.tolist()) == ({}, {}, [-1] * 4)


def test_unknown_discard_reason_keeps_its_name():
    chosen = select(table(4, discarded=["zebra", "", "odd", "zebra"]), FilterSettings())
    assert reasons(chosen) == ["zebra", "", "odd", "zebra"]
    assert chosen.reasons[: len(REASONS)] == REASONS


@pytest.mark.parametrize("texts", [["", ""], ["b", "", "a", "b", "abc", "ab"], ["face", "odd", "quality"]])
def test_every_discard_keeps_its_name(texts):
    chosen = select(table(len(texts), discarded=texts), FilterSettings())
    assert reasons(chosen) == texts
    assert chosen.reasons == (*REASONS, *dict.fromkeys(text for text in texts if text not in REASONS))


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("quality_score", "quality"),
        ("entropy", "entropy"),
        ("face_count", "face"),
        ("max_face_confidence", "face"),
        ("max_face_area_pct", "face"),
        ("face_distance", "face"),
        ("mask_area_pct", "mask"),
        ("mask_score", "mask"),
        ("reid_similarity", "identity"),
        ("subject_sharpness", "subject_sharpness"),
        ("subject_quality_score", "subject_quality_score"),
    ],
)
def test_bounds_are_inclusive_and_name_their_reason(column, reason):
    made = table(4, **{column: [1.0, 2.0, 3.0, NAN]})
    assert reason_of(column) == reason
    lower = select(made, FilterSettings(min={column: 2.0}))
    assert reasons(lower) == [reason, "", "", reason]
    assert lower.only_by == {f"min {column}": 2}
    both = select(made, FilterSettings(min={column: 2.0}, max={column: 2.0}))
    assert reasons(both) == [reason, "", reason, reason]
    assert both.only_by == {f"min {column}": 1, f"max {column}": 1}


def test_bound_on_a_column_that_was_never_measured_refuses_all():
    chosen = select(table(2), FilterSettings(min={"mask_score": 0.0}))
    assert reasons(chosen) == ["mask", "mask"]


def test_first_rule_names_the_reason():
    made = table(
        6,
        error=[0],
        discarded=["face", "face", "", "", "", ""],
        quality_score=[0, 0, 0, 5, 5, 5],
        sharpness=[0, 0, 0, 0, 5, 5],
        shot=[0, 0, 0, 0, 0, 1],
    )
    chosen = select(made, FilterSettings(min={"sharpness": 1.0, "quality_score": 1.0}, shots=(1,), reject=(0, 5)))
    assert reasons(chosen) == ["error", "face", "quality", "sharpness", "shot", "manual"]
    assert list(chosen.counts()) == ["error", "quality", "sharpness", "face", "shot", "manual"]
    assert chosen.only_by == {"min quality_score": 0, "min sharpness": 0, "shot": 1, "manual": 1}


def test_all_bounds_at_once_fit():
    columns = {name: [50.0, 150.0, -50.0] for name in FILTERABLE}
    limits = FilterSettings(min=dict.fromkeys(FILTERABLE, 0.0), max=dict.fromkeys(FILTERABLE, 100.0), shots=(0,))
    chosen = select(table(3, shot=[0, 0, 0], **columns), limits)
    assert reasons(chosen) == ["", "quality", "quality"]
    assert set(chosen.only_by.values()) == {0}
    assert len(chosen.only_by) == 2 * len(FILTERABLE) + 1


@pytest.mark.parametrize("count", range(1, 19))
def test_every_number_of_rules_is_packed_right(count):
    names = FILTERABLE[:count]
    columns = {name: [1.0] * i + [0.0] + [1.0] * (count - i) for i, name in enumerate(names)}
    chosen = select(table(count + 1, **columns), FilterSettings(min=dict.fromkeys(names, 0.5)))
    assert reasons(chosen) == [*map(reason_of, names), ""]
    assert set(chosen.only_by.values()) == {1}


def test_duplicates_keep_the_best():
    made = table(6, phash=[0, 1, 0xFF00, None, None, 3], quality_score=[1, 3, 1, 1, 1, NAN])
    chosen = select(made, FilterSettings(dedup=1))
    assert reasons(chosen) == ["duplicate", "", "", "", "", "duplicate"]
    assert chosen.duplicate_of.tolist() == [1, -1, -1, -1, -1, 1]
    assert chosen.only_by == {"duplicate": 2}


def test_refused_frames_have_no_duplicates():
    made = table(2, phash=[0, 0], quality_score=[9, 1], sharpness=[0, 9])
    chosen = select(made, FilterSettings(dedup=0, min={"sharpness": 1.0}))
    assert reasons(chosen) == ["sharpness", ""]


def test_equal_rank_keeps_the_earlier_frame():
    assert reasons(select(table(2, phash=[0, 0]), FilterSettings(dedup=0))) == ["", "duplicate"]


@pytest.mark.parametrize(("rank_by", "best"), [("sharpness", 1), ("face_distance", 0), ("mask_score", 0)])
def test_best_is_the_highest_but_for_a_distance(rank_by, best):
    made = table(3, sharpness=[1, 2, NAN], face_distance=[0.1, 0.2, NAN])
    assert select(made, FilterSettings(top=1, rank_by=rank_by)).kept.tolist() == [best]


@pytest.mark.parametrize(
    ("quota", "kept"),
    [
        ({"top": 0}, []),
        ({"top": 2}, [1, 4]),
        ({"top": 99}, [0, 1, 2, 3, 4, 5]),
        ({"top_percent": 0.1}, [1]),
        ({"top_percent": 50.0}, [1, 2, 4]),
        ({"top_percent": 50.1}, [1, 2, 4, 5]),
        ({"per_shot": 1}, [1, 2, 4]),
        ({"per_shot_percent": 50.0}, [1, 2, 4]),
        ({"per_window": 1, "window": 2.0}, [1, 2, 4]),
        ({"per_window_percent": 100.0, "window": 2.0}, [0, 1, 2, 3, 4, 5]),
        ({"per_window": 1, "window": 6.0}, [1]),
        ({"per_shot": 1, "top": 2}, [1, 4]),
        ({"per_shot": 2, "per_window": 1, "window": 3.0, "top_percent": 50.0}, [1]),
    ],
)
def test_quotas_keep_the_best(quota, kept):
    made = table(6, quality_score=[1, 9, 5, NAN, 6, 2], shot=[0, 0, 1, 1, 2, 2])
    chosen = select(made, FilterSettings(**quota))
    assert chosen.kept.tolist() == kept
    assert chosen.only_by == {"quota": 6 - len(kept)}


@pytest.mark.parametrize(("frames", "percent", "kept"), [(1000, 1.1, 11), (1000, 7.0, 70), (3, 33.4, 2), (3, 0.0, 0)])
def test_percent_rounds_up_but_not_by_float_dust(frames, percent, kept):
    assert len(select(table(frames), FilterSettings(top_percent=percent)).kept) == kept


def test_frame_on_the_edge_of_a_window_starts_it():
    chosen = select(table(30, step=0.1), FilterSettings(per_window=1, window=0.3))
    assert chosen.kept.tolist() == list(range(0, 30, 3))


def test_choices_by_hand_override_everything_but_an_error():
    made = table(5, error=[0], discarded=["", "face", "", "", ""], phash=[0] * 5, sharpness=[9, 9, 0, 9, 9])
    filters = FilterSettings(min={"sharpness": 1.0}, dedup=0, top=1, keep=(0, 1, 2, 4, 77), reject=(3, 78))
    chosen = select(made, filters)
    assert reasons(chosen) == ["error", "", "", "manual", ""]
    assert chosen.duplicate_of.tolist() == [-1] * 5
    assert chosen.only_by == {"min sharpness": 0, "duplicate": 0, "quota": 0, "manual": 1}


def test_choices_by_hand_leave_other_frames_alone():
    made = table(4, phash=[0, 0, 0xFF, 0xFF], quality_score=[9, 1, 5, 4])
    filters = FilterSettings(dedup=0, top=1)
    assert select(made, filters).kept.tolist() == [0]
    assert select(made, changed(filters, reject=(0,))).kept.tolist() == []
    assert select(made, changed(filters, keep=(3,))).kept.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("wanted", "kept", "relaxed"),
    [
        (1, [9, 10], {}),
        (3, [8, 9, 10], {"sharpness": (7.2, None)}),
        (5, [6, 7, 8, 9, 10], {"sharpness": (5.4, None)}),
        (10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], {"sharpness": (0.9, None)}),
        (12, list(range(12)), {"sharpness": (None, None)}),
        (99, list(range(12)), {"sharpness": (None, None)}),
    ],
)
def test_bounds_are_loosened_until_enough_are_kept(wanted, kept, relaxed):
    made = table(13, error=[12], sharpness=[*range(11), NAN, 9])
    chosen = select(made, FilterSettings(min={"sharpness": 9.0}, at_least=wanted))
    assert chosen.kept.tolist() == kept
    assert chosen.relaxed == {name: pytest.approx(pair) for name, pair in relaxed.items()}


def test_only_bounds_are_loosened():
    made = table(4, error=[0], discarded=["", "face", "", ""], shot=[0, 0, 0, 1], sharpness=[1, 1, 1, 1])
    chosen = select(made, FilterSettings(max={"sharpness": 2.0}, shots=(0,), reject=(2,), at_least=4))
    assert reasons(chosen) == ["error", "face", "manual", "shot"]
    assert chosen.relaxed == {"sharpness": (None, None)}
    assert select(made, FilterSettings(at_least=9)).relaxed == {}


def test_bounds_are_not_loosened_beyond_the_top():
    chosen = select(table(5, sharpness=[1, 2, 3, 4, 5]), FilterSettings(min={"sharpness": 4.0}, top=2, at_least=4))
    assert (chosen.kept.tolist(), chosen.relaxed) == ([3, 4], {})


def test_bound_beyond_the_column_never_tightens():
    made = table(3, sharpness=[50, 60, 70], entropy=[1, 2, 3])
    chosen = select(made, FilterSettings(min={"sharpness": 10.0, "entropy": 3.0}, at_least=2))
    assert chosen.kept.tolist() == [1, 2]
    assert list(chosen.relaxed) == ["entropy"]


def test_digest_of_a_selection_is_stable():
    chosen = select(table(3), FilterSettings())
    assert digest(chosen.kept) == digest([0, 1, 2]) != digest([0, 1])
    assert list(chosen) == [0, 1, 2]


COLUMNS = ("quality_score", "sharpness", "face_distance")
numbers = st.sampled_from([NAN, 0.0, 1.0, 2.0, 3.0])


@st.composite
def tables(draw):
    frames = draw(st.integers(0, 12))

    def column(values):
        return draw(st.lists(values, min_size=frames, max_size=frames))

    return table(
        frames,
        error=[i for i, wrong in enumerate(column(st.integers(0, 5))) if wrong == 0],
        discarded=column(st.sampled_from(["", "", "face"])),
        shot=column(st.integers(-1, 2)),
        phash=column(st.none() | st.integers(0, 15)),
        **{name: column(numbers) for name in draw(st.sets(st.sampled_from(COLUMNS)))},
    )


bounds = st.dictionaries(st.sampled_from(COLUMNS), st.sampled_from([0.0, 1.0, 2.0, 3.0]))


def ordered(pair):
    """A lower bound above the upper one of its column comes down to it."""
    lower, upper = pair
    return {name: min(bound, upper.get(name, bound)) for name, bound in lower.items()}, upper


ranges = st.tuples(bounds, bounds).map(ordered)


@given(tables(), ranges, st.data())
def test_tightening_a_bound_never_adds_a_frame(made, both, data):
    lower, upper = both
    loose = select(made, FilterSettings(min=lower, max=upper))
    name = data.draw(st.sampled_from(COLUMNS))
    higher = lower.get(name, -1.0) + data.draw(st.sampled_from([0.5, 1.0]))
    tight_lower = {**lower, name: min(higher, upper.get(name, higher))}
    tight_upper = {**upper, name: max(upper.get(name, 4.0) - 1.0, lower.get(name, 0.0))}
    for filters in (FilterSettings(min=tight_lower, max=upper), FilterSettings(min=lower, max=tight_upper)):
        assert set(select(made, filters).kept.tolist()) <= set(loose.kept.tolist())


@given(tables(), ranges, st.integers(0, 12))
def test_selection_does_not_depend_on_the_division_into_rows(made, both, at):
    lower, upper = both
    filters = FilterSettings(min=lower, max=upper, shots=(0, 1), keep=(2, 5), reject=(3,))
    whole = select(made, filters)
    parts = [select(cut(made, rows), filters) for rows in (slice(0, at), slice(at, None))]
    assert np.concatenate([p.kept for p in parts]).tolist() == whole.kept.tolist()
    assert list(itertools.chain(*map(reasons, parts))) == reasons(whole)
    for name, count in whole.only_by.items():
        assert sum(p.only_by[name] for p in parts) == count


def cut(made, rows):
    others = ("values", "people", "discards")
    columns = {name: getattr(made, name)[rows] for name in FrameTable.__slots__ if name not in others}
    values = {name: column[rows] for name, column in made.values.items()}
    return FrameTable(**columns, discards=made.discards, values=values)


@given(tables(), bounds, st.integers(0, 4), st.integers(0, 4) | st.none(), st.integers(0, 3) | st.none())
def test_counts_add_up(made, lower, distance, top, per_shot):
    filters = FilterSettings(min=lower, dedup=distance, top=top, per_shot=per_shot, keep=(1,), reject=(2,))
    chosen = select(made, filters)
    assert len(chosen.kept) + sum(chosen.counts().values()) == len(made)
    assert ((chosen.duplicate_of >= 0) == (np.array(reasons(chosen)) == "duplicate")).all()
    best = [row for row in range(len(made)) if made.ordinal[row] in set(chosen.duplicate_of.tolist())]
    assert all(reasons(chosen)[row] in ("", "quota", "manual") for row in best)


@given(tables(), bounds)
def test_only_by_counts_what_would_come_back(made, lower):
    chosen = select(made, FilterSettings(min=lower))
    for name in lower:
        without = select(made, FilterSettings(min={n: b for n, b in lower.items() if n != name}))
        assert chosen.only_by[f"min {name}"] == len(without.kept) - len(chosen.kept)
