"""How much fine structure a small picture holds, noise taken out: which of several crops is worth learning from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Second difference of second differences: structure cancels out, noise does not (Immerkaer 1996)."""
LAPLACIAN_GAIN = 20.0
"""Variance of the 4-neighbour Laplacian of white noise of variance 1: 4^2 + 4 x 1."""


def noise_sigma(grey: NDArray[np.uint8]) -> float:
    """Returns the standard deviation of the noise of an (H, W) uint8 picture, grey levels.

    sqrt(pi / 2) / 6 x mean |picture * KERNEL| (J. Immerkaer, Fast Noise Variance Estimation, 1996, eq. 2).
    """
    import cv2

    if min(grey.shape) < 3:
        return 0.0
    answer = cv2.filter2D(grey, cv2.CV_32F, KERNEL)[1:-1, 1:-1]
    return math.sqrt(math.pi / 2) / 6 * float(np.abs(answer).mean())


def fine_detail(grey: NDArray[np.uint8]) -> float:
    """Returns the standard deviation of the Laplacian of an (H, W) uint8 picture without the part that is noise.

    sqrt(max(0, var(Laplacian) - 20 sigma^2)); 0 for flat pictures and for mere grain.
    """
    import cv2

    if min(grey.shape) < 3:
        return 0.0
    laplacian = cv2.Laplacian(grey, cv2.CV_32F)[1:-1, 1:-1]
    return math.sqrt(max(0.0, float(laplacian.var()) - LAPLACIAN_GAIN * noise_sigma(grey) ** 2))
