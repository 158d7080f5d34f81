"""Compiled loops over the decoder's own luma plane: five statistics, the 32x32 box average, the luma difference.

One pass, exact: every pixel is mapped to full range before any arithmetic, sums are integers, and only the root of the
Sobel magnitude is float32 (summed over 512 pixels, then float64). The slow twins are in tests/reference.py. Not here:
statistics inside a mask (``kernels_masked``), normalisation and error sentences (``quality``), hashing (``phash``).

Written for the vectoriser: int16 after every operation, whole aligned rows without special cases at the sides (the
margin holds the reflected neighbours), and a ring of three mapped rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics import layout
from core.metrics.jit import compiled, f32, i16, i32, u16, u32
from core.metrics.kernels_histogram import clear_counts, count_rows, fold, summary, to_full_range
from core.metrics.layout import CELLS, MARGIN, RING, T, U

BLOCK = 512
"""Pixels per float32 sum: keeps it within 5e-7 of the exact sum even when all magnitudes are equal (measured)."""

BAND = 256
"""Rows that a uint16 column sum can take: 256 * 255 < 65536."""

COUNTED = 32
"""Rows counted together, ahead of the rest: row by row, the tables push the rows out of the cache (0.2 ms at 1080p)."""


@compiled
def frame_kernel(
    luma: Any, words: Any, width: int, full_range: bool, lines: Any, pairs: Any, columns: Any, counts: Any, box: Any,
    want_box: bool,
) -> Any:  # fmt: skip
    """Returns the five raw statistics of a plane (order of METRIC_NAMES) and fills ``box`` when asked.

    Args:
        luma: (H, line_size) uint8, C-contiguous, read-only; only the first ``width`` columns are looked at.
        words: (H, line_size // 8) uint64, the same memory; (0, 0) where rows are not whole words.
        width: pixels per row, 1 to line_size.
        full_range: whether the plane already is 0-255; else 16-235 is mapped to it, clipped.
        lines: ``Scratch.lines``.
        pairs: ``Scratch.pairs``, all zero; zero again on return.
        columns: ``Scratch.columns``.
        counts: ``Scratch.counts``.
        box: (32, 32) float64 output.
        want_box: whether to fill ``box``.
    """
    height = luma.shape[0]
    total, squares, magnitude, band, rows_in = 0, 0, 0.0, 0, 0
    clear_columns(columns, width)
    _clear_box(box)
    clear_counts(counts)
    load(luma[0], width, full_range, lines[RING])
    for y in range(height):
        if y % COUNTED == 0:
            count_rows(luma, words, y, min(y + COUNTED, height), width, pairs, counts[0])
        if y + 1 < height:
            load(luma[y + 1], width, full_range, lines[RING + (y + 1) % 3])
        above, centre, below = ring(lines, RING, y, height)
        row_total, row_squares, row_magnitude = _row(above, centre, below, lines, width)
        total += row_total
        squares += row_squares
        magnitude += row_magnitude
        if want_box:
            _add_columns(centre, width, columns)
            rows_in += 1
            band_ends = y + 1 >= _edge(band + 1, height)
            if band_ends or rows_in == BAND:
                _collect(columns, width, box[band])
                rows_in = 0
            if band_ends:
                band = _close_band(box, band, y, width, height)
    pixels = height * width
    return summary(fold(pairs, counts, full_range), pixels, total, squares, magnitude, pixels)


@compiled
def difference_kernel(first: Any, second: Any, width: int) -> Any:
    """Returns the sum of absolute differences of two read-only (H, >= width) uint8 planes."""
    total: Any = 0
    for y in range(first.shape[0]):
        a, b, row = first[y], second[y], u32(0)
        for x in range(width):
            row = u32(row + u32(abs(i32(i32(a[x]) - i32(b[x])))))
        total += row
    return total


@compiled
def load(source: Any, width: int, full_range: bool, line: Any) -> None:
    """Writes one mapped row behind the margin, its reflected neighbours (REFLECT_101) on both sides."""
    if full_range:
        _copy_full(source, width, line)
    else:
        _copy_limited(source, width, line)
    reflect(line, width)


@compiled
def _copy_full(source: Any, width: int, line: Any) -> None:
    for x in range(width):
        line[MARGIN + x] = i16(source[x])


@compiled
def _copy_limited(source: Any, width: int, line: Any) -> None:
    for x in range(width):  # a function of its own: inside ``load`` it takes a third longer
        line[MARGIN + x] = i16(to_full_range(source[x]))


@compiled
def reflect(line: Any, width: int) -> None:
    """Writes the neighbours of a row's first and last pixel as OpenCV's REFLECT_101 has them."""
    last = MARGIN + width - 1
    line[MARGIN - 1] = line[MARGIN + min(1, width - 1)]
    line[last + 1] = line[last - min(1, width - 1)]


@compiled
def ring(lines: Any, first: int, y: int, height: int) -> Any:
    """Returns the loaded rows above, at and below ``y``; beyond the picture they are reflected (REFLECT_101)."""
    above = y - 1 if y > 0 else min(1, height - 1)
    below = y + 1 if y + 1 < height else max(height - 2, 0)
    return lines[first + above % 3], lines[first + y % 3], lines[first + below % 3]


@compiled
def _row(above: Any, centre: Any, below: Any, lines: Any, width: int) -> Any:
    """Returns (sum of Laplacian, sum of its square, sum of Sobel magnitude) of one row."""
    t, u = lines[T], lines[U]
    vertical(above, centre, below, t, u, line_length(width))
    total, squares, magnitude = np.int64(0), np.int64(0), 0.0
    for start in range(0, width, BLOCK):
        count = min(BLOCK, width - start)
        x0, x1 = MARGIN - 1 + start, MARGIN + 1 + start + count
        a, b, c = _horizontal(centre[x0:x1], t[x0:x1], u[x0:x1], count)
        total += a
        squares += b
        magnitude += c
    return total, squares, magnitude


@compiled
def vertical(above: Any, centre: Any, below: Any, t: Any, u: Any, length: int) -> None:
    """Writes t = above + 2 centre + below and u = below - above: the vertical halves of both Sobel kernels."""
    for x in range(length):
        t[x] = i16(i16(above[x] + below[x]) + i16(centre[x] * i16(2)))
        u[x] = i16(below[x] - above[x])


@compiled
def _horizontal(centre: Any, t: Any, u: Any, count: int) -> Any:
    total, squares, magnitude = i32(0), i32(0), f32(0)
    for x in range(count):
        gx = f32(i16(t[x + 2] - t[x]))
        gy = f32(i16(i16(u[x] + u[x + 2]) + i16(u[x + 1] * i16(2))))
        laplacian = i16(i16(t[x + 1] - i16(centre[x + 1] * i16(6))) + i16(centre[x] + centre[x + 2]))
        total = i32(total + i32(laplacian))
        squares = i32(squares + i32(i32(laplacian) * i32(laplacian)))
        magnitude += np.sqrt(f32(gx * gx + gy * gy))
    return total, squares, magnitude


line_length = compiled(layout.line_length)


@compiled
def clear_columns(columns: Any, width: int) -> None:
    """Writes 0 to the first columns. Loops, here and below: numpy's ways could fail, and bring in what says so."""
    for x in range(width):
        columns[x] = u16(0)


@compiled
def _clear_box(box: Any) -> None:
    for row in range(CELLS):
        for cell in range(CELLS):
            box[row, cell] = 0.0


@compiled
def _add_columns(line: Any, width: int, columns: Any) -> None:
    for x in range(width):
        columns[x] = u16(columns[x] + u16(line[MARGIN + x]))


@compiled
def _collect(columns: Any, width: int, sums: Any) -> None:
    """Adds the column sums to their cells and clears them; a cell without a column takes the one at its start."""
    for cell in range(CELLS):
        start = _edge(cell, width)
        total = u32(0)
        for x in range(start, max(_edge(cell + 1, width), start + 1)):
            total = u32(total + u32(columns[x]))
        sums[cell] += total
    clear_columns(columns, width)


@compiled
def _close_band(box: Any, band: int, y: int, width: int, height: int) -> int:
    """Turns the sums of a band of rows into means; a band without a row repeats the last. Returns the next band."""
    rows = y + 1 - _edge(band, height)
    for cell in range(CELLS):
        box[band, cell] /= rows * max(_edge(cell + 1, width) - _edge(cell, width), 1)
    band += 1
    while band < CELLS and _edge(band, height) <= y:
        for cell in range(CELLS):
            box[band, cell] = box[band - 1, cell]
        band += 1
    return band


@compiled
def _edge(cell: int, size: int) -> int:
    return cell * size // CELLS
