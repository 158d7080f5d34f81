"""What a person points at in a picture, and the masks that come of it, in pixels of the displayed source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prompt:
    """What is said of one object on one frame."""

    index: int
    """Of the frame in its shot, 0-based."""
    object_id: int
    """1-255."""
    points: NDArray[np.float32]
    """(P, 2) x, y in source pixels; a point is the middle of the pixel that was clicked, less half a pixel."""
    labels: NDArray[np.int8]
    """(P,) 1 include, 0 exclude."""
    box: NDArray[np.float32] | None = None
    """(4,) xyxy source pixels."""


@dataclass(frozen=True)
class FrameMasks:
    """The masks of one frame of a shot."""

    index: int
    """Of the frame in its shot, 0-based."""
    object_ids: tuple[int, ...]
    """Of the O objects, ascending; the same for every frame of a shot."""
    masks: NDArray[np.bool_]
    """(O, H, W), at source size; all false where an object is not to be seen."""
    scores: NDArray[np.float32]
    """(O,) how sure the masker is, 0-1; NaN = it does not say or saw nothing."""
    filled: NDArray[np.bool_]
    """(O,) whether the mask was made of its neighbours because the network missed the object here."""
