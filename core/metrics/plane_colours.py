"""The coarse colours of a decoded frame, from its own planes (``colours`` says what they are)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.calls import difference_cells
from core.metrics.colours import CHROMA_GRID, LUMA_GRID, NEUTRAL, packed

Samples = tuple[NDArray[Any], int]
"""A plane, (h, line_size) uint8 or uint16, and the column of its first sample."""


def colours_of(
    box: NDArray[np.float64],
    chroma: tuple[Samples, Samples] | None,
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
    side = len(box) // LUMA_GRID
    luma = box.reshape(LUMA_GRID, side, LUMA_GRID, side).mean(axis=(1, 3))
    cells = np.full((2, CHROMA_GRID, CHROMA_GRID), NEUTRAL, np.uint8)
    for at, (plane, first) in enumerate(chroma or ()):
        difference_cells(np.ascontiguousarray(plane), first, step, width, shift, full_range, cells[at])
    shown = cells[:, :, ::-1] if mirrored else cells
    return packed(luma, *(np.rot90(shown, -turns, axes=(1, 2)) if turns else shown))
