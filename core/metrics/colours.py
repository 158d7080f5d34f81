"""The coarse colours of a frame: a few numbers that tell frames apart which one perceptual hash calls alike.

The hash compares the low frequencies of the luma with each other, so it knows neither how light a picture is nor any
colour: all flat pictures have one hash. Colours here are (36,) uint8, 8-bit full range: the mean Y of each cell of a
2x2 grid, then the mean Cb and the mean Cr of each cell of a 4x4 grid, row by row. Finer cells of Y would tell little
that the hash does not; a small sign of another colour fills a cell of the finer grid. Not here: colours of a decoded
frame (``plane_colours``), the search (``hamming``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FramesieveError

LUMA_GRID, CHROMA_GRID = 2, 4
"""Rows and columns of cells; cell k of a side of n cells covers floor(k * size / n) to floor((k + 1) * size / n)."""

COLOURS = LUMA_GRID**2 + 2 * CHROMA_GRID**2
"""Numbers per frame."""

LUMA_LIMIT = 24
"""Frames agree when no Y differs by more than this (of 255) ..."""

CHROMA_LIMIT = 10
"""... and no Cb or Cr by more than this. Chosen by measurement: docs/formats.md, Near-duplicates."""

LIMITS = np.array([LUMA_LIMIT] * LUMA_GRID**2 + [CHROMA_LIMIT] * (2 * CHROMA_GRID**2), np.uint8)
"""(36,) uint8: by how much each number may differ."""
LIMITS.flags.writeable = False

NEUTRAL = 128
"""Cb and Cr of a picture without colour."""


def packed(luma: NDArray[np.floating[Any]], blue: NDArray[np.uint8], red: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns the (36,) uint8 colours of (2, 2) mean Y, 0-255, and (4, 4) uint8 mean Cb and Cr."""
    lightness = np.floor(luma.ravel() + 0.5).astype(np.uint8)
    return np.concatenate([lightness, np.stack([blue, red], axis=-1).ravel()])


def colours_of_image(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns the (36,) uint8 colours of a picture, for single saved frames.

    RGB becomes full-range YCbCr by the matrix of JPEG files (ITU-T T.871, section 7).

    Args:
        rgb: (H, W, 3) uint8, RGB.
    """
    luma = means(rgb, LUMA_GRID) @ LUMA_OF_RGB
    cells = means(rgb, CHROMA_GRID)
    y = cells @ LUMA_OF_RGB
    blue, red = (NEUTRAL + (cells[..., at] - y) / full for at, full in ((2, 1.772), (0, 1.402)))
    return packed(luma, *(np.clip(np.floor(c + 0.5), 0, 255).astype(np.uint8) for c in (blue, red)))


LUMA_OF_RGB = np.array([0.299, 0.587, 0.114])


def means(picture: NDArray[np.uint8], grid: int) -> NDArray[np.float64]:
    """Returns the mean of each cell, (grid, grid, ...) float64, of an (H, W, ...) picture of at least a pixel."""
    for axis in (0, 1):
        size = picture.shape[axis]
        edges = [(min(k * size // grid, size - 1), max((k + 1) * size // grid, 1)) for k in range(grid)]
        cells = [picture.take(range(a, max(b, a + 1)), axis).mean(axis, dtype=np.float64) for a, b in edges]
        picture = np.stack(cells, axis)
    return np.asarray(picture, np.float64)


def agree(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Returns (...,) bool: whether colours (..., 36) agree within the limits; ``a`` and ``b`` broadcast."""
    apart = np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16))
    return np.asarray(np.all(apart <= LIMITS, axis=-1), np.bool_)


def to_hex(colours: NDArray[np.uint8]) -> str:
    """Returns the 72 hex digits of colours, two for each number."""
    return colours.tobytes().hex()


def from_hex(text: str) -> NDArray[np.uint8]:
    """Returns the (36,) uint8 colours that 72 hex digits stand for.

    Raises:
        FramesieveError: the text is not 72 hex digits.
    """
    if len(text) != 2 * COLOURS or not all(c in "0123456789abcdefABCDEF" for c in text):
        raise FramesieveError(
            f'colours "{text}" are not {2 * COLOURS} hex digits; extract again to replace them.', code="damaged"
        )
    return np.frombuffer(bytes.fromhex(text), np.uint8)
