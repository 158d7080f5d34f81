"""Draws the sample video: a slow zoom over each photo, hard cuts between photos, a blurred stretch in each.

Not here: which photos (pipeline/demo.py) and the encoding (encode.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

ZOOM = 1.25
"""How much closer the last frame of a photo is than the first."""

BLURRED = (0.55, 0.85)
"""The part of a photo's time, 0-1, in which it is out of focus."""

BLUR_RADIUS_PX = 16
"""Blur in the middle of the blurred part; it grows from zero and falls back to it."""


def sample_frames(photos: Sequence[Path], count: int, width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Yields ``count`` RGB pictures, (height, width, 3) uint8: each photo in turn, for about as many frames each.

    A photo that cannot be read is left out; with none left, drawn pictures take their place.
    """
    pictures = [picture for path in photos if (picture := _read(path)) is not None] or _drawn(width, height)
    edges = np.linspace(0, count, len(pictures) + 1).round().astype(int)
    for i, picture in enumerate(pictures):
        length = int(edges[i + 1] - edges[i])
        for k in range(length):
            yield _view(picture, k / max(1, length - 1), width, height, outwards=i % 2 == 1)


def _read(path: Path) -> NDArray[np.uint8] | None:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError:
        return None
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    return None if picture is None else np.asarray(picture, np.uint8)


def _view(picture: NDArray[np.uint8], t: float, width: int, height: int, *, outwards: bool) -> NDArray[np.uint8]:
    """Returns what the camera sees at ``t`` (0-1): the picture fills the frame, nearer and further along as t grows."""
    rows, columns = picture.shape[:2]
    scale = max(width / columns, height / rows) * ZOOM ** (1 - t if outwards else t)
    spare = np.array([columns * scale - width, rows * scale - height])
    shift = -spare * (0.4 + 0.2 * t)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    seen = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    start, end = BLURRED
    if start < t < end:
        radius = round(BLUR_RADIUS_PX * float(np.sin(np.pi * (t - start) / (end - start))))
        seen = cv2.stackBlur(seen, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(seen, np.uint8)


def _drawn(width: int, height: int) -> list[NDArray[np.uint8]]:
    """Returns four pictures with shapes of many sizes, each in colours of its own."""
    random = np.random.default_rng(seed=7)
    pictures = []
    for _ in range(4):
        picture = np.full((height, width, 3), random.integers(30, 220, 3), np.uint8)
        for _ in range(120):
            centre = (int(random.integers(width)), int(random.integers(height)))
            colour = tuple(int(c) for c in random.integers(0, 256, 3))
            cv2.circle(picture, centre, int(random.integers(4, 90)), colour, thickness=-1, lineType=cv2.LINE_AA)
        pictures.append(picture)
    return pictures
