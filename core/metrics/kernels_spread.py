"""Compiled loops of the best N, spread (``pipeline/spread.py`` states the algorithm): whole numbers only.

Of F frames: ``hashes`` (F,) uint64, ``hashed`` (F,) uint8, ``values`` (F, 36) uint8 colours, ``known`` (F,) uint8,
``limits`` (36,) uint8; ``places``, ``quality``, ``windows`` (F,) int64. ``rules`` is (6,) int64: how many are wanted,
bits of near-duplicates, half a window, what counts (0 = place, 1 = look, 2 = both), how many windows want one before
others are asked (0 = ask all), and how many of the first chosen ones stay whatever comes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.jit import compiled, u64
from core.metrics.kernels_hamming import _agree
from core.metrics.layout import FARTHEST, OTHER_COLOURS, QUALITY

i64 = np.int64
COUNT, ALIKE, HALF, KIND, ENOUGH, FIXED = range(6)


@compiled
def notice_kernel(
    hashes: Any, hashed: Any, values: Any, known: Any, limits: Any, places: Any, rows: Any, chosen: Any, rules: Any,
    near: Any, far: Any, look: Any,
) -> None:  # fmt: skip
    """Takes chosen rows, (C,) int64, into account among ``rows``, (R,) int64.

    Args:
        hashes: see above, as the next five.
        hashed: see above.
        values: see above.
        known: see above.
        limits: see above.
        places: see above.
        rows: (R,) int64.
        chosen: (C,) int64.
        rules: see above.
        near: (R,) uint8, in and out: a near-duplicate of a chosen row, or that row.
        far: (R,) int64, in and out: how far the nearest place is, half a window at most.
        look: (R,) int64, in and out: how unlike the most alike one looks.
    """
    for at in range(len(chosen)):
        row = chosen[at]
        for i in range(len(rows)):
            apart = abs(places[rows[i]] - places[row])
            if apart < far[i]:
                far[i] = apart
            if rows[i] == row:
                near[i] = 1
            bits = _apart(hashes, hashed, values, known, limits, rules[ALIKE], rows[i], row)
            if bits < 0:
                near[i] = 1
                bits = -1 - bits
            if bits < look[i]:
                look[i] = bits


@compiled
def alike_kernel(
    hashes: Any, hashed: Any, values: Any, known: Any, limits: Any, rows: Any, chosen: Any, alike: int, near: Any
) -> None:
    """Marks the rows that are near-duplicates of chosen ones, or those rows: what ``notice_kernel`` says of ``near``.

    Args:
        hashes: see above, as the next four.
        hashed: see above.
        values: see above.
        known: see above.
        limits: see above.
        rows: (R,) int64.
        chosen: (C,) int64.
        alike: bits in which near-duplicates may differ.
        near: (R,) uint8, in and out.
    """
    for i in range(len(rows)):
        row = rows[i]
        word, at = hashes[row], 0
        while not near[i] and at < len(chosen):
            other = chosen[at]
            at += 1
            if row == other:
                near[i] = 1
            elif _ones(word ^ hashes[other]) <= alike and hashed[row] and hashed[other]:
                near[i] = _agree(values, known, limits, row, other)


@compiled
def take_kernel(
    hashes: Any, hashed: Any, values: Any, known: Any, limits: Any, places: Any, quality: Any, windows: Any, pool: Any,
    near: Any, far: Any, look: Any, covered: Any, chosen: Any, taken: int, rules: Any,
) -> Any:  # fmt: skip
    """Chooses greedily in the pool, (P,) int64 rows; returns how many are chosen then.

    Args:
        hashes: see above, as the next seven.
        hashed: see above.
        values: see above.
        known: see above.
        limits: see above.
        places: see above.
        quality: see above.
        windows: see above.
        pool: (P,) int64 rows.
        near: as in ``notice_kernel``, of the pool; as the next two.
        far: likewise.
        look: likewise.
        covered: (W,) uint8, in and out: windows that hold a chosen one.
        chosen: (N or more,) int64, in and out.
        taken: how many of them are there.
        rules: see above.
    """
    cover, held = rules[ENOUGH] > 0, 0
    for window in range(len(covered)):
        held += covered[window]
    while taken < rules[COUNT] and not (cover and held >= rules[ENOUGH]):
        best, most = -1, -1
        for i in range(len(pool)):
            if near[i] or (cover and covered[windows[pool[i]]]):
                continue
            gain = _gain(quality[pool[i]], far[i], look[i], rules[HALF], rules[KIND])
            if gain > most:
                best, most = i, gain
        if best < 0:
            break
        row = pool[best]
        chosen[taken] = row
        held += 1 - covered[windows[row]]
        covered[windows[row]] = 1
        newest = chosen[taken : taken + 1]
        notice_kernel(hashes, hashed, values, known, limits, places, pool, newest, rules, near, far, look)
        taken += 1
    return taken


@compiled
def exchange_kernel(
    hashes: Any, hashed: Any, values: Any, known: Any, limits: Any, places: Any, quality: Any, windows: Any, pool: Any,
    chosen: Any, rules: Any,
) -> None:  # fmt: skip
    """Lets each chosen row but the fixed ones give way to one of the pool in its window that gains more.

    Args:
        hashes: see above, as the next seven.
        hashed: see above.
        values: see above.
        known: see above.
        limits: see above.
        places: see above.
        quality: see above.
        windows: see above.
        pool: (P,) int64 rows.
        chosen: (N,) int64, in and out.
        rules: see above.
    """
    for at in range(rules[FIXED], len(chosen)):
        row = chosen[at]
        best, most = row, -1
        for i in range(-1, len(pool)):
            rival = row if i < 0 else pool[i]
            if i >= 0 and (windows[rival] != windows[row] or rival == row):
                continue
            far, look, near = rules[HALF], FARTHEST, False
            if _gain(quality[rival], far, look, rules[HALF], rules[KIND]) <= most:
                continue  # it could not gain more however different it is
            for k in range(len(chosen)):
                if k == at:
                    continue
                other = chosen[k]
                far = min(far, abs(places[rival] - places[other]))
                bits = _apart(hashes, hashed, values, known, limits, rules[ALIKE], rival, other)
                near = near or bits < 0 or rival == other
                look = min(look, -1 - bits if bits < 0 else bits)
                if near and i >= 0:
                    break
            gain = _gain(quality[rival], far, look, rules[HALF], rules[KIND])
            if gain > most and (i < 0 or not near):
                best, most = rival, gain
        chosen[at] = best


@compiled
def _apart(hashes: Any, hashed: Any, values: Any, known: Any, limits: Any, alike: Any, i: Any, j: Any) -> Any:
    """How unlike two frames look, 0 to 24; of near-duplicates -1 less that."""
    if not hashed[i] or not hashed[j]:
        return FARTHEST
    bits = _ones(hashes[i] ^ hashes[j])
    if bits > alike:
        return min(bits, FARTHEST)
    if _agree(values, known, limits, i, j):
        return -1 - min(bits, FARTHEST)
    return OTHER_COLOURS


@compiled
def _ones(word: Any) -> Any:
    """Bits of a uint64 that are set, added up in pairs, fours and bytes: a loop over them costs five times as much."""
    word = word - ((word >> u64(1)) & u64(0x5555555555555555))
    word = (word & u64(0x3333333333333333)) + ((word >> u64(2)) & u64(0x3333333333333333))
    word = (word + (word >> u64(4))) & u64(0x0F0F0F0F0F0F0F0F)
    for step in (8, 16, 32):
        word += word >> u64(step)
    return i64(word & u64(127))


@compiled
def _gain(quality: Any, far: Any, look: Any, half: Any, kind: Any) -> Any:
    """Quality and difference count the same; multiplied by what they would be divided by."""
    if kind == 0:
        return quality * half + far * QUALITY
    if kind == 1:
        return quality * FARTHEST + look * QUALITY
    return 2 * quality * half * FARTHEST + (far * FARTHEST + look * half) * QUALITY
