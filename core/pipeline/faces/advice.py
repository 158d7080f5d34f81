"""Why no face was found on a photo, and what to do about it. Looks harder than the search did: it is asked once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.models import FaceReader

BLACK, DARK = 40, 110
"""Where the 98th percentile of a photo's values is below: nearly nothing is on it; it may be too dark."""
WHITE = 235
MAY_BE = 0.4
"""From this confidence on something may be a face: streets reach 0.38."""
FILLS = 0.6
"""Longer side of a face, as a share of the photo's shorter side, from which the photo has no room for the head."""
SMALL = 1 / 24
"""Longer side of a face, as a share of the photo's longer side, below which the detector hardly sees it."""
SMALLEST_PX = 24
TILE_PX = 640

TOO_SMALL = "the photo is of {} x {} pixels only", "take a larger one"
TOO_DARK = "it is too dark", "take one in better light"
TOO_BRIGHT = "it is nearly white", "take one that is exposed for less long"
TOO_NEAR = (
    "what may be a face fills it and is cut off at its edges",
    "take a photo with the whole head and some room around it",
)
TOO_FAR = "the face on it is too small", "cut the photo out around the head, or take it from nearer"
UNSURE = (
    "what may be a face is turned away, covered or blurred",
    "take a photo on which it is sharp, free and turned to the camera",
)
NOTHING = "nothing on it looks like one", "take a photo of a whole head, turned to the camera and in good light"


def why_no_face(rgb: NDArray[np.uint8], reader: FaceReader) -> str:
    """Returns the rest of a sentence that says that no face was found: ``"it is too dark; take one in better light"``.

    Args:
        rgb: (H, W, 3) uint8: a photo on which ``reader`` finds no face.
        reader: a face model.
    """
    height, width = rgb.shape[:2]
    what, cure = _cause(rgb, reader)
    return f"{what.format(width, height)}; {cure}"


def _cause(rgb: NDArray[np.uint8], reader: FaceReader) -> tuple[str, str]:
    size = rgb.shape[1], rgb.shape[0]
    brightest, darkest = np.percentile(rgb[::4, ::4], (98, 2))
    if min(size) < SMALLEST_PX:
        return TOO_SMALL
    if brightest < BLACK or (brightest < DARK and len(reader.read(_brightened(rgb, brightest), "photo"))):
        return TOO_DARK
    if darkest > WHITE:
        return TOO_BRIGHT
    if any(len(reader.read(tile, "once")) for tile in _tiles(rgb)):
        return TOO_FAR
    boxes = reader.suspect(rgb, MAY_BE)
    if not len(boxes):
        return NOTHING
    side = float((boxes[:, 2:] - boxes[:, :2]).max())
    if side >= FILLS * min(size):
        return TOO_NEAR
    return TOO_FAR if side < SMALL * max(size) else UNSURE


def _brightened(rgb: NDArray[np.uint8], brightest: float) -> NDArray[np.uint8]:
    return np.asarray(np.clip(rgb * (235.0 / max(brightest, 1.0)), 0, 255), np.uint8)


def _tiles(rgb: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Overlapping parts of a photo that the detector sees without shrinking them; none of a photo as small as one."""
    height, width = rgb.shape[:2]
    if max(height, width) <= TILE_PX:
        return
    for top in _steps(height):
        for left in _steps(width):
            yield np.ascontiguousarray(rgb[top : top + TILE_PX, left : left + TILE_PX])


def _steps(length: int) -> list[int]:
    last = max(0, length - TILE_PX)
    return sorted({*range(0, last, TILE_PX // 2), last})
