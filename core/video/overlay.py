"""Masks as people see them over a picture: a tint and an outline of each object's own colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COLOURS = (
    (45, 212, 191),
    (251, 146, 60),
    (129, 140, 248),
    (244, 114, 182),
    (250, 204, 21),
    (74, 222, 128),
    (56, 189, 248),
    (248, 113, 113),
)
"""RGB of the first objects; later ones begin again."""
TINT, LINE = 90, 255
"""Opacity of the inside and of the outline, of 255."""
OUTLINE = 400
"""The outline is as wide as the longer side divided by this, pixels, and one at least."""
LEVEL = 1
"""zlib level: an overlay of 1080p takes 8 ms with it and is a few kB either way."""


def rgba(masks: NDArray[np.bool_], object_ids: Sequence[int]) -> NDArray[np.uint8]:
    """Returns (H, W, 4) uint8 RGBA: clear outside of all objects; of two objects in a pixel the later one is seen.

    Args:
        masks: (O, H, W).
        object_ids: (O,) 1-255, which choose the colours.
    """
    import cv2

    height, width = masks.shape[1:]
    found = np.zeros((height, width, 4), np.uint8)
    wide = max(1, round(max(height, width) / OUTLINE))
    kernel = np.ones((2 * wide + 1, 2 * wide + 1), np.uint8)
    for mask, object_id in zip(masks, object_ids, strict=True):
        if not mask.any():
            continue
        colour = COLOURS[(object_id - 1) % len(COLOURS)]
        found[mask] = (*colour, TINT)
        plane = mask.view(np.uint8)
        inner = cv2.erode(plane, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        found[(plane > 0) & (np.asarray(inner) == 0)] = (*colour, LINE)
    return found


def overlay_png(masks: NDArray[np.bool_], object_ids: Sequence[int]) -> bytes:
    """Returns ``rgba`` as PNG bytes."""
    import cv2

    picture = cv2.cvtColor(rgba(masks, object_ids), cv2.COLOR_RGBA2BGRA)
    done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, LEVEL])
    if not done:
        raise ValueError(f"masks of shape {masks.shape} cannot be written as PNG")
    return bytes(data)


def covered(rgb: NDArray[np.uint8], masks: NDArray[np.bool_], object_ids: Sequence[int]) -> NDArray[np.uint8]:
    """Returns the (H, W, 3) uint8 RGB picture with the masks over it."""
    over = rgba(masks, object_ids)
    part = over[:, :, 3:].astype(np.float32) / 255
    mixed = rgb * (1 - part) + over[:, :, :3] * part
    return np.asarray(np.rint(mixed), np.uint8)


def before(
    rgb: NDArray[np.uint8], masks: NDArray[np.bool_], background: tuple[int, int, int] = (0, 255, 0)
) -> NDArray[np.uint8]:
    """Returns the (H, W, 3) uint8 RGB picture of all objects before one colour (green by default)."""
    inside = np.logical_or.reduce(masks, axis=0) if len(masks) else np.zeros(rgb.shape[:2], np.bool_)
    found = np.empty_like(rgb)
    found[:] = np.array(background, np.uint8)
    found[inside] = rgb[inside]
    return found


def shrunk(masks: NDArray[np.bool_], width: int, height: int) -> NDArray[np.bool_]:
    """Returns (O, height, width) bool: the masks at another size; a pixel is inside where half of it is."""
    import cv2

    planes = [cv2.resize(mask.view(np.uint8) * 255, (width, height), interpolation=cv2.INTER_AREA) for mask in masks]
    return np.array(planes, np.uint8).reshape(len(masks), height, width) >= 128
