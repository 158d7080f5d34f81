"""Boxes, how they overlap, and what one cuts out of a picture. Pixels, x right, y down; ``x2``, ``y2`` exclusive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Sample = TypeVar("Sample", np.uint8, np.uint16)


def crop(rgb: NDArray[Sample], box: Sequence[float], margin: float) -> NDArray[Sample]:
    """Returns the part of a picture around a box, as square as the picture allows.

    Args:
        rgb: (H, W, 3) uint8 or uint16.
        box: xyxy in pixels.
        margin: added on each side, as a share of the box's longer side.
    """
    x1, y1, x2, y2 = box
    half = max(1.0, max(x2 - x1, y2 - y1) * (0.5 + margin))
    cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
    height, width = rgb.shape[:2]
    left, top = int(np.clip(round(cx - half), 0, width - 1)), int(np.clip(round(cy - half), 0, height - 1))
    right, bottom = int(np.clip(round(cx + half), left + 1, width)), int(np.clip(round(cy + half), top + 1, height))
    return np.ascontiguousarray(rgb[top:bottom, left:right])


def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns (N, M) float32: intersection over union of each of N xyxy boxes with each of M; 0 for two empty ones."""
    return np.asarray(_iou(a[:, None, :], b[None, :, :]), np.float32)


def iou_of_pairs(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns (N,) float32: intersection over union of box i of ``a`` with box i of ``b``, both (N, 4) xyxy."""
    return np.asarray(_iou(a, b), np.float32)


def _iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    sides = np.clip(high - low, 0, None)
    shared = sides[..., 0] * sides[..., 1]
    union = area(a) + area(b) - shared
    found: NDArray[np.float32] = shared / np.maximum(union, np.float32(1e-9))
    return found


def area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the areas of (..., 4) xyxy boxes, square pixels; 0 for one that is turned inside out."""
    sides = np.clip(boxes[..., 2:] - boxes[..., :2], 0, None)
    found: NDArray[np.float32] = sides[..., 0] * sides[..., 1]
    return found


def suppressed(boxes: NDArray[np.float32], overlap: float) -> NDArray[np.bool_]:
    """Returns (N,) bool: boxes that a stronger one which stays overlaps by more than ``overlap`` (greedy NMS).

    Args:
        boxes: (N, 4) float32 xyxy, the most confident first.
        overlap: IoU.
    """
    gone = np.zeros(len(boxes), np.bool_)
    near = iou(boxes, boxes) > overlap
    if np.count_nonzero(near) == len(boxes):
        return gone
    for i in range(len(boxes)):
        if not gone[i]:
            gone[i + 1 :] |= near[i, i + 1 :]
    return gone
