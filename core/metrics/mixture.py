"""Whether a picture is mixed of two others, one far before it and one far after: the middle of a slow dissolve.

While two shots lie over one another, their light and dark parts even each other out: the variance of the picture dips
below that of both (Alattar, Detecting and compressing dissolve regions in video sequences, ISCAS 1993). Movements
of a camera hardly do this, and over so many frames it is seen through such movement, which ``fades`` is not.
Formulas and limits: docs/formats.md, Judgement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics.judge import Judged
from core.metrics.shift import cells_inside

SPANS = (8, 16, 32, 48)
"""Frames to the two others: from a dissolve of half a second to one of three seconds."""
DIP, BELOW_BOTH = 0.77, 0.82
"""Variance of a mixture at most: over the mean of those of both others, and over the smaller one. A camera that comes
to where there is more to see dips below the mean, but hardly below both."""
PART, EXPLAINED = 0.15, 0.2
"""Each of the others is in it with this weight at least; share of its variance that both explain."""
LEAST_LEVELS = 3.0
"""Standard deviation (grey levels) of the cells of the others at least: less is no picture."""


@dataclass(frozen=True, eq=False, slots=True)
class Coarse:
    """The smoothed box average of one picture: all that is kept of a frame that is far."""

    around_mean: NDArray[np.float64]
    """(N,) float64: the cells that touch no bar, less their mean."""
    variance: float
    cells: NDArray[np.float32]
    """(28, 28) float32: all of them."""
    part: tuple[slice, slice]
    """The rows and columns of those that touch no bar."""
    size: tuple[int, int]
    """Height and width of the picture, pixels."""


def coarse(judged: Judged) -> Coarse:
    """Returns what is kept of a frame."""
    top, bottom, left, right = cells_inside(judged)
    return _within(judged.cells[0], (slice(top, bottom), slice(left, right)), (judged.height, judged.width))


def is_mixture(before: Coarse, frame: Coarse, after: Coarse) -> bool:
    """Returns whether a frame is mixed of two others; never where their sizes differ."""
    if not before.size == frame.size == after.size:
        return False
    a, b = (one if one.part == frame.part else _within(one.cells, frame.part, one.size) for one in (before, after))
    mean, least = (a.variance + b.variance) / 2, min(a.variance, b.variance)
    if frame.variance >= min(DIP * mean, BELOW_BOTH * least) or least < LEAST_LEVELS**2:
        return False
    return _is_explained(a.around_mean, frame.around_mean, b.around_mean)


def _is_explained(a: NDArray[np.float64], middle: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether the least squares fit of a picture by two others takes enough of both, and leaves little enough."""
    aa, bb, ab = float(a @ a), float(b @ b), float(a @ b)
    am, bm, mm = float(a @ middle), float(b @ middle), float(middle @ middle)
    apart = aa * bb - ab * ab
    if apart <= 1e-6 * aa * bb or mm <= 0:
        return False  # both are one picture
    weights = (am * bb - bm * ab) / apart, (bm * aa - am * ab) / apart
    return min(weights) > PART and weights[0] * am + weights[1] * bm > EXPLAINED * mm


def _within(cells: NDArray[np.float32], part: tuple[slice, slice], size: tuple[int, int]) -> Coarse:
    values = cells[part].astype(np.float64).ravel()
    values -= values.mean() if values.size else 0.0
    return Coarse(values, float(values @ values) / max(values.size, 1), cells, part, size)
