"""What a frame's neighbours tell of it: whether it fades, is woven of two fields, is blank, or a title.

Compared by one pixel of each block of 8x8 (``Maps.points``). Formulas and limits: docs/formats.md, Judgement.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.judge import Judged

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
CHANGED = 3
"""Levels between both neighbours from which a point tells whether a picture fades ..."""
BETWEEN, BETWEEN_LEVELS = 0.25, 0.75
"""... which it does where it lies in their middle, within this share of the difference and so many levels ..."""
FADES, FADES_OFTEN = 0.45, 0.70
"""... and this share of all points does so: the lower one where the typical point is near the middle too ..."""
TYPICALLY_BETWEEN = 0.30
"""... where the median of twice the distance from the middle is at most this share of that of the change."""
COARSE, FEWEST_GROUPS = 4, 24
"""Points along each side of a group, and groups that are enough. What moves within a group hardly changes its mean, a
fade changes them all: it is one, too, ..."""
COARSE_LEVELS, COARSE_FADES, FINE_FADES = 2.0, 0.47, 0.36
"""... where this share of the groups differs by so many levels between both neighbours and lies in the middle, and that
share of the points does."""
FADES_FOR_SURE, SHIFTED = 0.80, 0.24
"""Unless that share, of points or groups, does so, no more than this share of the change may be explained by a shift or
zoom of the whole picture: in slow pans over soft pictures most points lie in the middle as well."""


def flags_of(frame: Judged, before: Judged | None, after: Judged | None) -> dict[str, bool]:
    """Returns the flags of a frame (names as in ``settings.columns.FLAGS``).

    Args:
        frame: the frame.
        before: the one before; ``None`` at the beginning of a video. One of another size counts as another picture.
        after: the one after; ``None`` at the end.
    """
    beside = [other for other in (before, after) if other is not None]
    same = [other.maps.points for other in beside if other.maps.points.shape == frame.maps.points.shape]
    points = frame.maps.points
    blank = bool(frame.flat >= BLANK_FLAT)
    return {
        "dissolve": len(same) == 2 and not blank and _fades(same[0], points, same[1]),
        "combed": _is_combed(frame, same),
        "blank": blank,
        "titles": not blank and _is_title(frame, same),
    }


def fading_share(before: NDArray[np.uint8], points: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Returns the share (0-1) of points that change between the neighbours and lie in their middle.

    Args:
        before: (rows, columns) uint8, as ``Maps.points``.
        points: the same, of the frame between.
        after: the same.
    """
    a, b = before.astype(np.int16), after.astype(np.int16)
    return _between(a, points.astype(np.int16), b, CHANGED, 2 * BETWEEN_LEVELS)


def _between(before: NDArray[Any], middle: NDArray[Any], after: NDArray[Any], least: float, slack: float) -> float:
    apart = np.abs(after - before)
    off = np.abs(2 * middle - before - after)  # twice the distance from the middle
    fades = (apart >= least) & (off <= 2 * BETWEEN * apart + slack)
    return float(np.count_nonzero(fades)) / fades.size if fades.size else 0.0


def _fades(before: Points, points: Points, after: Points) -> bool:
    fine = fading_share(before, points, after)
    if fine < FINE_FADES or fine >= FADES_FOR_SURE:
        return fine >= FADES_FOR_SURE
    groups = [_coarse(one) for one in (before, points, after)]
    has_groups = groups[0].size >= FEWEST_GROUPS and min(groups[0].shape) > 1
    coarse = _between(groups[0], groups[1], groups[2], COARSE_LEVELS, 0.5) if has_groups else 0.0
    if coarse >= FADES_FOR_SURE:
        return True
    fades = fine >= FADES_OFTEN or coarse >= COARSE_FADES
    if not fades and fine >= FADES:
        a, b = before.astype(np.int16), after.astype(np.int16)
        off = float(np.median(np.abs(2 * points.astype(np.int16) - a - b)))
        fades = off <= TYPICALLY_BETWEEN * (float(np.median(np.abs(b - a))) + 0.5)
    return fades and not (has_groups and shifted(groups[0], groups[1], groups[2]) > SHIFTED)


def shifted(before: Groups, middle: Groups, after: Groups) -> float:
    """Returns the share (0-1) of the change between two pictures that a shift, zoom or turn of the whole one explains.

    Least squares of the change by the gradients of the one between, each times 1, x and y (Horn and Schunck's
    constraint, 1981, for affine motion).
    """
    down, across = np.gradient(middle)
    y, x = (axis / max(1, size) - 0.5 for axis, size in zip(np.indices(middle.shape), middle.shape, strict=True))
    columns = np.stack([(slope * by).ravel() for slope in (across, down) for by in (1.0, x, y)], axis=1)
    change = (after - before).ravel().astype(np.float64)
    found, *_ = np.linalg.lstsq(columns.astype(np.float64), change, rcond=None)
    left = change - columns @ found
    return 1.0 - float(left @ left) / max(float(change @ change), 1e-9)


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
