"""Neural networks behind small protocols. What leaves this room are types of ``core/records.py``, never a library's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from core.prompts import FrameMasks, Prompt
from core.records import Detections, Faces

FaceSearch = Literal["once", "twice", "photo"]
"""At how many scales faces are detected. ``"once"``: at one, as older programs did. ``"twice"``: where none is found,
again in a smaller picture with a border, which finds a face that fills the picture. ``"photo"``: at one scale more
before that, for single photos, whatever it costs."""


class FaceReader(Protocol):
    """Detects the faces of a picture and gives each a vector (embedding). May be used by several threads at once."""

    @property
    def name(self) -> str:
        """The model's name as people know it."""

    @property
    def digest(self) -> str:
        """16 hex digits over the weights: vectors of different weights cannot be compared."""

    @property
    def dimension(self) -> int:
        """D, the length of a vector."""

    @property
    def provider(self) -> str:
        """``"CPU"`` or ``"CUDA"``: what it really runs on."""

    def read(self, rgb: NDArray[np.uint8], search: FaceSearch = "twice") -> Faces:
        """Returns the faces of an (H, W, 3) uint8 RGB picture, highest confidence first."""

    def suspect(self, rgb: NDArray[np.uint8], confidence: float) -> NDArray[np.float32]:
        """Returns (N, 4) float32 xyxy boxes of what may be faces of a photo, down to a low confidence (0-1).

        Used to say why ``read`` found none.
        """


class Prepared(NamedTuple):
    """A picture letterboxed for a detector, with what maps boxes back to the source picture."""

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
    """Detects objects in pictures. ``prepare`` may be called by any thread; ``detect`` by any where ``batch`` is 1."""

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
        """Best number of pictures for a call of ``detect``; where it is above 1, call from one thread only."""

    def prepare(self, picture: NDArray[np.uint8]) -> Prepared:
        """Letterboxes an (H, W, 3) uint8 RGB picture; runs in the thread that decoded it."""

    def detect(self, pictures: Sequence[Prepared]) -> list[Detections]:
        """Returns the detections of each picture, highest confidence first, in the pixels of the picture.

        At most ``max_det`` of the settings for each picture; as many mean that there may have been more.
        """


class Frames(Protocol):
    """The frames of one shot, read when they are asked for: near in order is quick, any order is right.

    Maskers read ahead in a thread of their own: one thread at a time, but not always that which made this.
    """

    def __len__(self) -> int:
        """How many."""

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Returns the (H, W, 3) uint8 RGB picture of a frame of the shot, 0-based, as it is displayed."""


class Masker(Protocol):
    """Cuts objects out that a person pointed at, and carries them through a shot. Used by one thread at a time."""

    @property
    def name(self) -> str:
        """``"sam2"`` or ``"yolo-seg"``."""

    @property
    def digest(self) -> str:
        """16 hex digits over weights and whatever else changes a mask."""

    @property
    def backend(self) -> str:
        """Device, library, model and number format, for people."""

    def seconds_per_frame(self, width: int, height: int, objects: int = 1) -> float:
        """Returns how long a frame of a long shot will take; measured by running the network once, so after it is open.

        Args:
            width: of the pictures, pixels.
            height: likewise.
            objects: that are carried at once.
        """

    def still(self, rgb: NDArray[np.uint8], prompts: Sequence[Prompt], key: str = "") -> FrameMasks:
        """Returns the masks of a single (H, W, 3) picture; of one ``key`` the costly part is done once and kept."""

    def shot(self, frames: Frames, prompts: Sequence[Prompt]) -> Iterator[FrameMasks]:
        """Yields the masks of each frame of a shot once: forward from the first prompted frame, then backward from it.

        Memory does not grow with the length of the shot. Objects do not influence each other.
        """


Raw = NDArray[Any]
"""Raw output of a network: (4 + classes + more, anchors), or (K, 6 + more) rows where it is end-to-end; float32."""
