"""What a frame's neighbours tell of it: whether it fades, is woven of two fields, is blank, or a title.

Formulas and limits: docs/formats.md, Judgement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.metrics.fades import fades
from core.metrics.judge import Judged

FAR = 4
"""Frames to the further ones that a dissolve is told by."""
BLANK_FLAT = 0.985
"""Share of blocks that hold nothing from which a picture is blank."""
TITLE_FLAT, TITLE_EDGES = 0.80, 12.0
"""A title is flat in so many blocks, and as strong as this (levels a pixel) in the others."""
STILL, STILL_LEVELS = 0.70, 4
"""Share of points that a title leaves within so many levels of a neighbour."""
COMBED_BLOCKS = 0.008
"""Share of blocks that are combed and move, from which a frame is woven of two fields."""


def flags_of(
    frame: Judged, before: Judged | None, after: Judged | None, far: tuple[Judged, Judged] | None = None
) -> dict[str, bool]:
    """Returns the flags of a frame (names as in ``settings.columns.FLAGS``).

    Args:
        frame: the frame.
        before: the one before; ``None`` at the beginning of a video. One of another size counts as another picture.
        after: the one after; ``None`` at the end.
        far: two that are ``FAR`` frames before and after: of a slow fade, an encoder leaves nothing between neighbours.
    """
    beside = [other for other in (before, after) if other is not None]
    same = [other.maps.points for other in beside if other.maps.points.shape == frame.maps.points.shape]
    around = [(before, after)] if before is not None and after is not None else []
    around += [far] if far is not None else []
    blank = bool(frame.flat >= BLANK_FLAT)
    return {
        "dissolve": not blank and any(fades(one, frame, other) for one, other in around),
        "combed": _is_combed(frame, same),
        "blank": blank,
        "titles": not blank and _is_title(frame, same),
    }


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
