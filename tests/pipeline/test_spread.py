"""The best N, spread: what holds on any table. That the browser chooses the same is in tests/ui/test_page_select.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.metrics.colours import LIMITS
from core.pipeline import spread
from core.pipeline.notes import notes
from core.pipeline.select import select
from core.settings.best import SPREADS
from core.settings.filter import FilterSettings
from core.settings.model import changed
from tests.tables import table

LOOKS = st.integers(0, 2**64 - 1)


@st.composite
def films(draw, kinds=SPREADS):
    """A table of shots, each of one look with small changes, and filters that ask for the best of it."""
    frames = draw(st.integers(0, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    looks = rng.integers(0, 2**64, max(1, draw(st.integers(1, 40))), dtype=np.uint64)
    noise = np.uint64(1) << rng.integers(0, 64, frames).astype(np.uint64)
    hashes = looks[np.sort(rng.integers(0, len(looks), frames))] ^ np.where(rng.random(frames) < 0.5, noise, 0)
    hashed = [int(h) if known else None for h, known in zip(hashes, rng.random(frames) < 0.95, strict=True)]
    scores = np.where(rng.random(frames) < 0.1, np.nan, rng.integers(0, 20, frames))
    made = table(frames, step=0.04, phash=hashed, error=(0,) if frames > 9 else (), picture_score=scores)
    hand = rng.permutation(max(1, frames))[:6].tolist()
    keep, reject = tuple(hand[: draw(st.integers(0, 2))]), tuple(hand[2 : 2 + draw(st.integers(0, 3))])
    wanted = {"best": draw(st.integers(1, 40)), "spread": draw(st.sampled_from(kinds)), "keep": keep, "reject": reject}
    return made, FilterSettings(**wanted)


def near(made, i, j):
    """The rule of near-duplicates, once more and slowly."""
    if not (made.has_phash[i] and made.has_phash[j]) or int(made.phash[i] ^ made.phash[j]).bit_count() > spread.ALIKE:
        return False
    apart = np.abs(made.colours[i].astype(int) - made.colours[j].astype(int))
    return not (made.has_colours[i] and made.has_colours[j]) or bool((apart <= LIMITS).all())


@given(films())
@settings(max_examples=60, deadline=None)
def test_no_two_of_them_are_near_duplicates_and_kept_frames_count(film):
    made, filters = film
    kept = np.flatnonzero(select(made, filters).keep).tolist()
    by_hand = {row for row in filters.keep if row < len(made) and not made.error[row]}
    assert by_hand <= set(kept)
    assert not set(filters.reject) & set(kept)
    assert len(kept) <= max(filters.best, len(by_hand))
    chosen = [row for row in kept if row not in by_hand]
    assert not any(near(made, i, j) for i in chosen for j in kept if i != j)


@given(films())
@settings(max_examples=60, deadline=None)
def test_fewer_only_where_every_other_frame_is_near_one_of_them_and_it_says_so(film):
    made, filters = film
    found = select(made, filters)
    kept = np.flatnonzero(found.keep).tolist()
    if len(kept) >= filters.best:
        return
    others = [row for row in np.flatnonzero(~found.keep) if found.reasons[found.reason[row]] == "spread"]
    assert all(any(near(made, row, one) for one in kept) for row in others)
    said = notes(made, filters, found)
    assert not kept or any(f"instead of {filters.best}" in note for note in said)


@given(films(kinds=("time", "time+look")))
@settings(max_examples=60, deadline=None)
def test_nine_tenths_of_the_parts_have_one_unless_all_their_frames_are_near_one(film):
    made, filters = film
    filters = changed(filters, keep=())
    found = select(made, filters)
    kept = np.flatnonzero(found.keep).tolist()
    windows = np.arange(len(made)) * filters.best // max(1, len(made))  # frames are evenly apart
    if 10 * len(set(windows[kept].tolist())) >= 9 * filters.best:
        return
    empty = set(windows.tolist()) - set(windows[kept].tolist())
    usable = [row for row in np.flatnonzero(found.reason > 0) if found.reasons[found.reason[row]] == "spread"]
    for row in (row for row in usable if windows[row] in empty):
        assert any(near(made, row, one) for one in kept) or len(kept) == filters.best


@given(films())
@settings(max_examples=40, deadline=None)
def test_a_rejected_one_is_replaced_and_the_same_question_has_the_same_answer(film):
    made, filters = film
    before = select(made, filters)
    assert select(made, filters).kept.tolist() == before.kept.tolist()
    mine = [row for row in before.kept.tolist() if row not in filters.keep]
    if not mine:
        return
    after = select(made, changed(filters, reject=(*filters.reject, mine[0])))
    assert mine[0] not in after.kept
    if len(after.kept) < len(before.kept):  # nothing else is left that differs
        assert any("instead of" in note for note in notes(made, filters, after)) or not len(after.kept)


def walk(seed, frames=60):
    """A film whose look drifts by one bit of its hash from frame to frame."""
    rng = np.random.default_rng(seed)
    looks = np.bitwise_xor.accumulate(np.uint64(1) << rng.integers(0, 64, frames).astype(np.uint64))
    return table(frames, phash=looks.tolist(), picture_score=frames + rng.permutation(frames))


@pytest.mark.parametrize("seed", [8, 149])
def test_what_gives_way_to_another_of_its_part_leaves_room_for_one_more(seed):
    made = walk(seed)
    kept = select(made, FilterSettings(best=20)).kept.tolist()
    assert all(any(near(made, row, one) for one in kept) for row in range(len(made)))


@given(films())
@settings(max_examples=60, deadline=None)
def test_what_is_chosen_by_hand_moves_no_more_of_the_others_than_it_has_to(film):
    made, filters = film
    asked = changed(filters, keep=(), reject=())
    mine = set(select(made, asked).kept.tolist())
    for row in sorted(mine)[:3]:
        assert mine - {row} <= set(select(made, changed(asked, reject=(row,))).kept.tolist())
        assert mine == set(select(made, changed(asked, keep=(row,))).kept.tolist())


def test_a_frame_that_is_kept_takes_the_place_of_the_one_that_stood_for_it():
    made = walk(3, 300)
    before = select(made, FilterSettings(best=6))
    apart = [n for n in before.reason.nonzero()[0] if sum(near(made, n, one) for one in before.kept) == 0]
    kept = apart[0]
    after = set(select(made, FilterSettings(best=6, keep=(int(kept),))).kept.tolist())
    assert after == set(before.kept.tolist()) - {int(before.stand_in[kept])} | {int(kept)}


def test_each_refused_frame_has_one_that_stands_for_it():
    made = table(60, phash=[(1 << (row // 10 * 9)) - 1 for row in range(60)], picture_score=range(60, 120))
    found = select(made, FilterSettings(best=6))
    assert found.stand_in[found.keep].tolist() == [-1] * len(found.kept)
    refused = np.flatnonzero(~found.keep)
    assert set(found.stand_in[refused].tolist()) <= set(found.kept.tolist())
    assert all(row // 10 == stand // 10 for row, stand in zip(refused, found.stand_in[refused], strict=True))


def test_motion_takes_a_frame_for_each_step_of_displacement():
    steps = [0.0] * 50 + [1.0] * 50
    made = table(100, phash=[None] * 100, displacement=steps, picture_score=[50.0] * 100)
    kept = select(made, FilterSettings(best=10, spread="motion")).kept
    assert np.count_nonzero(kept >= 50) >= 9
    assert np.diff(kept[kept >= 50]).max() <= 10


@pytest.mark.parametrize("spread", SPREADS)
def test_what_is_far_worse_than_good_frames_is_never_one_of_the_best(spread):
    rng = np.random.default_rng(0)
    score = [*rng.uniform(25, 50, 100), *rng.uniform(0.4, 2.4, 100)]
    made = table(200, phash=rng.integers(0, 2**63, 200).tolist(), picture_score=score)
    filters = FilterSettings(best=20, spread=spread)
    found = select(made, filters)
    assert len(found.kept) == 20
    assert found.kept.max() < 100
    assert {found.reasons[code] for code in found.reason[100:]} == {"poor"}
    by_hand = select(made, changed(filters, keep=(150,)))
    assert 150 in by_hand.kept
    assert len(by_hand.kept) == 20
    static = table(100, phash=rng.integers(0, 2**63, 100).tolist(), picture_score=score[100:])
    assert len(select(static, filters).kept) == 20
    assert any("the best of these is a fair picture: picture scores of 2." in note for note in notes(static, filters))
    assert not any("fair picture" in note for note in notes(made, filters))
    few = table(200, phash=[0] * 100 + made.phash[100:].tolist(), picture_score=score)
    assert any("left out: 100 frames far worse than the good ones" in note for note in notes(few, filters))


def test_a_dark_or_soft_scene_is_not_left_out():
    score = [45.0 + i % 5 for i in range(100)] + [6.0 + i % 3 for i in range(100)]
    made = table(200, phash=[None] * 200, picture_score=score)
    assert np.count_nonzero(select(made, FilterSettings(best=20, spread="time")).kept >= 100) >= 8


def test_by_motion_each_step_has_its_frame_however_bad_it_is_and_by_time_nine_of_ten():
    score = [50.0 + i % 7 for i in range(90)] + [6.0 + i % 3 for i in range(10)]
    made = table(100, phash=[None] * 100, displacement=[0.0, *[1.0] * 99], picture_score=score)
    assert np.unique(select(made, FilterSettings(best=10, spread="motion")).kept // 10).tolist() == list(range(10))
    assert np.unique(select(made, FilterSettings(best=10, spread="time")).kept // 10).tolist() == list(range(9))


def test_a_step_that_is_not_known_counts_as_the_mean_for_each_source_frame_that_passed():
    steps = [0.0, 1.0, np.nan, 3.0, np.nan, 2.0]
    made = table(6, displacement=steps)
    made.ordinal[4:] += 4  # five frames passed before the fifth of the table
    assert spread.displaced(made).tolist() == [0.0, 1.0, 2.0, 3.0, 10.0, 2.0]
    assert spread.moved(made).tolist() == [0.0, 1.0, 3.0, 6.0, 16.0, 18.0]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([0.0, *[np.nan] * 3, 1.0, 1.0, np.nan], "known of 2 of 7 frames, those whose frame before was decoded too"),
        ([0.0, 0.1, 0.1, 0.0, 0.2, 0.05, 0.0], "moves by 0.45 % of its diagonal in all, so it stands still"),
        (None, "known of 0 of 7 frames"),
    ],
)
@pytest.mark.parametrize("kind", ["motion", "all", "time+look"])
def test_without_displacement_the_looks_are_followed_and_it_is_said(steps, said, kind):
    columns = {} if steps is None else {"displacement": steps}
    made = table(7, phash=[0, 0, 0, 3, 3, 3, 127], picture_score=[5.0] * 7, **columns)
    assert spread.displaced(made) is None
    assert spread.moved(made).tolist() == [0, 0, 0, 2, 2, 2, 7]
    told = [note for note in notes(made, FilterSettings(best=2, spread=kind)) if "motion follows" in note]
    assert (said in told[0]) if kind != "time+look" else not told
    assert not [note for note in notes(made, FilterSettings(spread=kind)) if "motion follows" in note]


def test_the_order_of_rank_decides_where_all_else_is_alike():
    scores = [1.0, 9.0, 1.0, 1.0, 1.0, 1.0, 8.0, 1.0]
    made = table(8, phash=[None] * 8, sharpness=scores)
    assert select(made, FilterSettings(best=2, rank_by="sharpness", spread="time")).kept.tolist() == [1, 6]


@pytest.mark.parametrize(("values", "lower", "wanted"), [([], False, []), ([3.0], False, [10_000])])
def test_quality_of_none_and_of_one(values, lower, wanted):
    rows = np.arange(len(values))
    assert spread.qualities(np.array(values), rows, lower).tolist() == wanted


def slow_among_neighbours(quality, times):
    found = []
    for i, own in enumerate(quality):
        around = [j for j in range(max(0, i - 60), i + 61) if j != i and j < len(quality)]
        around = [quality[j] for j in around if abs(times[j] - times[i]) <= 1.0]
        share = sum(other < own for other in around) * 10_000 // len(around) if around else own
        found.append((own + share) // 2)
    return found


@pytest.mark.parametrize("rate", [0.5, 1, 4, 25, 120, 1000])
@pytest.mark.parametrize("kinds", [3, 10_001])
def test_half_of_the_quality_is_that_among_the_frames_within_a_second(rate, kinds):
    dice = np.random.default_rng(round(rate) + kinds)
    quality = dice.integers(0, kinds, 400).astype(np.int64)
    times = np.cumsum(dice.uniform(0.5, 1.5, 400)) / rate
    assert spread.among_neighbours(quality, times).tolist() == slow_among_neighbours(quality.tolist(), times.tolist())


def test_a_frame_with_none_around_it_keeps_its_quality():
    times = np.array([0.0, 5.0, 5.5, 9.0])
    assert spread.among_neighbours(np.array([7, 0, 10_000, 3]), times).tolist() == [7, 0, 10_000, 3]
    assert spread.among_neighbours(np.array([10_000]), np.zeros(1)).tolist() == [10_000]
    assert spread.among_neighbours(np.zeros(0, np.int64), np.zeros(0)).tolist() == []


def test_a_softer_scene_is_not_left_out():
    """Shots of two scenes by turns; each frame of one is better than any of the other."""
    frames = np.arange(240)
    soft = frames // 12 % 2 == 1
    dice = np.random.default_rng(2)
    score = np.where(soft, 30.0, 60.0) + dice.uniform(0, 10, 240)
    bits = [sum(1 << int(bit) for bit in dice.choice(64, 7, replace=False)) for _ in frames]
    looks = [some ^ (0xF0F0F0F0F0F0F0F0 if other else 0) for some, other in zip(bits, soft, strict=True)]
    made = table(240, phash=looks, picture_score=score.tolist())
    for best in (8, 12, 20):
        kept = select(made, FilterSettings(best=best)).kept
        assert 0 < np.count_nonzero(soft[kept]) <= best // 2
        for one in kept:
            shot = score[frames // 12 == one // 12]
            assert np.mean(shot > score[one]) < 0.5


def test_quality_is_the_share_of_the_others_that_are_worse():
    values, rows = np.array([2.0, np.nan, 2.0, 7.0, 1.0]), np.arange(5)
    assert spread.qualities(values, rows, False).tolist() == [5000, 0, 5000, 10_000, 2500]
    assert spread.qualities(values, rows, True).tolist() == [5000, 0, 5000, 2500, 10_000]
