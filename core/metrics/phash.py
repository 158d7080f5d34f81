"""The 64-bit perceptual hash of imagehash, from a 32x32 box average; its text form; distances. No pixels of frames.

A hash is an int (or uint64 in columns): bit 63 is row 0, column 0 of the 8x8 block, row by row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import FramesieveError
from core.metrics import calls

SIDE = 32
"""Rows and columns of the box average."""

LOW = 8
"""Rows and columns of low frequencies that are kept."""

STEPS = 1024.0
"""Coefficients are compared in steps of 1/1024, so that rounding noise decides no bit of a flat picture."""

_COSINES = 2.0 * np.cos(np.pi * np.outer(np.arange(LOW), 2 * np.arange(SIDE) + 1) / (2 * SIDE))


def phash_from_box(box: NDArray[np.floating[Any]]) -> int:
    """Returns the hash of a box average: the 8x8 low block of its DCT-II, each coefficient against their median.

    The transform is unnormalised, as in ``imagehash.phash`` 4.3 (hackerfactor.com, "Looks Like It", 2011); a bit is 1
    where the coefficient is above the median.

    Args:
        box: (32, 32) float, full-range luma 0-255.
    """
    return calls.phash(np.ascontiguousarray(box, np.float64), _COSINES, STEPS)


def phash_image(rgb: NDArray[np.uint8]) -> int:
    """Returns the hash of a picture by imagehash itself (Lanczos): for single saved frames: 80 times as slow.

    Args:
        rgb: (H, W, 3) uint8, RGB.
    """
    import imagehash
    from PIL import Image

    return from_hex(str(imagehash.phash(Image.fromarray(rgb))))


def to_hex(value: int) -> str:
    """Returns the 16 hex digits of a hash, as imagehash prints them."""
    return format(value, "016x")


def from_hex(text: str) -> int:
    """Returns the hash that 16 hex digits stand for.

    Raises:
        FramesieveError: the text is not 16 hex digits.
    """
    if len(text) != 16 or not all(c in "0123456789abcdefABCDEF" for c in text):
        raise FramesieveError(
            f'phash "{text}" is not 16 hex digits; score the frames again to replace it.', code="damaged"
        )
    return int(text, 16)


def hamming(a: ArrayLike, b: ArrayLike) -> NDArray[np.int64]:
    """Returns in how many bits hashes differ, 0-64, as int64; ``a`` and ``b`` broadcast against each other.

    Args:
        a: hashes, Python ints or uint64 of any shape.
        b: the same.
    """
    different = np.bitwise_xor(np.asarray(a, np.uint64), np.asarray(b, np.uint64))
    return np.asarray(np.bitwise_count(different), np.int64)
