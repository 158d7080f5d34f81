"""Compiled loops over the maps of judgement, one number a block: its detail, what changes, what lies at the border.

In numpy each of these takes ten passes over arrays that have to be made first; here it is one. What it means stands in
``judge``, ``moment`` and ``subject``; the slow twins are in tests/judged.py and tests/metrics.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.jit import compiled, f32, i32
from core.metrics.layout import GROUP_SIDE, NOISE_BINS


@compiled
def sharpen_kernel(
    bins: Any, noisy: Any, noise: Any, energy: Any, points: Any, scale: Any, in_energy: Any, sharp: Any, groups: Any,
    out: Any,
) -> None:  # fmt: skip
    """Fills ``sharp``, ``groups`` and ``out``, (2,) float64: the noise, grey levels; the sum of ``sharp``.

    Args:
        bins: (NOISE_BINS,) int32, as ``judge_kernel`` leaves them.
        noisy: how many blocks must be in a bin, or in one before it, to be the bin that tells the noise; 0 = none does.
        noise: grey levels that a bin stands for.
        energy: (rows, columns) float32, as ``judge_kernel`` leaves it; -1 = not measured.
        points: (rows, columns) uint8.
        scale: what a difference of one stored level is in ``energy``.
        in_energy: energy of noise of variance 1.
        sharp: (rows, columns) float32: root of the energy less that of the noise; NaN = not measured.
        groups: (rows // 4, columns // 4) float32: means of the points.
        out: see above.
    """
    place, counted = 0, np.int64(bins[0])
    while noisy > 0 and counted < noisy and place + 1 < NOISE_BINS:
        place += 1
        counted += bins[place]
    out[0] = (place + 0.5) * noise if noisy > 0 and place else 0.0
    out[1] = 0.0
    gain, less = f32(scale), f32(in_energy * out[0] * out[0])
    for row in range(energy.shape[0]):
        out[1] += _sharpen_row(energy[row], sharp[row], gain, less)
    for row in range(groups.shape[0]):
        for column in range(groups.shape[1]):
            total = i32(0)
            for y in range(row * GROUP_SIDE, (row + 1) * GROUP_SIDE):
                for x in range(column * GROUP_SIDE, (column + 1) * GROUP_SIDE):
                    total = i32(total + i32(points[y, x]))
            groups[row, column] = f32(total) / f32(GROUP_SIDE * GROUP_SIDE)


@compiled
def _sharpen_row(energy: Any, sharp: Any, gain: Any, less: Any) -> Any:
    total = 0.0
    for column in range(len(energy)):
        root = np.sqrt(max(f32(energy[column] * gain) - less, f32(0)))
        is_measured = energy[column] >= f32(0)
        sharp[column] = root if is_measured else f32(np.nan)
        total += np.float64(root) if is_measured else 0.0
    return total


@compiled
def change_kernel(points: Any, first: Any, second: Any, most: int, counts: Any) -> int:
    """Returns the sum of the ``most`` largest changes of a point: |points - first| + |points - second|.

    Args:
        points: (rows, columns) uint8.
        first: likewise, of a neighbour.
        second: likewise, of the other; (0, 0) = there is none.
        most: see above, at least 1.
        counts: (512,) int32 work.
    """
    for level in range(len(counts)):
        counts[level] = 0
    both = second.shape[0] > 0
    for row in range(points.shape[0]):
        for column in range(points.shape[1]):
            here = i32(points[row, column])
            change = abs(here - i32(first[row, column]))
            if both:
                change += abs(here - i32(second[row, column]))
            counts[change] += 1
    total, left, level = 0, most, len(counts) - 1
    while left > 0 and level > 0:
        taken = min(left, int(counts[level]))
        total += taken * level
        left -= taken
        level -= 1
    return total


@compiled
def moving_kernel(
    points: Any, before: Any, after: Any, sharp: Any, levels: int, most: float, tenth: float, counts: Any, lines: Any,
    out: Any,
) -> int:  # fmt: skip
    """Returns how many blocks are of what moves, and fills ``out``, (1,) float64: their detail added up.

    Those whose point differs from both neighbours by more than ``levels``, where these are at most ``most`` of all;
    else those that change more than all but a ``tenth``. Then blocks to their left and right.

    Args:
        points: (rows, columns) uint8.
        before: likewise, of the frame before.
        after: likewise, of the one after.
        sharp: (rows, columns) float32; NaN = not measured: such blocks are not counted.
        levels: see above.
        most: see above.
        tenth: see above.
        counts: (256,) int32 work.
        lines: (columns,) uint8 work.
        out: see above.
    """
    for level in range(len(counts)):
        counts[level] = 0
    rows, columns = points.shape
    measured, moved, out[0] = 0, 0, 0.0
    for row in range(rows):
        for column in range(columns):
            if sharp[row, column] >= f32(0):
                change = _least_change(points[row, column], before[row, column], after[row, column])
                counts[change] += 1
                measured += 1
                moved += change > levels
    above = levels
    if moved > most * rows * columns:  # the camera moves
        left, above = int(measured * tenth), 255
        while counts[above] <= left:
            left -= counts[above]
            above -= 1
    found = 0
    for row in range(rows):
        for column in range(columns):
            lines[column] = _least_change(points[row, column], before[row, column], after[row, column]) > above
        for column in range(columns):
            start, stop = max(column - 1, 0), min(column + 1, columns - 1)
            if (lines[start] | lines[column] | lines[stop]) and sharp[row, column] >= f32(0):
                found += 1
                out[0] += np.float64(sharp[row, column])
    return found


@compiled
def _least_change(point: Any, before: Any, after: Any) -> Any:
    here = i32(point)
    return min(abs(here - i32(before)), abs(here - i32(after)))


@compiled
def border_kernel(sharp: Any, sides: int, out: Any) -> int:
    """Returns how many blocks there are inside bars; fills ``out``, (2,) float64: mean squares, at the border, of all.

    Args:
        sharp: (rows, columns) float32; NaN = not measured: of bars, which are left out; counts as 0 between others.
        sides: columns at either side that are the border; of rows the outermost.
        out: see above; left as it is where there are none.
    """
    top, bottom, left, right = sharp.shape[0], -1, sharp.shape[1], -1
    for row in range(sharp.shape[0]):
        for column in range(sharp.shape[1]):
            if sharp[row, column] >= f32(0):
                top, bottom = min(top, row), max(bottom, row)
                left, right = min(left, column), max(right, column)
    if bottom < 0:
        return 0
    rows, columns = bottom + 1 - top, right + 1 - left
    wide = min(sides, columns)
    ring, total = 0.0, 0.0
    for row in range(top, bottom + 1):
        times = int(row == top) + int(row == bottom)
        for column in range(left, right + 1):
            one = sharp[row, column]
            squared = np.float64(f32(one * one)) if one >= f32(0) else 0.0
            total += squared
            ring += squared * (times + int(column < left + wide) + int(column > right - wide))
    out[0], out[1] = ring / (2 * columns + 2 * wide * rows), total / (rows * columns)
    return int(rows * columns)
