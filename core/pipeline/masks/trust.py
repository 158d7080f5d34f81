"""How far the masks of a shot are to be trusted: a number for each frame, and which shots are looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.store.masks import ShotMasks

EDGE_PX = 2
"""An object that touches the edge may leave there."""
FILLED = 0.75
"""Trust of a mask that was made of its neighbours, at most."""


@dataclass(frozen=True, eq=False, slots=True)
class Trust:
    """Columns of the N frames of a shot, of one object; 0-1, NaN = says nothing."""

    ordinals: NDArray[np.int64]
    """(N,) int64."""
    score: NDArray[np.float32]
    """(N,) of the masker."""
    area_kept: NDArray[np.float32]
    """(N,) smaller by larger area of this frame and the one before; 1 = no jump."""
    iou_previous: NDArray[np.float32]
    """(N,) with the mask of the frame before."""
    iou_detector: NDArray[np.float32]
    """(N,) of the mask's box with the detector's."""
    trust: NDArray[np.float32]
    """(N,) the least of them."""

    @property
    def worst(self) -> float:
        """The lowest trust; 1 where nothing says anything."""
        known = self.trust[~np.isnan(self.trust)]
        return float(known.min()) if len(known) else 1.0

    @property
    def worst_frame(self) -> int:
        """Ordinal of the frame with the lowest trust."""
        return int(self.ordinals[int(np.argmin(np.where(np.isnan(self.trust), 2, self.trust)))])


def trust_of(shot: ShotMasks, row: int = 0) -> Trust:
    """Returns the trust columns of an object.

    Args:
        shot: of a finished shot.
        row: of the object in its columns.
    """
    area = shot.area[row].astype(np.float64)
    kept = np.full(len(area), np.nan, np.float32)
    low, high = np.minimum(area[1:], area[:-1]), np.maximum(area[1:], area[:-1])
    kept[1:] = np.where(high > 0, low / np.maximum(high, 1), np.nan)
    previous = shot.iou_previous[row].copy()
    previous[np.isnan(kept)] = np.nan
    leaves = _crosses_edge(shot, row)
    kept[leaves], previous[leaves] = np.nan, np.nan
    score = np.where(area > 0, shot.score[row], np.nan).astype(np.float32)
    limit = np.where(shot.filled[row], np.float32(FILLED), np.float32(np.nan))
    parts = np.stack([score, kept, previous, shot.iou_detector[row], limit])
    return Trust(shot.ordinals, score, kept, previous, shot.iou_detector[row], _least(parts))


def worst_of(shot: ShotMasks) -> tuple[float, int]:
    """Returns the lowest trust of any object of a shot, 0-1, and the ordinal of its frame."""
    found = [trust_of(shot, row) for row in range(len(shot.object_ids))]
    return min((one.worst, one.worst_frame) for one in found)


def worst_first(worst: Sequence[float | None]) -> list[int]:
    """Returns places in the order in which shots are looked at: lowest trust first, those without any last."""
    return sorted(range(len(worst)), key=lambda i: (worst[i] is None, worst[i] or 0.0, i))


def _crosses_edge(shot: ShotMasks, row: int) -> NDArray[np.bool_]:
    """(N,) bool: the object comes or goes at the edge of the picture between the frame before and this one."""
    area, boxes = shot.area[row], shot.boxes[row]
    width, height = shot.size
    touches = (boxes[:, :2] <= EDGE_PX).any(axis=1) | (boxes[:, 2] >= width - EDGE_PX)
    touches |= boxes[:, 3] >= height - EDGE_PX
    touches &= area > 0
    found = np.zeros(len(area), np.bool_)
    gone = (area[1:] == 0) != (area[:-1] == 0)
    found[1:] = gone & (touches[1:] | touches[:-1])
    return found


def _least(parts: NDArray[np.float32]) -> NDArray[np.float32]:
    known = ~np.isnan(parts)
    least = np.where(known, parts, np.float32(2)).min(axis=0)
    return np.where(known.any(axis=0), np.clip(least, 0, 1), np.float32(np.nan)).astype(np.float32)
