"""What a frame's neighbours tell of it: whether it fades, is woven of two fields, is blank, or a title.

Compared by one pixel of each block of 8x8 (``Maps.points``). Formulas and limits: docs/formats.md, Judgement.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.judge import Judged
from core.metrics.layout import BLOCK_SIDE

Points = NDArray[np.uint8]
"""(rows, columns) uint8: ``Maps.points``."""
Groups = NDArray[np.float32]
"""(rows, columns) float32: means of groups of points."""

BLANK_FLAT = 0.985
"""Share of blocks that hold nothing from which a picture is blank."""
TITLE_FLAT, TITLE_EDGES = 0.80, 12.0
"""A title is flat in so many blocks, and as strong as this (levels a pixel) in the others."""
STILL, STILL_LEVELS = 0.70, 4
"""Share of points that a title leaves within so many levels of a neighbour."""
COMBED_BLOCKS = 0.008
"""Share of blocks that are combed and move, from which a frame is woven of two fields."""
CHANGED, COARSE_CHANGED = 3, 2.0
"""Levels between both neighbours from which a point, or the mean of a group of them, tells of a fade ..."""
BETWEEN, BETWEEN_LEVELS, COARSE_LEVELS = 0.25, 0.75, 0.25
"""... which it does where it lies in their middle, within this share of the difference and so many levels."""
FADES, FADES_FOR_SURE = 0.36, 0.8
"""Share of the points that does so at least in a fade, and from which a picture too small for groups fades."""
COARSE, FEWEST_GROUPS = 4, 24
"""Points along each side of a group, and groups that are enough. What moves within a group hardly changes its mean."""
STEADY, LEAST_CHANGE = 1 / 3, 0.1
"""Share of the points: those that a movement of the camera changes least; levels that are as good as no change."""
STEADY_WEIGHS, FADES_TOGETHER = 0.8, 1.15
"""A picture fades where the share of groups in the middle, and the change of the steady points over that of all points
times the first number, are the second together. In slow pans over soft pictures most groups lie in the middle, too, but
few steady points change; in a fade they change as the others do."""


def flags_of(frame: Judged, before: Judged | None, after: Judged | None) -> dict[str, bool]:
    """Returns the flags of a frame (names as in ``settings.columns.FLAGS``).

    Args:
        frame: the frame.
        before: the one before; ``None`` at the beginning of a video. One of another size counts as another picture.
        after: the one after; ``None`` at the end.
    """
    beside = [other for other in (before, after) if other is not None]
    same = [other.maps.points for other in beside if other.maps.points.shape == frame.maps.points.shape]
    blank = bool(frame.flat >= BLANK_FLAT)
    return {
        "dissolve": len(same) == 2 and not blank and _fades(*_inside(frame, same[0], same[1])),
        "combed": _is_combed(frame, same),
        "blank": blank,
        "titles": not blank and _is_title(frame, same),
    }


def _inside(frame: Judged, before: Points, after: Points) -> tuple[Points, Points, Points]:
    """The points of three frames, the one between second, without those in its bars."""
    top, bottom, left, right = frame.bars
    high, wide = frame.every * BLOCK_SIDE, BLOCK_SIDE
    rows = slice(-(-top // high), max(0, frame.height - bottom) // high)
    columns = slice(-(-left // wide), max(0, frame.width - right) // wide)
    return before[rows, columns], frame.maps.points[rows, columns], after[rows, columns]


def fading_share(before: Points, points: Points, after: Points) -> float:
    """Returns the share (0-1) of points that change between the neighbours and lie in their middle.

    Args:
        before: (rows, columns) uint8, as ``Maps.points``.
        points: the same, of the frame between.
        after: the same.
    """
    a, b = before.astype(np.int16), after.astype(np.int16)
    return _between(a, points.astype(np.int16), b, CHANGED, BETWEEN_LEVELS)


def _between(before: NDArray[Any], middle: NDArray[Any], after: NDArray[Any], least: float, slack: float) -> float:
    apart = np.abs(after - before)
    off = np.abs(2 * middle - before - after)  # twice the distance from the middle
    fades = (apart >= least) & (off <= 2 * (BETWEEN * apart + slack))
    return float(np.count_nonzero(fades)) / fades.size if fades.size else 0.0


def _fades(before: Points, points: Points, after: Points) -> bool:
    share = fading_share(before, points, after)
    if share < FADES or min(points.shape) < 2 * COARSE or points.size < FEWEST_GROUPS * COARSE**2:
        return share >= FADES_FOR_SURE
    groups = _coarse(before), _coarse(points), _coarse(after)
    share = _between(*groups, COARSE_CHANGED, COARSE_LEVELS)
    return share + STEADY_WEIGHS * steady_change((before, points, after), groups) >= FADES_TOGETHER


def steady_change(points: tuple[Points, Points, Points], groups: tuple[Groups, Groups, Groups]) -> float:
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


def _coarse(points: NDArray[np.uint8]) -> Groups:
    """Means of groups of COARSE x COARSE points; what is over at the right and below is left out."""
    rows, columns = points.shape[0] // COARSE, points.shape[1] // COARSE
    whole = points[: rows * COARSE, : columns * COARSE].reshape(rows, COARSE, columns * COARSE)
    # Rows first: adding whole rows is several times as quick as both at once.
    sums = whole.sum(axis=1, dtype=np.uint16).reshape(rows, columns, COARSE).sum(axis=2, dtype=np.uint16)
    return np.asarray(sums / np.float32(COARSE**2), np.float32)


def moved(points: NDArray[np.uint8], other: NDArray[np.uint8], levels: int) -> NDArray[np.bool_]:
    """Returns (rows, columns) bool: points that differ by more than so many levels."""
    return np.asarray(np.abs(points.astype(np.int16) - other.astype(np.int16)) > levels)


def _is_combed(frame: Judged, beside: list[NDArray[np.uint8]]) -> bool:
    """Whether enough blocks are combed where something moves; stripes that stand still are none."""
    combed = frame.maps.combed
    if not combed.size or np.count_nonzero(combed) < COMBED_BLOCKS * combed.size:
        return False
    changed = np.zeros(combed.shape, np.bool_)
    for other in beside:
        changed |= moved(frame.maps.points, other, STILL_LEVELS)
    return bool(np.count_nonzero(combed.astype(np.bool_) & changed) >= COMBED_BLOCKS * combed.size)


def _is_title(frame: Judged, beside: list[NDArray[np.uint8]]) -> bool:
    if not frame.flat >= TITLE_FLAT or not frame.edges >= TITLE_EDGES:
        return False
    if not beside:
        return True
    still = [1.0 - float(np.mean(moved(frame.maps.points, other, STILL_LEVELS))) for other in beside]
    return max(still) >= STILL
