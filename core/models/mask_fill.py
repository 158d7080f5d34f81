"""Makes the masks of a few frames between two that are known: outlines go evenly from one to the other, as pixels move.

The box of the mask is moved and grown evenly; what the pixels in it moved besides is found by optical flow to the frame
from either side; the two outlines are blended. Where the pictures say nothing the even movement stays. For short gaps.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.models.yolo_seg import Part

LARGEST_PX = 384
"""Outlines are blended at this many pixels of the longer side at most."""
AROUND = 0.2
"""So much of the box is looked at on each side of it."""

Box = tuple[float, float, float, float]
Floats = NDArray[np.float32]


class View(NamedTuple):
    """A small grey picture of a frame."""

    grey: NDArray[np.uint8]
    """(h, w)."""
    gain: float
    """Its pixels per pixel of the source."""
    left: int
    """Where the frame begins in it."""
    top: int


def between(before: Part, after: Part, share: float, views: tuple[View, View, View] | None = None) -> Part:
    """Returns the mask at ``share`` (0-1) of the way from one mask to another; (0, 0) where one of them is empty.

    Args:
        before: of an earlier frame.
        after: of a later one.
        share: how far this frame is from the earlier one to the later one.
        views: of the earlier frame, this one, the later one.
    """
    before, after = before.tight(), after.tight()
    if not before.mask.size or not after.mask.size:
        return Part(0, 0, np.zeros((0, 0), np.bool_))
    left, top, right, bottom = (a + (b - a) * share for a, b in zip(before.box, after.box, strict=True))
    box = _wider((left, top, right, bottom))
    size = _size(box)
    outlines = [_outline(part, _wider(part.box), size) for part in (before, after)]
    if views is not None:
        here = _seen(views[1], box, size)
        sides = zip(outlines, (before, after), (views[0], views[2]), strict=True)
        outlines = [_moved(outline, here, _seen(view, _wider(part.box), size)) for outline, part, view in sides]
    return _enlarged((1 - share) * outlines[0] + share * outlines[1], box)


def _wider(box: Box) -> Box:
    left, top, right, bottom = box
    x, y = AROUND * (right - left), AROUND * (bottom - top)
    return left - x, top - y, right + x, bottom + y


def _size(box: Box) -> tuple[int, int]:
    width, height = box[2] - box[0], box[3] - box[1]
    shrink = min(1.0, LARGEST_PX / max(width, height))
    return max(16, round(width * shrink)), max(16, round(height * shrink))


def _sampled(
    picture: NDArray[np.uint8], box: Box, size: tuple[int, int], gain: float, x: float, y: float
) -> NDArray[Any]:
    """Samples ``box`` (source pixels) of a picture with ``gain`` of its pixels per source pixel that begins at x, y."""
    import cv2

    across, down = (box[2] - box[0]) / size[0] * gain, (box[3] - box[1]) / size[1] * gain
    to_picture = np.array(
        [[across, 0, box[0] * gain + across / 2 + x - 0.5], [0, down, box[1] * gain + down / 2 + y - 0.5]]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, to_picture, size, flags=how, borderMode=cv2.BORDER_CONSTANT))


def _seen(view: View, box: Box, size: tuple[int, int]) -> NDArray[Any]:
    return _sampled(view.grey, box, size, view.gain, view.left, view.top)


def _outline(part: Part, box: Box, size: tuple[int, int]) -> Floats:
    """Returns (h, w) distances to the outline, in pixels of ``size``; above 0 inside of the mask."""
    import cv2

    inside = (_sampled(part.mask.astype(np.uint8) * 255, box, size, 1.0, -part.left, -part.top) > 127).astype(np.uint8)
    distances: Floats = cv2.distanceTransform(inside, cv2.DIST_L2, 3) - cv2.distanceTransform(
        1 - inside, cv2.DIST_L2, 3
    )
    return distances


def _moved(outline: Floats, here: NDArray[Any], there: NDArray[Any]) -> Floats:
    """Moves the outline of another picture as its pixels moved to this one."""
    import cv2

    flows: Any = cv2
    flow = flows.DISOpticalFlow_create(flows.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(here, there, None)
    h, w = outline.shape
    columns, rows = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    columns, rows = columns + flow[..., 0], rows + flow[..., 1]
    return np.asarray(cv2.remap(outline, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _enlarged(outline: Floats, box: Box) -> Part:
    import cv2

    h, w = outline.shape
    left, top, right, bottom = (round(edge) for edge in box)
    across, down = w / (box[2] - box[0]), h / (box[3] - box[1])
    to_outline = np.array(
        [
            [across, 0, (left + 0.5 - box[0]) * across - 0.5],
            [0, down, (top + 0.5 - box[1]) * down - 0.5],
        ]
    )
    how, size = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, (max(1, right - left), max(1, bottom - top))
    return Part(left, top, cv2.warpAffine(outline, to_outline, size, flags=how, borderMode=cv2.BORDER_REPLICATE) > 0)
