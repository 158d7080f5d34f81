"""Quality of a face: sharpness inside its box, and frontality (how far it is turned to the camera)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.metrics.quality import measure

SMALLEST_PX = 8
"""Faces of fewer pixels a side get no sharpness."""


def face_sharpness(
    luma: NDArray[np.uint8], width: int, boxes: NDArray[np.float32], *, full_range: bool
) -> NDArray[np.float64]:
    """Returns (N,) float64: the sharpness (0-100, as of frames) inside each box; NaN for faces under 8 pixels a side.

    Args:
        luma: (H, line_size) uint8.
        width: pixels per row.
        boxes: (N, 4) float32 xyxy in pixels.
        full_range: as in ``quality.measure``.
    """
    sharpness = np.full(len(boxes), np.nan)
    limits = np.array([width, len(luma), width, len(luma)])
    for i, (x1, y1, x2, y2) in enumerate(np.clip(np.rint(boxes), 0, limits).astype(int).tolist()):
        if x2 - x1 >= SMALLEST_PX and y2 - y1 >= SMALLEST_PX:
            part = np.ascontiguousarray(luma[y1:y2, x1:x2])
            sharpness[i] = measure(part, x2 - x1, full_range=full_range).sharpness
    return sharpness


def frontality(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns (N,) float64, 0-100: 100 = turned to the camera, 0 = profile, by where the nose lies between the eyes.

    Measured is how far the nose lies off the middle between eyes and mouth, along the axis of the eyes, in halves of
    the distance of the eyes: 0 in a frontal face, 1 and more in profile.

    Args:
        points: (N, 5, 2) float32 xy, as in ``Faces.points``.
    """
    p = points.astype(np.float64)
    eyes = p[:, 1] - p[:, 0]
    distance = np.maximum(np.linalg.norm(eyes, axis=1), 1e-6)
    axis = eyes / distance[:, None]
    middle = (p[:, 0] + p[:, 1]) / 2
    mouth = (p[:, 3] + p[:, 4]) / 2
    across = np.abs(np.sum((p[:, 2] - (middle + mouth) / 2) * axis, axis=1)) / (distance / 2)
    return np.asarray(100.0 * np.clip(1.0 - across, 0.0, 1.0), np.float64)
