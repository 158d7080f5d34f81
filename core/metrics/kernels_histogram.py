"""Compiled loops of the histogram: counting pixels by pairs, and the statistics that follow from counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.jit import compiled, u8, u16, u32, u64
from core.metrics.layout import LEVELS


@compiled
def count_rows(luma: Any, words: Any, start: int, stop: int, width: int, pairs: Any, counts: Any) -> None:
    """Adds rows ``start`` to ``stop`` to the pair tables, odd ends to ``counts``."""
    whole = width // 8 if len(words) else 0
    for y in range(start, stop):
        if whole:
            _count_words(words[y], whole, pairs[0], pairs[1])
        _count_pairs(luma[y], whole * 8, width, pairs[0], pairs[1], counts)


@compiled
def _count_pairs(row: Any, start: int, width: int, even: Any, odd: Any, counts: Any) -> None:
    """Counts pixels two at a time (one store per pair), in turn in two tables so that equal pairs do not wait."""
    whole = start + (width - start) // 4 * 4
    for x in range(start, whole, 4):
        even[u32(row[x]) | (u32(row[x + 1]) << u32(8))] += u32(1)
        odd[u32(row[x + 2]) | (u32(row[x + 3]) << u32(8))] += u32(1)
    for x in range(whole, width):
        counts[row[x]] += 1


@compiled
def _count_words(row: Any, length: int, even: Any, odd: Any) -> None:
    """Counts the pairs of whole words of eight pixels: one load for four pairs, a fifth cheaper than pair by pair."""
    for i in range(length):
        word = row[i]
        even[word & u64(0xFFFF)] += u32(1)
        odd[(word >> u64(16)) & u64(0xFFFF)] += u32(1)
        even[(word >> u64(32)) & u64(0xFFFF)] += u32(1)
        odd[word >> u64(48)] += u32(1)


@compiled
def fold(pairs: Any, counts: Any, full_range: bool) -> Any:
    """Adds the pair tables to ``counts[0]`` and clears them; returns the (256,) int64 histogram of mapped pixels."""
    stored, mapped = counts[0], counts[1]
    for high in range(256):
        even, odd, total = pairs[0, high * 256 : high * 256 + 256], pairs[1, high * 256 : high * 256 + 256], np.int64(0)
        for low in range(256):
            count = np.int64(even[low]) + np.int64(odd[low])
            stored[low] += count
            total += count
            even[low] = u32(0)
            odd[low] = u32(0)
        stored[high] += total
    if full_range:
        return stored
    for value in range(LEVELS):
        mapped[to_full_range(u8(value))] += stored[value]
    return mapped


@compiled
def summary(counts: Any, pixels: int, total: int, squares: int, magnitude: float, whole: int) -> Any:
    """Returns the statistics in the order of METRIC_NAMES; NaN where there is no pixel to speak of."""
    light, light_squares, entropy = 0, 0, 0.0
    for value in range(256):
        light += value * counts[value]
        light_squares += value * value * counts[value]
        if counts[value] > 0:
            share = counts[value] / pixels
            entropy -= share * np.log2(share)
    mean = light / pixels if pixels else np.nan
    contrast = np.sqrt(_variance(light, light_squares, pixels)) / mean if mean > 0.0 else mean
    edge = magnitude / whole if whole else np.nan
    return _variance(total, squares, whole), edge, contrast, mean / 255.0, entropy if pixels else np.nan


@compiled
def _variance(total: int, squares: int, count: int) -> Any:
    """Returns the population variance, shifted by a whole number near the mean: nothing cancels, int64 is enough."""
    if count == 0:
        return np.nan
    shift = total // count
    rest = total - shift * count
    return (squares - shift * (total + rest)) / count - (rest / count) ** 2


@compiled
def clear_counts(counts: Any) -> None:
    """Writes 0 to both histograms."""
    for value in range(LEVELS):
        counts[0, value] = 0
        counts[1, value] = 0


@compiled
def to_full_range(y: Any) -> Any:
    """Returns clip(round((y - 16) * 255 / 219), 0, 255): 255 / 219 = 85 / 73 and there are no ties. Fits uint16."""
    clipped = u16(min(max(y, u8(16)), u8(235)))
    return u16(u16(u16(clipped * u16(85)) - u16(16 * 85 - 36)) // u16(73))
