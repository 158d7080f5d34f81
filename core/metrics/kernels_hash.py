"""The compiled DCT and bits of the perceptual hash: called once per frame, numpy finds its caches cold each time."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.jit import compiled


@compiled
def hash_kernel(box: Any, cosines: Any, steps: float, row: Any, low: Any, ranked: Any) -> Any:
    """Returns the hash as an integer, the first bit the highest.

    Args:
        box: (32, 32) float64.
        cosines: (8, 32) float64, the first rows of the DCT-II matrix.
        steps: coefficients are rounded to 1 / ``steps``.
        row: (32,) float64 scratch.
        low: (64,) float64 scratch.
        ranked: likewise.
    """
    count, size = cosines.shape
    for i in range(count):
        for x in range(size):
            row[x] = 0.0
        for y in range(size):
            for x in range(size):
                row[x] += cosines[i, y] * box[y, x]
        for j in range(count):
            total = 0.0
            for x in range(size):
                total += cosines[j, x] * row[x]
            low[i * count + j] = np.rint(total * steps)
    for at in range(len(low)):
        ranked[at] = low[at]
    twice_median = _twice_median(ranked)
    bits = np.uint64(0)
    for value in low:
        bits = np.uint64(np.uint64(bits << np.uint64(1)) | np.uint64(2.0 * value > twice_median))
    return bits


@compiled
def _twice_median(values: Any) -> Any:
    """Returns the sum of the two middle values of an even number of values, which it sorts by insertion."""
    for end in range(1, len(values)):
        value, at = values[end], end
        while at > 0 and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value
    middle = len(values) // 2
    return values[middle - 1] + values[middle]
