"""Neural networks behind small protocols: what the rest of the program knows of them. Imports none of them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.records import Faces


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

    def read(self, rgb: NDArray[np.uint8]) -> Faces:
        """Returns the faces of an (H, W, 3) uint8 RGB picture, the surest first."""
