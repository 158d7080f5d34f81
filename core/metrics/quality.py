"""The five quality metrics of a frame, normalised to 0-100, their weighted score; the luma difference of two frames.

Everything is measured on 8-bit full-range luma at source size; limited-range Y is mapped by
clip(round((Y - 16) * 255 / 219), 0, 255) first. The loops are in ``kernels`` and ``kernels_masked``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import FramesieveError, SettingsError
from core.metrics import calls
from core.metrics.machine_code import function
from core.metrics.phash import phash_from_box, to_hex
from core.metrics.scratch import Scratch, of_this_thread
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings

MASK_MIN_PIXELS = 100
"""A mask with fewer pixels inside says nothing about its subject."""


@dataclass(frozen=True)
class Metric:
    """One quality metric: what is measured, and which raw value counts as 100."""

    name: str
    full: float
    """The raw value that counts as 100."""
    setting: str | None
    """The setting that replaces ``full``, if there is one."""
    formula: str
    source: str

    def normalise(self, raw: ArrayLike, full: float | None = None) -> NDArray[np.float64]:
        """Returns 100 * clip(raw / full, 0, 1), float64 of the shape of ``raw``; NaN stays NaN."""
        share = np.asarray(raw, np.float64) / (self.full if full is None else full)
        return np.asarray(100.0 * np.clip(share, 0.0, 1.0), np.float64)


SHARPNESS_FULL: float = ExtractSettings().sharpness_scale
EDGE_FULL: float = ExtractSettings().edge_scale

METRICS = (
    Metric(
        "sharpness",
        SHARPNESS_FULL,
        "sharpness_scale",
        "variance of the 3x3 Laplacian (0 1 0, 1 -4 1, 0 1 0)",
        "Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000, LAP4",
    ),
    Metric(
        "edge_strength",
        EDGE_FULL,
        "edge_scale",
        "mean of sqrt(gx^2 + gy^2), gx and gy the 3x3 Sobel derivatives",
        "Sobel and Feldman 1968; Tenengrad family in Pertuz et al., Pattern Recognition 46 (2013)",
    ),
    Metric("contrast", 2.0, None, "standard deviation / mean, 0 for a black picture", "coefficient of variation"),
    Metric("brightness", 1.0, None, "mean / 255", "mean luma"),
    Metric("entropy", 8.0, None, "-sum p log2 p over the 256-bin histogram, bits", "Shannon 1948"),
)
"""The five metrics in the order of ``settings.columns.METRIC_NAMES``, as in docs/formats.md, Quality metrics."""

CONTRAST_FULL, BRIGHTNESS_FULL, ENTROPY_FULL = (metric.full for metric in METRICS[2:])


class Stats(NamedTuple):
    """The five metrics of one frame, 0-100, Python floats; NaN = no pixel to measure (in a thin mask)."""

    sharpness: float
    edge_strength: float
    contrast: float
    brightness: float
    entropy: float
    phash: str | None = None
    """16 hex digits; None = not asked for."""
    laplacian: float = math.nan
    """Variance of the Laplacian, before it is normalised."""


def measure(
    luma: NDArray[np.uint8],
    width: int,
    *,
    full_range: bool,
    scratch: Scratch | None = None,
    sharpness_scale: float = SHARPNESS_FULL,
    edge_scale: float = EDGE_FULL,
    phash: bool = False,
) -> Stats:
    """Measures one frame on the decoder's own luma plane, without a copy. Releases the GIL.

    Args:
        luma: (H, line_size) uint8, C-contiguous; columns from ``width`` on are padding and never looked at.
        width: pixels per row, 1 to line_size.
        full_range: whether the plane is 0-255 (``VideoInfo.color_range == "full"``) rather than 16-235.
        scratch: buffers that no other thread uses meanwhile; the calling thread's own when left out.
        sharpness_scale: variance of the Laplacian that counts as 100.
        edge_scale: mean Sobel magnitude that counts as 100.
        phash: whether to hash the frame too.

    Raises:
        ValueError: the array is not such a plane.
    """
    plane = _plane(luma, width)
    buffers = _buffers(scratch, width)
    raw = calls.frame(plane, width, full_range, buffers, phash)
    return _stats(raw, sharpness_scale, edge_scale, to_hex(phash_from_box(buffers.box)) if phash else None)


def measure_masked(
    luma: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    width: int,
    *,
    full_range: bool,
    scratch: Scratch | None = None,
    sharpness_scale: float = SHARPNESS_FULL,
    edge_scale: float = EDGE_FULL,
) -> Stats:
    """Measures only the pixels inside a mask; nothing outside it, nor its edge, has any influence. Releases the GIL.

    Sharpness and edge strength are over the pixels whose whole 3x3 neighbourhood is inside; NaN if there is none.

    Args:
        luma: (H, line_size) uint8, C-contiguous.
        mask: (H, >= width) uint8, C-contiguous; inside = above 127.
        width: pixels per row.
        full_range: as in ``measure``.
        scratch: as in ``measure``.
        sharpness_scale: variance of the Laplacian that counts as 100.
        edge_scale: mean Sobel magnitude that counts as 100.

    Raises:
        FramesieveError: fewer than 100 pixels are inside.
        ValueError: the arrays are not such planes or differ in height.
    """
    plane, inside = _plane(luma, width), _plane(mask, width)
    if len(plane) != len(inside):
        raise ValueError(f"the luma has {len(plane)} rows and the mask {len(inside)}; they must be of one size")
    buffers = _buffers(scratch, width)
    pixels, raw = calls.masked(plane, inside, width, full_range, buffers)
    if pixels < MASK_MIN_PIXELS:
        raise FramesieveError(
            f"the mask holds {pixels} pixels, at least {MASK_MIN_PIXELS} are wanted; "
            "draw a larger mask or leave the frame out."
        )
    return _stats(raw, sharpness_scale, edge_scale, None)


def quality_score(values: ArrayLike, weights: Sequence[float]) -> Any:
    """Returns the weighted mean of the metrics, 0-100; NaN where a metric with a weight above zero is NaN.

    Args:
        values: (5,) or (F, 5) float, 0-100, in the order of METRIC_NAMES.
        weights: five weights, none negative, not all zero; they need not sum to 100.

    Returns:
        A float for (5,), else (F,) float64. Both round in the same way.

    Raises:
        SettingsError: the weights are not as wanted.
    """
    if len(weights) != len(METRIC_NAMES) or not min(weights) >= 0 or not sum(weights) > 0:
        raise SettingsError(
            f"weights {tuple(weights)} are not as wanted: 5 numbers from 0 up, at least one above 0.",
            field="quality_weights",
        )
    columns = np.asarray(values, np.float64).T
    if len(columns) != len(METRIC_NAMES):
        raise ValueError(f"values have shape {np.shape(values)}; (5,) or (F, 5) is wanted")
    total = sum(float(weight) * column for weight, column in zip(weights, columns, strict=True) if weight > 0)
    score = total / float(sum(weights))
    return score if columns.ndim > 1 else float(score)


def luma_difference(first: NDArray[np.uint8], second: NDArray[np.uint8], width: int) -> float:
    """Returns the mean absolute difference of two luma planes as decoded (no range mapping), 0-255; the sum is exact.

    This is m of FFmpeg's scene score: min(m, |m - m_previous|) / 100 (libavfilter/f_select.c).

    Args:
        first: (H, line_size) uint8, C-contiguous.
        second: (H, another line_size) uint8, C-contiguous.
        width: pixels per row.

    Raises:
        ValueError: the arrays are not such planes or differ in height.
    """
    a, b = _plane(first, width), _plane(second, width)
    if len(a) != len(b):
        raise ValueError(f"the planes have {len(a)} and {len(b)} rows; they must be of one size")
    return float(calls.difference(a, b, width) / (len(a) * width))


def warm_up() -> None:
    """Loads the machine code of every kernel; compiles them where it is not there (set-up calls this)."""
    function("frame")


def _plane(plane: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Returns the plane, once it is what the kernels want: they look at memory, not at arrays."""
    if plane.dtype != np.uint8 or plane.ndim != 2 or not plane.flags.c_contiguous:
        raise ValueError(f"a plane must be (H, line_size) uint8, C-contiguous; {plane.dtype} {plane.shape} came")
    if not len(plane) or not 1 <= width <= plane.shape[1]:
        raise ValueError(f"a plane of shape {plane.shape} has no picture {width} pixels wide")
    return plane


def _buffers(scratch: Scratch | None, width: int) -> Scratch:
    buffers = scratch or of_this_thread(width)
    if buffers.width < width:
        buffers.grow(width)
    return buffers


def _stats(raw: Sequence[float], sharpness_full: float, edge_full: float, phash: str | None) -> Stats:
    """Normalises as ``Metric.normalise``, in plain floats: 500 frames a second pass here."""
    sharpness, edge, contrast, brightness, entropy = raw
    return Stats(
        _percent(sharpness, sharpness_full),
        _percent(edge, edge_full),
        _percent(contrast, CONTRAST_FULL),
        _percent(brightness, BRIGHTNESS_FULL),
        _percent(entropy, ENTROPY_FULL),
        phash,
        float(sharpness),
    )


def _percent(raw: float, full: float) -> float:
    share = float(raw) / full
    return 100.0 * (1.0 if share > 1.0 else share if share > 0.0 or share != share else 0.0)
