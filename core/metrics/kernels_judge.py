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
    luma: Any, width: int, every: int, black: int, dark: int, sums: Any, small: Any, blocks: Any, energy: Any,
    combed: Any, points: Any, bins: Any, out: Any,
) -> int:  # fmt: skip
    """Fills the maps of a picture's blocks and ``out``, (16,) int64 (places as in ``layout``). Returns blocks used.

    Args:
        luma: (H, line_size) uint8, C-contiguous, read-only.
        width: pixels per row.
        every: which rows of blocks are looked at: all (1), each second (2).
        black: the highest stored value that may be of a bar.
        dark: the highest stored value that counts as clipped.
        sums: (3, width) int32 work.
        small: (6, width) uint16 work.
        blocks: (10, width // 8) int32 work.
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
            _fold(sums, small, blocks)
        _close(inside, left, right, blocks, energy[row], combed[row], bins, out)
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
    for y in range(start, start + BLOCK_SIDE):
        centre, below = luma[y], luma[min(y + 1, height - 1)]
        _steps(centre, below, luma[min(y + 2, height - 1)], width, y == start + BLOCK_SIDE - 1, small)
        if 0 < y < height - 1:
            _gradients(luma[y - 1], centre, below, width, sums, small)


@compiled
def _clear(sums: Any, small: Any, width: int) -> None:
    for line in range(sums.shape[0]):
        of = sums[line]
        for x in range(width):
            of[x] = i32(0)
    for line in range(small.shape[0]):
        thin = small[line]
        for x in range(width):
            thin[x] = u16(0)


@compiled
def _gradients(above: Any, centre: Any, below: Any, width: int, sums: Any, small: Any) -> None:
    """Adds products of the differences of pixels two apart, and Immerkaer's residual."""
    a, b, c, n = sums[0], sums[1], sums[2], small[0]
    for x in range(1, width - 1):
        gx = i16(i16(centre[x + 1]) - i16(centre[x - 1]))
        gy = i16(i16(below[x]) - i16(above[x]))
        a[x] = i32(a[x] + i32(gx) * i32(gx))
        b[x] = i32(b[x] + i32(gy) * i32(gy))
        c[x] = i32(c[x] + i32(gx) * i32(gy))
    for x in range(1, width - 1):
        sides = i16(i16(above[x]) + i16(below[x]) - i16(i16(centre[x]) * i16(2)))
        left = i16(i16(above[x - 1]) + i16(below[x - 1]) - i16(i16(centre[x - 1]) * i16(2)))
        right = i16(i16(above[x + 1]) + i16(below[x + 1]) - i16(i16(centre[x + 1]) * i16(2)))
        n[x] = u16(n[x] + u16(abs(i16(left + right - i16(sides * i16(2))))))


@compiled
def _steps(centre: Any, below: Any, second: Any, width: int, last: bool, small: Any) -> None:
    """Adds light, and steps to the next pixel: across, down (of a block's last row apart), down by two."""
    light, across, down, two, edge = small[1], small[2], small[3], small[4], small[5]
    for x in range(width):
        p, q = i16(centre[x]), i16(below[x])
        light[x] = u16(light[x] + u16(centre[x]))
        two[x] = u16(two[x] + u16(abs(i16(i16(second[x]) - p))))
        down[x] = u16(down[x] + u16(abs(i16(q - p))))
    for x in range(1, width):
        across[x] = u16(across[x] + u16(abs(i16(i16(centre[x]) - i16(centre[x - 1])))))
    if last:
        for x in range(width):
            edge[x] = u16(abs(i16(i16(below[x]) - i16(centre[x]))))


@compiled
def _fold(sums: Any, small: Any, blocks: Any) -> None:
    """Adds up the eight columns of each block, an array after the other: several times as quick as block by block."""
    for line in range(sums.shape[0]):
        _fold_line(sums[line], blocks[line])
    for line in range(small.shape[0]):
        _fold_line(small[line], blocks[sums.shape[0] + line])
    across, first = small[2], blocks[9]
    for column in range(blocks.shape[1]):
        first[column] = i32(across[column * BLOCK_SIDE])


@compiled
def _fold_line(columns: Any, folded: Any) -> None:
    for column in range(folded.shape[0]):
        total = i32(0)
        for i in range(column * BLOCK_SIDE, (column + 1) * BLOCK_SIDE):
            total = i32(total + i32(columns[i]))
        folded[column] = total


@compiled
def _close(inside: bool, left: int, right: int, blocks: Any, energy: Any, combed: Any, bins: Any, out: Any) -> None:
    """Fills a row of the maps, and counts its blocks from ``left`` to ``right``, the end."""
    columns = len(energy)
    start, stop = (left, max(left, right)) if inside else (0, 0)
    for column in range(columns):
        energy[column], combed[column] = f32(-1), u8(0)
    down, two = blocks[6], blocks[7]
    for column in range(start, stop):
        strength, along = np.float64(blocks[0, column] - blocks[1, column]), np.float64(blocks[2, column])
        energy[column] = f32(np.sqrt(strength * strength + 4.0 * along * along))
        combed[column] = u8((down[column] > two[column] + (two[column] >> i32(1))) & (down[column] > i32(COMB)))
    grid, edges, across, within, flat, woven = 0, 0, 0, 0, 0, 0
    for column in range(start, stop):
        grid += blocks[9, column]
        edges += blocks[8, column]
        across += blocks[5, column]
        within += down[column]
        flat += blocks[0, column] + blocks[1, column] < FLATTEST
        woven += combed[column]
    out[USED] += stop - start
    out[GRID] += grid
    out[GRID + 1] += edges
    out[STEPS] += across - grid
    out[STEPS + 1] += within - edges
    out[FLAT] += flat
    out[COMBED] += woven
    for column in range(start, stop):
        if 8 * 64 < blocks[4, column] < 247 * 64:
            out[PAIRS] += 1
            bins[min(u32(blocks[3, column]) // u32(NOISE_STEP), u32(NOISE_BINS - 1))] += 1


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
