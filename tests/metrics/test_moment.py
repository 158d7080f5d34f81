"""What tells the moment, against slow twins: what changes most, and what lies at the border."""

import math

import numpy as np
import pytest

from core.metrics.moment import border_clutter, merit, peak_change, share
from tests.metrics.test_judge import boxed, fast, scene


def slow_change(points, *others):
    changes = [
        sum(abs(int(p) - int(o[y, x])) for o in others) for y, row in enumerate(points) for x, p in enumerate(row)
    ]
    most = sorted(changes)[-max(1, int(len(changes) * 0.02)) :]
    return sum(most) / len(most) / len(others)


def slow_clutter(sharp):
    rows = [y for y in range(len(sharp)) if any(value >= 0 for value in sharp[y])]
    columns = [x for x in range(sharp.shape[1]) if any(value >= 0 for value in sharp[:, x])]
    squared = {
        (y, x): float(sharp[y, x]) ** 2 if sharp[y, x] >= 0 else 0.0
        for y in range(rows[0], rows[-1] + 1)
        for x in range(columns[0], columns[-1] + 1)
    }
    ring = [squared[y, x] for y in (rows[0], rows[-1]) for x in range(columns[0], columns[-1] + 1)]
    ring += [
        squared[y, x]
        for y in range(rows[0], rows[-1] + 1)
        for x in (columns[0], columns[0] + 1, columns[-1] - 1, columns[-1])
    ]
    return sum(ring) / len(ring) / (sum(squared.values()) / len(squared) + 0.1)


@pytest.mark.parametrize("bars", [(0, 0, 0, 0), (33, 40, 0, 0), (0, 0, 64, 71)])
def test_both_agree_with_their_slow_twins(bars):
    frames = [fast(boxed(np.roll(scene(), shift, axis=1), *bars)) for shift in (0, 5, 21)]
    points = [frame.maps.points for frame in frames]
    assert peak_change(frames[1], frames[0], frames[2]) == pytest.approx(
        slow_change(points[1], points[0], points[2]), rel=1e-12
    )
    assert peak_change(frames[0], None, frames[1]) == pytest.approx(slow_change(points[0], points[1]), rel=1e-12)
    assert border_clutter(frames[1]) == pytest.approx(slow_clutter(frames[1].sharp), rel=1e-6)


def test_what_is_not_known_is_none():
    frame, other, tiny = fast(scene()), fast(scene(144, 256)), fast(np.zeros((4, 4), np.uint8))
    assert peak_change(frame, None, None) is None
    assert peak_change(frame, other, None) is None
    assert peak_change(frame, other, frame) == 0.0
    assert peak_change(tiny, tiny, tiny) is None
    assert border_clutter(tiny) is None
    assert math.isnan(merit(None, 1.0))
    assert math.isnan(merit(1.0, None))


def test_bars_do_not_hide_the_border():
    whole, inside = fast(boxed(scene(), 40, 40, 0, 0)), fast(scene()[48:240])
    assert border_clutter(whole) == pytest.approx(
        border_clutter(inside), rel=0.1
    )  # the outermost pixels of a picture have no gradient


def test_a_thing_at_the_border_costs_and_one_inside_does_not():
    free = np.full((288, 512), 90, np.uint8)
    free[100:180, 200:280] = scene(80, 80, scale=0.6)
    cut = np.roll(free, 188, axis=0)  # the same thing, of which the lower side is out of the picture
    assert merit(5.0, border_clutter(fast(cut))) < merit(5.0, border_clutter(fast(free)))


def test_a_share_is_a_half_among_equals_and_rises():
    assert share(-2.0, -2.0) == 0.5
    assert share(-1.0, -2.0) > 0.5 > share(-3.0, -2.0)
