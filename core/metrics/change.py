"""How two pictures that follow each other differ, told by three measures of which a cut moves at least one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LIMITED = 255 / 219
"""Grey levels of the full range for each of the limited one."""


class Look(NamedTuple):
    """What is kept of a frame to compare it with the next one."""

    coarse: NDArray[np.float32]
    """(18, 32) float32: means of blocks, grey levels of the full range."""
    tones: NDArray[np.float32]
    """(32,) float32: shares of the grey levels."""


class Change(NamedTuple):
    """How two neighbours differ."""

    mean: float
    """Mean absolute difference, grey levels of the full range."""
    coarse: float
    """The same of the means of blocks: what moves within a block is not in it."""
    tones: float
    """Share of the pixels whose grey levels are others, 0 to 1: what moves anywhere is not in it."""


def look_of(luma: NDArray[np.uint8], full_range: bool) -> Look:
    """Returns what is kept of (H, W) uint8 luma to compare it with the next frame."""
    import cv2

    small = _halved(luma)
    tones = cv2.calcHist([small], [0], None, [32], [0, 256]).ravel() / small.size
    coarse = cv2.resize(small, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
    return Look(coarse * np.float32(1.0 if full_range else LIMITED), np.asarray(tones, np.float32))


HALVED_FROM = 384
"""Pictures are halved while they are at least so wide: tones are counted at 192 to 383 pixels across."""


def _halved(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Halving thrice takes a tenth of the time of one step by a broken factor."""
    import cv2

    while luma.shape[1] >= HALVED_FROM and luma.shape[0] >= 2:
        even = luma[: luma.shape[0] // 2 * 2, : luma.shape[1] // 2 * 2]
        luma = np.asarray(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    return luma


def changed(left: NDArray[np.uint8], right: NDArray[np.uint8], before: Look, now: Look, *, full_range: bool) -> Change:
    """Returns how two pictures differ, (H, W) uint8 luma each, of which ``before`` and ``now`` were kept."""
    mean = mean_difference(left, right) * (1.0 if full_range else LIMITED)
    coarse = float(np.abs(before.coarse - now.coarse).mean())
    return Change(mean, coarse, float(np.abs(before.tones - now.tones).sum()) / 2)


def mean_difference(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> float:
    """Returns the mean of |left - right| over (H, W) uint8 pictures; infinite where their sizes differ."""
    import cv2

    if left.shape != right.shape:
        return float("inf")
    return float(cv2.norm(left, right, cv2.NORM_L1)) / left.size
