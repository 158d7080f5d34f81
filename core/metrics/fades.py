"""Whether a picture fades: lies in the middle between two others, in what no movement of the camera explains.

Compared by one pixel of each block of 8x8 (``Maps.points``) and the means of groups of them (``Judged.groups``).
Formulas and limits: docs/formats.md, Judgement.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.judge import Groups, Judged, Points
from core.metrics.layout import BLOCK_SIDE, GROUP_SIDE

CHANGED, COARSE_CHANGED = 3, 1.5
"""Levels between both others from which a point, or the mean of a group of them, tells of a fade ..."""
BETWEEN, BETWEEN_LEVELS, COARSE_LEVELS = 0.25, 0.75, 0.1
"""... which it does where it lies in their middle, within this share of the difference and so many levels."""
FEWEST_GROUPS, FADES, FADES_FOR_SURE = 24, 0.5, 0.8
"""Groups that are enough; share of them that does so at least in a fade; share of points from which a picture with
fewer groups fades. What moves within a group hardly changes its mean."""
STEADY, LEAST_CHANGE = 1 / 3, 0.1
"""Share of the points: those that a movement of the camera changes least; levels that are as good as no change."""
STEADY_WEIGHS, FADES_TOGETHER = 0.8, 1.15
"""A picture fades where the share of groups in the middle, and the change of the steady points over that of all points
times the first number, are the second together. In slow pans over soft pictures most groups lie in the middle, too, but
few steady points change; in a fade they change as the others do."""
Three = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""The same map of a picture before, of that between, and of one after."""


def fades(before: Judged, frame: Judged, after: Judged) -> bool:
    """Returns whether a frame is in the middle of a fade between two others; never where their sizes differ."""
    if len({(one.height, one.width) for one in (before, frame, after)}) > 1:
        return False
    side = _inside(frame, GROUP_SIDE)
    groups = before.groups[side], frame.groups[side], after.groups[side]
    if groups[0].size < FEWEST_GROUPS or min(groups[0].shape) < 2:
        return _small_one_fades(before, frame, after)
    share = in_the_middle(groups, COARSE_CHANGED, COARSE_LEVELS)
    if share < FADES:
        return False
    rows, columns = (slice(part.start * GROUP_SIDE, part.stop * GROUP_SIDE) for part in side)
    points = tuple(one.maps.points[rows, columns] for one in (before, frame, after))
    return share + STEADY_WEIGHS * steady_change(points, groups) >= FADES_TOGETHER


def _small_one_fades(before: Judged, frame: Judged, after: Judged) -> bool:
    side = _inside(frame, 1)
    first, middle, last = (one.maps.points[side].astype(np.int16) for one in (before, frame, after))
    return in_the_middle((first, middle, last), CHANGED, BETWEEN_LEVELS) >= FADES_FOR_SURE


def _inside(frame: Judged, side: int) -> tuple[slice, slice]:
    """The rows and columns of a map of squares of so many points a side that touch no bar."""
    top, bottom, left, right = frame.bars
    high, wide = frame.every * BLOCK_SIDE * side, BLOCK_SIDE * side
    rows, columns = (size // side for size in frame.maps.points.shape)
    return (
        slice(-(-top // high), min(rows, max(0, frame.height - bottom) // high) if bottom else rows),
        slice(-(-left // wide), min(columns, max(0, frame.width - right) // wide) if right else columns),
    )


def in_the_middle(three: Three, least: float, slack: float) -> float:
    """Returns the share (0-1) of points that change between the two others and lie in their middle.

    Args:
        three: before, between and after, (rows, columns) of a type that holds negative numbers.
        least: levels by which a point changes at least.
        slack: levels that it may lie beside the middle, more than a quarter of the change.
    """
    before, middle, after = three
    apart = np.abs(after - before)
    off = np.abs(2 * middle - before - after)  # twice the distance from the middle
    found = (apart >= least) & (off <= 2 * (BETWEEN * apart + slack))
    return float(np.count_nonzero(found)) / found.size if found.size else 0.0


def steady_change(points: tuple[Points, ...], groups: tuple[Groups, Groups, Groups]) -> float:
    """Returns how much the third of the points that a moving camera changes least does change, over the mean change.

    About 1 in a fade, little in a pan, zoom or turn. How the picture would have moved is the least squares solution of
    the change by the gradients, each times 1, x and y (Horn and Schunck's constraint, 1981, for affine motion).

    Args:
        points: before, between and after, each (rows, columns) uint8.
        groups: the means of their groups.
    """
    across, down, x, y = _slopes(groups[1])
    columns = np.stack([(slope * by).ravel() for slope in (across, down) for by in (np.float32(1), x, y)], axis=1)
    motion, *_ = np.linalg.lstsq(columns, (groups[2] - groups[0]).ravel(), rcond=None)
    across, down, x, y = _slopes(points[1])
    expected = np.abs(across * _along(motion[:3], x, y) + down * _along(motion[3:], x, y)).ravel()
    change = np.abs(points[2].astype(np.int16) - points[0]).ravel()
    steady = expected <= np.partition(expected, int(expected.size * STEADY))[int(expected.size * STEADY)]
    return float(np.mean(change[steady])) / (float(np.mean(change)) + LEAST_CHANGE)


def _slopes(picture: Points | Groups) -> tuple[Groups, Groups, Groups, Groups]:
    """Differences across and down, (rows, columns), and places: x (columns,) and y (rows, 1), 0 in the middle."""
    down, across = np.gradient(picture.astype(np.float32))
    y, x = (np.arange(size, dtype=np.float32) / np.float32(size) - np.float32(0.5) for size in picture.shape)
    return np.asarray(across), np.asarray(down), x, y[:, None]


def _along(motion: Groups, x: Groups, y: Groups) -> Groups:
    """(rows, columns): a shift that grows along x and y."""
    return np.asarray(motion[0] + motion[1] * x + motion[2] * y, np.float32)
