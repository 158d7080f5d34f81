"""Edges of masks: grown, shrunk, made soft; and pictures with only what a mask shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FAR = 1e6
"""Pixels to an edge that is not there."""


def alpha_of(mask: NDArray[np.bool_], grow: float = 0.0, feather: float = 0.0) -> NDArray[np.uint8]:
    """Returns (H, W) uint8: 255 inside, 0 outside, between on an edge that is soft.

    Args:
        mask: (H, W).
        grow: pixels by which the edge moves out, in where below 0.
        feather: pixels from outside to inside, the edge in their middle; 0 = a hard edge.
    """
    if not mask.any() or (not grow and not feather):
        return mask.astype(np.uint8) * np.uint8(255)
    inside = _from_edge(mask) + np.float32(grow)
    if feather <= 0:
        return (inside > 0).astype(np.uint8) * np.uint8(255)
    share = np.clip(inside / np.float32(feather) + np.float32(0.5), 0, 1)
    return np.asarray(np.rint(share * 255), np.uint8)


def _from_edge(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W) float32 pixels from the edge, positive inside."""
    import cv2

    def distance(shape: NDArray[np.bool_]) -> NDArray[Any]:
        if shape.all():
            return np.full(shape.shape, FAR, np.float32)
        return cv2.distanceTransform(shape.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)

    half = np.float32(0.5)
    return np.where(mask, distance(mask) - half, half - distance(~mask)).astype(np.float32)


def over(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Returns (H, W, 3) uint8: the picture before a colour; where ``alpha`` is 255 the pixels are as they were.

    Args:
        rgb: (H, W, 3).
        alpha: (H, W), 0-255.
        colour: RGB, 0-255.
    """
    import cv2

    height, width = alpha.shape
    shown = np.empty((height, width, 3), np.uint8)
    shown.reshape(height, -1)[:] = np.tile(np.array(colour, np.uint8), width)  # by rows: a thirtieth of by pixels
    whole = alpha == 255
    cv2.copyTo(rgb, whole.view(np.uint8), shown)
    soft = (alpha > 0) & ~whole
    if soft.any():
        share = alpha[soft].astype(np.float32)[:, None] / 255
        mixed = rgb[soft] * share + np.array(colour, np.float32) * (1 - share)
        shown[soft] = np.rint(mixed).astype(np.uint8)
    return shown


def cut_out(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns (H, W, 4) uint8 RGBA, colours not multiplied by alpha; black where nothing is to be seen."""
    import cv2

    whole = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2RGBA)
    whole[..., 3] = alpha
    return np.asarray(cv2.bitwise_and(whole, whole, mask=(alpha > 0).view(np.uint8)), np.uint8)
