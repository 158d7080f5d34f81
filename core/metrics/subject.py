"""How sharp a frame is where its subject is: mask or box, else what moves against the background, else tiles.

From the maps of ``judge``. What masks and boxes there are is another's question (``pipeline.subject_evidence``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics import calls, layout
from core.metrics.judge import Judged

LEVELS = 14
"""By more than so many levels a point has to differ from both neighbours to be of what moves."""
LEAST, MOST = 0.005, 0.35
"""Share of the picture that moves against a background; with more the camera moves."""
TENTH = 0.10
"""Share of the points that change most, which are taken for the subject where the camera moves; share of the sharpest
blocks, where nothing tells."""


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Where the subject of a frame is, and what told it."""

    by: str
    """``mask``, ``person``, ``detection`` or ``face``."""
    boxes: NDArray[np.float32]
    """(N, 4) float32 xyxy, pixels; of a mask empty."""
    mask: NDArray[np.bool_] | None = None
    """(H, W) bool: the subject."""


def of_boxes(by: str, boxes: NDArray[np.float32] | list[list[float]]) -> Evidence | None:
    """Returns that the subject is in the largest of these boxes, (N, 4) xyxy in pixels; ``None`` = there is none."""
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    if not len(rows):
        return None
    return Evidence(by, rows[[int(np.argmax(np.prod(rows[:, 2:] - rows[:, :2], axis=1)))]])


def subject_of(
    frame: Judged, before: Judged | None, after: Judged | None, evidence: Evidence | None = None
) -> tuple[float | None, str | None]:
    """Returns the mean detail (levels a pixel) of the subject, and what told where it is.

    That is what the evidence says, where it lies in the picture (``Evidence.by``); else ``motion`` or ``tiles``.
    ``(None, None)``: the picture has no blocks.
    """
    measured = frame.sharp >= 0  # NaN is not
    if not np.any(measured):
        return None, None
    if evidence is not None:
        told = measured & _told(frame, evidence)
        if np.any(told):
            return float(np.mean(frame.sharp[told], dtype=np.float64)), evidence.by
    found, total = _moving(frame, before, after)
    if found >= LEAST * measured.size and found:
        return total / found, "motion"
    sharp = frame.sharp[measured]
    top = max(1, int(len(sharp) * TENTH))
    return float(np.mean(np.partition(sharp, len(sharp) - top)[-top:], dtype=np.float64)), "tiles"


def _moving(frame: Judged, before: Judged | None, after: Judged | None) -> tuple[int, float]:
    """How many blocks differ from both neighbours, or most of all where most do, with those beside; their detail."""
    points = frame.maps.points
    if before is None or after is None or not before.maps.points.shape == points.shape == after.maps.points.shape:
        return 0, 0.0
    return calls.moving(points, before.maps.points, after.maps.points, frame.sharp, LEVELS, MOST, TENTH)


def _told(frame: Judged, evidence: Evidence) -> NDArray[np.bool_]:
    """(rows, columns) bool: blocks whose point lies in the mask or in one of the boxes."""
    rows, columns = frame.sharp.shape
    y = np.arange(rows) * frame.every * layout.BLOCK_SIDE + layout.BLOCK_SIDE // 2
    x = np.arange(columns) * layout.BLOCK_SIDE + layout.BLOCK_SIDE // 2
    if evidence.mask is not None:
        if evidence.mask.shape != (frame.height, frame.width):
            return np.zeros((rows, columns), np.bool_)
        return evidence.mask[np.ix_(y, x)]
    told = np.zeros((rows, columns), np.bool_)
    for left, top, right, bottom in evidence.boxes.tolist():
        told |= ((y >= top) & (y < bottom))[:, None] & ((x >= left) & (x < right))
    return told
