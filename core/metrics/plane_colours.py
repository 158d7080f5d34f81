"""The coarse colours of a decoded frame, from its own planes (``colours`` says what they are)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics import calls
from core.metrics.calls import Samples
from core.metrics.colours import CHROMA_GRID, LUMA_GRID, NEUTRAL

NO_COLOUR = Samples(np.full((1, 1), NEUTRAL, np.uint8), 0)


def colours_of(
    box: NDArray[np.float64],
    chroma: tuple[tuple[NDArray[Any], int], tuple[NDArray[Any], int]] | None,
    step: int = 1,
    width: int = 0,
    shift: int = 0,
    full_range: bool = True,
    turns: int = 0,
    mirrored: bool = False,
) -> NDArray[np.uint8]:
    """Returns the (36,) uint8 colours of a frame.

    Args:
        box: (32, 32) float64, full-range luma in display orientation, as the hash is taken from (``Scratch.box``).
        chroma: where the Cb and the Cr samples lie, as stored; ``None`` = a picture without colour.
        step: columns from one sample of a kind to the next.
        width: samples per row.
        shift: bits of a sample beyond 8.
        full_range: whether the samples use all of 0-255.
        turns: by how many quarters the stored picture is turned clockwise for display, after it is mirrored.
        mirrored: whether it is mirrored left to right before.
    """
    if chroma is None:
        return calls.colours(box, NO_COLOUR, NO_COLOUR, 1, 1, 0, True)
    blue, red = (Samples(np.ascontiguousarray(plane), first) for plane, first in chroma)
    found = calls.colours(box, blue, red, step, width, shift, full_range)
    if turns or mirrored:
        cells = found[LUMA_GRID**2 :].reshape(CHROMA_GRID, CHROMA_GRID, 2)
        found[LUMA_GRID**2 :] = np.rot90(cells[:, ::-1] if mirrored else cells, -turns).ravel()
    return found
