"""The compiled means of luma and colour differences: called once per frame, on the decoder's own planes."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.colours import CHROMA_GRID as GRID
from core.metrics.colours import LUMA_GRID
from core.metrics.jit import compiled

ROWS = 16
"""Rows of a cell that are looked at, evenly spaced: more do not change a mean by a level (measured), only its cost."""


@compiled
def colours_kernel(
    box: Any, blue: Any, blue_first: int, red: Any, red_first: int, step: int, width: int, shift: int,
    full_range: bool, out: Any,
) -> None:  # fmt: skip
    """Fills ``out``, (36,) uint8: what ``luma_cells`` and ``difference_cells``, of both planes, say."""
    luma_cells(box, out)
    difference_cells(blue, blue_first, step, width, shift, full_range, out, 0)
    difference_cells(red, red_first, step, width, shift, full_range, out, 1)


@compiled
def luma_cells(box: Any, out: Any) -> None:
    """Writes the means of the quarters of a (32, 32) float64 box average, rounded half up, to the first 4 places."""
    side = box.shape[0] // LUMA_GRID
    for row in range(LUMA_GRID):
        for column in range(LUMA_GRID):
            total = 0.0
            for y in range(row * side, (row + 1) * side):
                for x in range(column * side, (column + 1) * side):
                    total += box[y, x]
            out[row * LUMA_GRID + column] = np.uint8(np.floor(total / (side * side) + 0.5))


@compiled
def difference_cells(
    plane: Any, first: int, step: int, width: int, shift: int, full_range: bool, out: Any, kind: int
) -> None:
    """Writes the mean of each cell, 0-255 full range, rounded half up; in whole numbers, so that it is exact.

    Args:
        plane: (h, line_size) uint8 or uint16, C-contiguous, read-only.
        first: column of the first sample.
        step: columns from one sample to the next.
        width: samples per row.
        shift: bits of a sample beyond 8.
        full_range: whether samples go from 0 to 255 around 128; else from 16 to 240.
        out: (36,) uint8 output: after the means of the luma those of blue and red, cell by cell.
        kind: 0 = blue, 1 = red.
    """
    height = plane.shape[0]
    for row in range(GRID):
        top, bottom = _edges(row, height)
        rows = min(ROWS, bottom - top)
        for column in range(GRID):
            left, right = _edges(column, width)
            total = np.int64(0)
            for i in range(rows):
                line = plane[top + (2 * i + 1) * (bottom - top) // (2 * rows)]
                total += _row_sum(line, first + left * step, step, right - left)
            at = LUMA_GRID * LUMA_GRID + 2 * (row * GRID + column) + kind
            out[at] = _full_range(total, rows * (right - left) << shift, full_range)


@compiled
def _edges(cell: int, size: int) -> Any:
    """Returns where a cell starts and ends; a side of one sample gives it to both cells."""
    start = min(cell * size // GRID, size - 1)
    return start, max((cell + 1) * size // GRID, start + 1)


@compiled
def _row_sum(line: Any, start: int, step: int, count: int) -> Any:
    total = np.uint32(0)  # 65,535 * 65,535 fits
    if step == 1:
        for x in range(start, start + count):
            total += np.uint32(line[x])
    else:
        for x in range(count):
            total += np.uint32(line[start + x * step])
    return np.int64(total)


@compiled
def _full_range(total: Any, unit: int, full_range: bool) -> Any:
    """Returns 128 + (mean - 128) * 255 / 224, or the mean itself, rounded half up and clipped to 0-255."""
    gain, span = (1, 1) if full_range else (255, 224)
    away = (total - 128 * unit) * gain
    return np.uint8(min(max(128 + (2 * away + span * unit) // (2 * span * unit), 0), 255))
