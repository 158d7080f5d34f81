"""Outlines of masks as Ultralytics reads them from labels for segmentation; several parts become one line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.models.yolo_weights import prepare_environment

LEAST_AREA = 4.0
"""Square pixels of a part; smaller ones are left out."""


def outline(mask: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Returns (P, 2) x, y in pixels around an (H, W) mask; ``None``: nothing is large enough.

    Parts are joined by Ultralytics' own ``merge_multi_segment``, at the points where they are nearest. Points are
    corners of pixels' middles, as ``cv2.findContours`` gives them.
    """
    import cv2

    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = [c for c in contours if len(c) >= 3 and cv2.contourArea(c) >= LEAST_AREA]
    if not large:
        return None
    parts = [c.reshape(-1, 2).astype(np.float64) for c in large]
    if len(parts) == 1:
        return parts[0]
    prepare_environment()
    from ultralytics.data.converter import merge_multi_segment

    joined = merge_multi_segment([part.reshape(-1).tolist() for part in parts])
    return np.concatenate(joined, axis=0).reshape(-1, 2).astype(np.float64)
