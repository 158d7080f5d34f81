"""Networks behind small protocols. What leaves this room are types of ``core/records.py``, never a library's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from core.records import Detections, Faces

Look = Literal["once", "twice", "photo"]
"""How hard faces are looked for. ``"twice"``: where none is found, again in a smaller picture with a border: it shows
a face that fills the picture; ``"photo"``: the same with more care, whatever it costs; ``"once"``: as old runs did."""


class FaceReader(Protocol):
    """Finds the faces of a picture and tells people apart. May be used by several threads at once."""

    @property
    def name(self) -> str:
        """The model's name as people know it."""

    @property
    def digest(self) -> str:
        """16 hex digits over the weights: vectors of different weights cannot be compared."""

    @property
    def dimension(self) -> int:
        """D, numbers of a vector."""

    @property
    def provider(self) -> str:
        """``"CPU"`` or ``"CUDA"``: what it really runs on."""

    def read(self, rgb: NDArray[np.uint8], look: Look = "twice") -> Faces:
        """Returns the faces of an (H, W, 3) uint8 RGB picture, the surest first."""

    def suspect(self, rgb: NDArray[np.uint8], confidence: float) -> NDArray[np.float32]:
        """Returns (N, 4) float32 xyxy boxes of what might be faces of a photo, from a confidence (0-1) on.

        For telling why none was found.
        """


class Prepared(NamedTuple):
    """A picture as a detector takes it, with what leads back to the picture that it was made of."""

    canvas: NDArray[np.uint8]
    """(h, w, 3) uint8 RGB: the picture scaled to fit, grey around it."""
    gain: float
    """Pixels of the canvas per pixel of the picture."""
    left: int
    """Where the picture begins in the canvas, pixels."""
    top: int
    width: int
    """Of the picture, pixels."""
    height: int


class Detector(Protocol):
    """Finds boxes in pictures. ``prepare`` may be called by any thread; ``detect`` by any where ``batch`` is 1."""

    @property
    def names(self) -> tuple[str, ...]:
        """Class names; index = class id."""

    @property
    def backend(self) -> str:
        """Device, library and number format, for people: ``"CPU, OpenVINO bfloat16, 640x384"``."""

    @property
    def end_to_end(self) -> bool:
        """Whether the model gives final boxes that need no NMS."""

    @property
    def batch(self) -> int:
        """How many pictures a call of ``detect`` best gets; more than 1: call it from one thread."""

    def prepare(self, picture: NDArray[np.uint8]) -> Prepared:
        """Scales an (H, W, 3) uint8 RGB picture; runs in the thread that decoded it."""

    def detect(self, pictures: Sequence[Prepared]) -> list[Detections]:
        """Returns the detections of each picture, best first, in the pixels of the picture.

        Never more of a picture than the ``max_det`` of the settings; as many means that there may have been more.
        """


Raw = NDArray[Any]
"""What a network gives: (4 + classes + more, anchors), or (K, 6 + more) rows when it is end-to-end; float32."""
