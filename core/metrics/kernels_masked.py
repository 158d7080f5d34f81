"""Compiled loops over the pixels inside a mask, with the row arithmetic of ``kernels``; no mask edge leaks into it."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.jit import compiled, f32, i16, i32, u8, u16, u32
from core.metrics.kernels import BLOCK, clear_columns, line_length, load, reflect, ring, vertical
from core.metrics.kernels_histogram import clear_counts, fold, summary
from core.metrics.layout import INSIDE, MARGIN, RING, WHOLE, T, U


@compiled
def masked_kernel(
    luma: Any, mask: Any, width: int, full_range: bool, lines: Any, pairs: Any, columns: Any, counts: Any
) -> Any:
    """Returns (pixels inside, five raw statistics) over the pixels with mask > 127; work stays in their bounding box.

    The Laplacian and the Sobel are taken only where the whole 3x3 neighbourhood is inside; NaN if there is none.

    Args:
        luma: (H, line_size) uint8, C-contiguous, read-only.
        mask: (H, >= width) uint8, C-contiguous, read-only; the height of ``luma``.
        width: pixels per row.
        full_range: whether the plane already is 0-255.
        lines: ``Scratch.lines``.
        pairs: ``Scratch.pairs``, all zero; zero again on return.
        columns: ``Scratch.columns``.
        counts: ``Scratch.counts``.
    """
    pixels, top, bottom, left, right = _bounds(mask, width, columns)
    clear_counts(counts)
    total, squares, magnitude, whole = 0, 0, 0.0, 0
    height, wide = bottom - top, right - left
    for y in range(-1, height):
        if y + 1 < height:
            source, inside = luma[top + y + 1][left:right], mask[top + y + 1][left:right]
            load(source, wide, full_range, lines[RING + (y + 1) % 3])
            _load_mask(inside, wide, lines[INSIDE + (y + 1) % 3])
            _count_inside(source, inside, wide, pairs[0], pairs[1], counts[0])
        if y >= 0:
            above, centre, below = ring(lines, INSIDE, y, height)
            _whole_columns(above, centre, below, lines[WHOLE], line_length(wide))
            above, centre, below = ring(lines, RING, y, height)
            row_total, row_squares, row_magnitude, row_whole = _masked_row(above, centre, below, lines, wide)
            total += row_total
            squares += row_squares
            magnitude += row_magnitude
            whole += row_whole
    return pixels, summary(fold(pairs, counts, full_range), pixels, total, squares, magnitude, whole)


@compiled
def _bounds(mask: Any, width: int, columns: Any) -> Any:
    """Returns pixels inside, then top, bottom, left, right of their box grown by the one pixel that Sobel looks at."""
    clear_columns(columns, width)
    height, top, bottom = mask.shape[0], mask.shape[0], 0
    pixels: Any = 0
    for y in range(height):
        row, count = mask[y], i32(0)
        for x in range(width):
            inside = u16(1) if row[x] > u8(127) else u16(0)
            columns[x] = u16(columns[x] | inside)
            count = i32(count + i32(inside))
        pixels += count
        if count > 0:
            top, bottom = min(top, y), y + 1
    left, right = 0, width
    while left < width and columns[left] == 0:
        left += 1
    while right > left and columns[right - 1] == 0:
        right -= 1
    return pixels, max(top - 1, 0), min(bottom + 1, height), max(left - 1, 0), min(right + 1, width)


@compiled
def _load_mask(source: Any, width: int, line: Any) -> None:
    """Writes -1 where mask > 127 and 0 elsewhere, with the same reflection as the luma."""
    row = line[MARGIN:]
    for x in range(width):
        row[x] = i16(-1) if source[x] > u8(127) else i16(0)
    reflect(line, width)


@compiled
def _count_inside(row: Any, mask: Any, width: int, even: Any, odd: Any, counts: Any) -> None:
    """Counts as ``_count_pairs`` where four neighbours are inside, else one by one: masks have few borders."""
    whole = width - width % 4
    for x in range(0, whole, 4):
        if mask[x] & mask[x + 1] & mask[x + 2] & mask[x + 3] > u8(127):
            even[u32(row[x]) | (u32(row[x + 1]) << u32(8))] += u32(1)
            odd[u32(row[x + 2]) | (u32(row[x + 3]) << u32(8))] += u32(1)
        elif mask[x] | mask[x + 1] | mask[x + 2] | mask[x + 3] > u8(127):
            for i in range(x, x + 4):
                counts[row[i]] += mask[i] > u8(127)
    for x in range(whole, width):
        counts[row[x]] += mask[x] > u8(127)


@compiled
def _masked_row(above: Any, centre: Any, below: Any, lines: Any, width: int) -> Any:
    """Returns the three sums of ``_row`` and the number of pixels; ``lines[WHOLE]`` holds whole columns of mask."""
    t, u, whole = lines[T], lines[U], lines[WHOLE]
    vertical(above, centre, below, t, u, line_length(width))
    total, squares, magnitude, pixels = np.int64(0), np.int64(0), 0.0, 0
    for start in range(0, width, BLOCK):
        count = min(BLOCK, width - start)
        x0, x1 = MARGIN - 1 + start, MARGIN + 1 + start + count
        a, b, c, d = _masked_horizontal(centre[x0:x1], t[x0:x1], u[x0:x1], whole[x0:x1], count)
        total += a
        squares += b
        magnitude += c
        pixels += d
    return total, squares, magnitude, pixels


@compiled
def _whole_columns(above: Any, centre: Any, below: Any, whole: Any, length: int) -> None:
    """Writes -1 where the mask holds above, at and below, else 0."""
    for x in range(length):
        whole[x] = i16(above[x] & i16(centre[x] & below[x]))


@compiled
def _masked_horizontal(centre: Any, t: Any, u: Any, whole: Any, count: int) -> Any:
    total, squares, magnitude, pixels = i32(0), i32(0), f32(0), i32(0)
    for x in range(count):
        inside = i16(whole[x] & i16(whole[x + 1] & whole[x + 2]))
        gx = f32(i16(i16(t[x + 2] - t[x]) & inside))
        gy = f32(i16(i16(i16(u[x] + u[x + 2]) + i16(u[x + 1] * i16(2))) & inside))
        laplacian = i16(i16(t[x + 1] - i16(centre[x + 1] * i16(6))) + i16(centre[x] + centre[x + 2]))
        laplacian = i16(laplacian & inside)
        total = i32(total + i32(laplacian))
        squares = i32(squares + i32(i32(laplacian) * i32(laplacian)))
        magnitude += np.sqrt(f32(gx * gx + gy * gy))
        pixels = i32(pixels - i32(inside))
    return total, squares, magnitude, pixels
