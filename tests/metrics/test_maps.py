"""The loops over the maps of judgement against slow twins, on maps of any kind."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.metrics import calls
from core.metrics.judge import NOISE_IN_ENERGY
from core.metrics.moment import peak_change
from tests.metrics.test_judge import PICTURES, fast
from tests.metrics.test_moment import slow_change, slow_clutter


@st.composite
def maps(draw):
    """Points of three frames, uint8, and detail, float32, of which bars are NaN."""
    rows, columns = draw(st.integers(1, 12)), draw(st.integers(1, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([1, 12, 40, 256]))
    first = rng.integers(0, 256, (rows, columns))
    others = [np.clip(first + rng.integers(-spread, spread + 1, first.shape), 0, 255) for _ in range(2)]
    sharp = rng.gamma(1.0, 5.0, first.shape).astype(np.float32)
    top, left = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    sharp[:top], sharp[:, :left], sharp[rows - top :] = np.nan, np.nan, np.nan
    return [one.astype(np.uint8) for one in (first, *others)], sharp


def slow_moving(points, before, after, sharp, levels, most, tenth):
    measured = sharp >= 0
    here = points.astype(int)
    change = np.minimum(abs(here - before), abs(here - after))
    region = change > levels
    if np.count_nonzero(region & measured) > most * region.size:
        among = np.sort(change[measured])
        region = change > among[len(among) - 1 - int(len(among) * tenth)]
    wide = region.copy()
    wide[:, 1:] |= region[:, :-1]
    wide[:, :-1] |= region[:, 1:]
    return np.count_nonzero(wide & measured), math.fsum(sharp[wide & measured].astype(float))


@settings(max_examples=200, deadline=None)
@given(maps(), st.sampled_from([(14, 0.35, 0.1), (3, 0.05, 0.25), (0, 1.0, 0.1)]))
def test_what_moves_and_its_detail(made, limits):
    points, sharp = made
    found, total = calls.moving(*points, sharp, *limits)
    wanted, detail = slow_moving(*points, sharp, *limits)
    assert found == wanted
    assert total == pytest.approx(detail, rel=1e-12, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(maps(), st.integers(1, 300))
def test_the_largest_changes_and_the_border(made, most):
    points, sharp = made
    flat = [abs(one.astype(int) - points[0]).ravel() for one in points[1:]]
    for others, change in ((points[1:2], flat[0]), (points[1:], flat[0] + flat[1])):
        assert calls.change(points[0], others, most) == int(np.sort(change)[-most:].sum())
    found = calls.border(sharp, 2)
    assert (found is None) == (not (sharp >= 0).any())
    if found and np.ptp(np.flatnonzero((sharp >= 0).any(axis=0))) >= 1:  # the twin takes two columns at each side
        assert found[0] / (found[1] + 0.1) == pytest.approx(slow_clutter(sharp), rel=1e-5)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("full_range", [False, True])
def test_detail_and_means_of_each_block(name, full_range):
    found = fast(PICTURES[name], full_range=full_range)
    scale, energy = 1.0 if full_range else 255 / 219, found.maps.energy.astype(float)
    noise = 0.0 if math.isnan(found.noise) else found.noise
    wanted = np.sqrt(np.maximum(energy * scale**2 / 256 - NOISE_IN_ENERGY * noise**2, 0))
    wanted[energy < 0] = np.nan
    assert found.sharp == pytest.approx(wanted, rel=1e-4, abs=1e-3, nan_ok=True)
    rows, columns = (size // 4 for size in energy.shape)
    means = found.maps.points[: rows * 4, : columns * 4].reshape(rows, 4, columns, 4).mean(axis=(1, 3))
    assert np.array_equal(found.groups, means.astype(np.float32))


def test_a_change_is_that_of_the_fastest_fiftieth():
    rng = np.random.default_rng(1)
    frames = [fast(rng.integers(0, 256, (160, 240)).astype(np.uint8)) for _ in range(3)]
    points = [frame.maps.points for frame in frames]
    assert peak_change(*frames) == pytest.approx(slow_change(*points), rel=1e-12)
