"""Compiled loops of judgement: what tells a good picture from noise, blur, blocks, bars and text, in blocks of 8x8.

One pass over the luma as it is stored; sums are whole numbers, so that they are exact. The slow twin is in
tests/judged.py. What the sums mean stands in ``judge``, the formulas in docs/formats.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.jit import compiled, f32, i16, i32, u8, u16, u32
from core.metrics.layout import (
    BARS,
    BLOCK_SIDE,
    COMB,
    COMBED,
    DARK_IN_BARS,
    FLAT,
    FLATTEST,
    GRID,
    LIGHT_IN_BARS,
    NOISE_BINS,
    NOISE_STEP,
    PAIRS,
    STEPS,
    USED,
)


@compiled
def judge_kernel(
    luma: Any, width: int, every: int, black: int, dark: int, sums: Any, small: Any, tensor: Any, blocks: Any,
    energy: Any, combed: Any, points: Any, bins: Any, out: Any,
) -> int:  # fmt: skip
    """Fills the maps of a picture's blocks and ``out``, (16,) int64 (places as in ``layout``). Returns blocks used.

    Args:
        luma: (H, line_size) uint8, C-contiguous, read-only.
        width: pixels per row.
        every: which rows of blocks are looked at: all (1), each second (2).
        black: the highest stored value that may be of a bar.
        dark: the highest stored value that counts as clipped.
        sums: (3, width) float32 work: whole numbers below 2^24, so that sums are exact.
        small: (6, width) uint16 work.
        tensor: (3, width // 8) float32 work.
        blocks: (7, width // 8) int32 work.
        energy: (rows of blocks looked at, width // 8) float32: the difference of the eigenvalues of a block's structure
            tensor: by how much the squared differences (of pixels two apart) along one direction outweigh the others.
        combed: same shape, uint8: 1 where rows differ more from the next than from the one after it (interlacing).
        points: same shape, uint8: one pixel of each block, inside bars too: what neighbours are compared by.
        bins: (NOISE_BINS,) int32: histogram of the absolute residual that a plane leaves (Immerkaer's mask), over
            blocks that are neither black nor white.
        out: (16,) int64.
    """
    height = luma.shape[0]
    for place in range(len(out)):
        out[place] = 0
    for place in range(NOISE_BINS):
        bins[place] = 0
    _bars(luma, width, black, dark, out)
    top, left = _first_whole(out[BARS]), _first_whole(out[BARS + 2])
    bottom, right = (height - out[BARS + 1]) // BLOCK_SIDE, (width - out[BARS + 3]) // BLOCK_SIDE
    if out[BARS + 1] and (height - out[BARS + 1]) % BLOCK_SIDE == 0:
        bottom -= 1
    if out[BARS + 3] and (width - out[BARS + 3]) % BLOCK_SIDE == 0:
        right -= 1
    for row in range(energy.shape[0]):
        inside = top <= row * every < bottom
        if inside:
            _row_of_blocks(luma, width, row * every, sums, small)
            _fold(sums, small, tensor, blocks)
        _close(inside, left, right, tensor, blocks, energy[row], combed[row], bins, out)
        pixels = luma[row * every * BLOCK_SIDE + BLOCK_SIDE // 2]
        for column in range(energy.shape[1]):
            points[row, column] = pixels[column * BLOCK_SIDE + BLOCK_SIDE // 2]
    return int(out[USED])


@compiled
def _first_whole(bar: int) -> int:
    """The first block of which no pixel touches a bar of so many rows."""
    return bar // BLOCK_SIDE + 1 if bar else 0


@compiled
def _row_of_blocks(luma: Any, width: int, row: int, sums: Any, small: Any) -> None:
    """Sums the columns of eight rows. The picture's outermost pixels count as having no gradient and no residual."""
    _clear(sums, small, width)
    height, start = luma.shape[0], row * BLOCK_SIDE
    if start > 0 and start + BLOCK_SIDE + 2 <= height:
        for y in (start, start + 4):
            above, r0, r1, r2, r3 = luma[y - 1], luma[y], luma[y + 1], luma[y + 2], luma[y + 3]
            _four_gradients(above, r0, r1, r2, r3, luma[y + 4], width, sums)
            _four_residuals(above, r0, r1, r2, r3, luma[y + 4], width, small)
            _four_steps(r0, r1, r2, r3, luma[y + 4], luma[y + 5], width, small)
    else:
        for y in range(start, start + BLOCK_SIDE):
            below = luma[min(y + 1, height - 1)]
            _steps(luma[y], below, luma[min(y + 2, height - 1)], width, small)
            if 0 < y < height - 1:
                _gradients(luma[y - 1], luma[y], below, width, sums, small)
    last, edge = luma[start + BLOCK_SIDE - 1], small[5]
    below = luma[min(start + BLOCK_SIDE, height - 1)]
    for x in range(width):
        edge[x] = _step(below[x], last[x])


@compiled
def _clear(sums: Any, small: Any, width: int) -> None:
    for line in range(sums.shape[0]):
        of = sums[line]
        for x in range(width):
            of[x] = f32(0)
    for line in range(small.shape[0]):
        thin = small[line]
        for x in range(width):
            thin[x] = u16(0)


@compiled
def _slope(first: int, second: int) -> Any:
    """A difference, as a number whose square and sums are exact, and quicker than those of whole numbers."""
    return f32(i16(i16(first) - i16(second)))


@compiled
def _step(first: int, second: int) -> Any:
    return u16(abs(i16(i16(first) - i16(second))))


@compiled
def _residual(above: Any, centre: Any, below: Any, x: int) -> Any:
    """Immerkaer's: the second difference down of the second difference across."""
    sides = i16(i16(above[x]) + i16(below[x]) - i16(i16(centre[x]) * i16(2)))
    left = i16(i16(above[x - 1]) + i16(below[x - 1]) - i16(i16(centre[x - 1]) * i16(2)))
    right = i16(i16(above[x + 1]) + i16(below[x + 1]) - i16(i16(centre[x + 1]) * i16(2)))
    return u16(abs(i16(left + right - i16(sides * i16(2)))))


@compiled
def _gradients(above: Any, centre: Any, below: Any, width: int, sums: Any, small: Any) -> None:
    """Adds products of the differences of pixels two apart, and the residual, of one row."""
    a, b, c, n = sums[0], sums[1], sums[2], small[0]
    for x in range(1, width - 1):
        gx, gy = _slope(centre[x + 1], centre[x - 1]), _slope(below[x], above[x])
        a[x], b[x], c[x] = a[x] + gx * gx, b[x] + gy * gy, c[x] + gx * gy
        n[x] = u16(n[x] + _residual(above, centre, below, x))


@compiled
def _four_gradients(above: Any, r0: Any, r1: Any, r2: Any, r3: Any, below: Any, width: int, sums: Any) -> None:
    """The products of four rows at once: sums are read and written a quarter as often."""
    a, b, c = sums[0], sums[1], sums[2]
    for x in range(1, width - 1):
        x0, y0 = _slope(r0[x + 1], r0[x - 1]), _slope(r1[x], above[x])
        x1, y1 = _slope(r1[x + 1], r1[x - 1]), _slope(r2[x], r0[x])
        x2, y2 = _slope(r2[x + 1], r2[x - 1]), _slope(r3[x], r1[x])
        x3, y3 = _slope(r3[x + 1], r3[x - 1]), _slope(below[x], r2[x])
        a[x] = a[x] + x0 * x0 + x1 * x1 + x2 * x2 + x3 * x3
        b[x] = b[x] + y0 * y0 + y1 * y1 + y2 * y2 + y3 * y3
        c[x] = c[x] + x0 * y0 + x1 * y1 + x2 * y2 + x3 * y3


@compiled
def _four_residuals(above: Any, r0: Any, r1: Any, r2: Any, r3: Any, below: Any, width: int, small: Any) -> None:
    n = small[0]
    for x in range(1, width - 1):
        upper = u16(_residual(above, r0, r1, x) + _residual(r0, r1, r2, x))
        lower = u16(_residual(r1, r2, r3, x) + _residual(r2, r3, below, x))
        n[x] = u16(n[x] + upper + lower)


@compiled
def _steps(centre: Any, below: Any, second: Any, width: int, small: Any) -> None:
    """Adds light, and steps to the next pixel, of one row: across, down, down by two."""
    light, across, down, two = small[1], small[2], small[3], small[4]
    for x in range(width):
        light[x] = u16(light[x] + u16(centre[x]))
        two[x] = u16(two[x] + _step(second[x], centre[x]))
        down[x] = u16(down[x] + _step(below[x], centre[x]))
    for x in range(1, width):
        across[x] = u16(across[x] + _step(centre[x], centre[x - 1]))


@compiled
def _four_steps(r0: Any, r1: Any, r2: Any, r3: Any, below: Any, second: Any, width: int, small: Any) -> None:
    """The same of four rows."""
    light, across, down, two = small[1], small[2], small[3], small[4]
    for x in range(width):
        light[x] = u16(light[x] + u16(r0[x]) + u16(r1[x]) + u16(r2[x]) + u16(r3[x]))
        two[x] = u16(
            two[x] + _step(r2[x], r0[x]) + _step(r3[x], r1[x]) + _step(below[x], r2[x]) + _step(second[x], r3[x])
        )
        down[x] = u16(
            down[x] + _step(r1[x], r0[x]) + _step(r2[x], r1[x]) + _step(r3[x], r2[x]) + _step(below[x], r3[x])
        )
    for x in range(1, width):
        upper = u16(_step(r0[x], r0[x - 1]) + _step(r1[x], r1[x - 1]))
        across[x] = u16(across[x] + upper + _step(r2[x], r2[x - 1]) + _step(r3[x], r3[x - 1]))


@compiled
def _fold(sums: Any, small: Any, tensor: Any, blocks: Any) -> None:
    """Adds up the eight columns of each block, an array after the other: several times as quick as block by block."""
    for line in range(sums.shape[0]):
        columns, total = sums[line], tensor[line]
        for column in range(len(total)):
            x = column * BLOCK_SIDE
            left = (columns[x] + columns[x + 1]) + (columns[x + 2] + columns[x + 3])
            total[column] = left + (columns[x + 4] + columns[x + 5]) + (columns[x + 6] + columns[x + 7])
    for line in range(small.shape[0]):
        thin, whole = small[line], blocks[line]
        for column in range(len(whole)):
            of = i32(0)
            for i in range(column * BLOCK_SIDE, (column + 1) * BLOCK_SIDE):
                of = i32(of + i32(thin[i]))
            whole[column] = of
    across, first = small[2], blocks[6]
    for column in range(len(first)):
        first[column] = i32(across[column * BLOCK_SIDE])


@compiled
def _close(
    inside: bool, left: int, right: int, tensor: Any, blocks: Any, energy: Any, combed: Any, bins: Any, out: Any
) -> None:
    """Fills a row of the maps, and counts its blocks from ``left`` to ``right``, the end."""
    columns = len(energy)
    start, stop = (left, max(left, right)) if inside else (0, 0)
    for column in range(columns):
        energy[column], combed[column] = f32(-1), u8(0)
    a, b, c, down, two = tensor[0], tensor[1], tensor[2], blocks[3], blocks[4]
    for column in range(start, stop):
        strength, along = np.float64(a[column] - b[column]), np.float64(c[column])
        energy[column] = f32(np.sqrt(strength * strength + 4.0 * along * along))
        combed[column] = u8((down[column] > two[column] + (two[column] >> i32(1))) & (down[column] > i32(COMB)))
    grid, edges, across, within, flat, woven = 0, 0, 0, 0, 0, 0
    for column in range(start, stop):
        grid += blocks[6, column]
        edges += blocks[5, column]
        across += blocks[2, column]
        within += down[column]
        flat += a[column] + b[column] < f32(FLATTEST)
        woven += combed[column]
    out[USED] += stop - start
    out[GRID] += grid
    out[GRID + 1] += edges
    out[STEPS] += across - grid
    out[STEPS + 1] += within - edges
    out[FLAT] += flat
    out[COMBED] += woven
    for column in range(start, stop):
        if 8 * 64 < blocks[1, column] < 247 * 64:
            out[PAIRS] += 1
            bins[min(u32(blocks[0, column]) // u32(NOISE_STEP), u32(NOISE_BINS - 1))] += 1


@compiled
def _bars(luma: Any, width: int, black: int, dark: int, out: Any) -> None:
    """Counts rows and columns of black from each side, and their pixels that histograms call clipped."""
    height = luma.shape[0]
    top, bottom, left, right = 0, 0, 0, 0
    while top < height and _row_is_black(luma[top], width, black):
        top += 1
    while bottom < height - top and _row_is_black(luma[height - 1 - bottom], width, black):
        bottom += 1
    while left < width and _column_is_black(luma, left, top, height - bottom, black):
        left += 1
    while right < width - left and _column_is_black(luma, width - 1 - right, top, height - bottom, black):
        right += 1
    out[BARS], out[BARS + 1], out[BARS + 2], out[BARS + 3] = top, bottom, left, right
    if top + bottom + left + right == 0:
        return
    for y in range(height):
        row, whole = luma[y], y < top or y >= height - bottom
        for x in range(width):
            if whole or x < left or x >= width - right:
                out[DARK_IN_BARS] += row[x] <= dark
                out[LIGHT_IN_BARS] += 1


@compiled
def _row_is_black(row: Any, width: int, black: int) -> bool:
    for x in range(width):  # noqa: SIM110
        if row[x] > black:
            return False
    return True


@compiled
def _column_is_black(luma: Any, x: int, start: int, stop: int, black: int) -> bool:
    for y in range(start, stop):  # noqa: SIM110
        if luma[y, x] > black:
            return False
    return True
