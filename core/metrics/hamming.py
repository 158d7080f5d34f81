"""Near-duplicate search among 64-bit hashes: exact, greedy, compiled. No files, no tables."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

BITS = 64
LEAST_BANDS = 4
"""Bands of more than 16 bits would need much larger tables of buckets."""
LOOKUP_COST = 12.0
"""One look into a bucket costs about as much as this many comparisons; fitted to timings of
100,000 random hashes with 4 to 16 bands and distances 5 to 15. It decides only the speed, never the result."""
SCAN_COST = 0.17
"""A comparison in a plain scan, relative to one inside a bucket; fitted likewise."""


def first_near(hashes: NDArray[np.uint64], distance: int) -> NDArray[np.int64]:
    """Finds near-duplicates greedily: a hash is kept unless an earlier kept one is near, and is then its duplicate.

    Args:
        hashes: (N,) uint64, best first.
        distance: two hashes are near when at most this many of their 64 bits differ.

    Returns:
        (N,) int64: -1 = kept, else the index of the first kept hash within ``distance`` bits. Always exact.
    """
    if len(hashes) == 0:
        return np.empty(0, np.int64)
    hashes = np.ascontiguousarray(hashes, dtype=np.uint64)
    bands = bands_for(len(hashes), distance)
    if bands == 0:
        return _scan(hashes, distance)  # type: ignore[no-any-return]
    edges = np.array([BITS * band // bands for band in range(bands + 1)], dtype=np.uint64)
    flips = _flips(-(-BITS // bands), distance // bands)
    return _search(_balance(hashes, bands), distance, edges, flips)  # type: ignore[no-any-return]


def bands_for(count: int, distance: int) -> int:
    """Returns into how many bands the bits are cut so that the search is cheapest; 0 = scan all kept hashes.

    Pigeonhole: of ``m`` bands of two hashes that differ in ``d`` bits, one differs in at most ``d // m``. So every
    near pair meets in a bucket of a band or in one whose key differs by that few bits (Norouzi et al., "Fast search in
    Hamming space with multi-index hashing", CVPR 2012).
    """
    best, best_cost = 0, SCAN_COST * count / 2
    for bands in range(LEAST_BANDS, max(LEAST_BANDS, distance + 1) + 1):
        width = BITS // bands
        lookups = bands * sum(math.comb(width, bits) for bits in range(distance // bands + 1))
        cost = lookups * (LOOKUP_COST + count / 2 / 2**width)
        if cost < best_cost:
            best, best_cost = bands, cost
    return best


def _flips(width: int, most: int) -> NDArray[np.uint64]:
    """All numbers of ``width`` bits with at most ``most`` bits set, fewest first: what to flip in a key."""
    numbers = np.arange(2**width, dtype=np.uint64)
    ones = np.bitwise_count(numbers)
    numbers, ones = numbers[ones <= most], ones[ones <= most]
    return numbers[np.argsort(ones, kind="stable")]


def _balance(hashes: NDArray[np.uint64], bands: int) -> NDArray[np.uint64]:
    """Reorders the bits (distances stay) so that no band is left with bits that never change in this video."""
    counts = _ones(hashes)
    by_news = np.argsort(np.abs(2 * counts - len(hashes)), kind="stable")
    edges = [BITS * band // bands for band in range(bands + 1)]
    place_in_band = [bit - max(edge for edge in edges if edge <= bit) for bit in range(BITS)]
    target = np.empty(BITS, np.uint64)
    target[by_news] = np.argsort(place_in_band, kind="stable")
    return _permute(hashes, target)  # type: ignore[no-any-return]


def compiled(function: Any) -> Any:
    """Compiles a kernel on its first call, keeps it on disk, lets other threads run."""
    return numba.njit(nogil=True, cache=True)(function)


@compiled
def _popcount(word: Any) -> Any:
    ones = 0
    while word:  # LLVM turns this loop into one instruction
        word &= word - np.uint64(1)
        ones += 1
    return ones


@compiled
def _ones(hashes: Any) -> Any:
    counts = np.zeros(64, np.int64)
    for word in hashes:
        for bit in range(64):
            counts[bit] += np.int64((word >> np.uint64(bit)) & np.uint64(1))
    return counts


@compiled
def _permute(hashes: Any, target: Any) -> Any:
    out = np.zeros_like(hashes)
    for i in range(len(hashes)):
        word = np.uint64(0)
        for bit in range(64):
            word |= ((hashes[i] >> np.uint64(bit)) & np.uint64(1)) << target[bit]
        out[i] = word
    return out


@compiled
def _scan(hashes: Any, distance: Any) -> Any:
    """Compares each hash with every kept one, first kept first."""
    out = np.full(len(hashes), -1, np.int64)
    kept, kept_at, count = np.empty_like(hashes), np.empty(len(hashes), np.int64), 0
    for i in range(len(hashes)):
        for j in range(count):
            if _popcount(hashes[i] ^ kept[j]) <= distance:
                out[i] = kept_at[j]
                break
        if out[i] < 0:
            kept[count], kept_at[count] = hashes[i], i
            count += 1
    return out


@compiled
def _starts(hashes: Any, edges: Any, size: Any) -> Any:
    """(bands, size + 1): where each bucket starts if all hashes were kept."""
    bands = len(edges) - 1
    starts = np.zeros((bands, size + 1), np.int32)
    for band in range(bands):
        mask = (np.uint64(1) << (edges[band + 1] - edges[band])) - np.uint64(1)
        for word in hashes:
            starts[band, np.int64((word >> edges[band]) & mask) + 1] += 1
        for key in range(size):
            starts[band, key + 1] += starts[band, key]
    return starts


@compiled
def _search(hashes: Any, distance: Any, edges: Any, flips: Any) -> Any:
    """Looks each hash up in buckets of kept hashes, one set of buckets per band."""
    count, bands = len(hashes), len(edges) - 1
    size: Any = 1
    for band in range(bands):
        size = max(size, 1 << np.int64(edges[band + 1] - edges[band]))
    starts = _starts(hashes, edges, size)
    ends = starts.copy()
    words, owners = np.empty((bands, count), np.uint64), np.empty((bands, count), np.int32)
    out = np.full(count, -1, np.int64)
    for i in range(count):
        best = _lookup(hashes[i], distance, edges, flips, starts, ends, words, owners, count)
        if best < count:
            out[i] = best
            continue
        for band in range(bands):
            mask = (np.uint64(1) << (edges[band + 1] - edges[band])) - np.uint64(1)
            key = np.int64((hashes[i] >> edges[band]) & mask)
            words[band, ends[band, key]], owners[band, ends[band, key]] = hashes[i], i
            ends[band, key] += 1
    return out


@compiled
def _lookup(
    word: Any, distance: Any, edges: Any, flips: Any, starts: Any, ends: Any, words: Any, owners: Any, count: Any
) -> Any:
    """Returns the first kept hash near ``word``, ``count`` when there is none."""
    best = count
    for band in range(len(edges) - 1):
        mask = (np.uint64(1) << (edges[band + 1] - edges[band])) - np.uint64(1)
        own = (word >> edges[band]) & mask
        for flip in flips:
            if flip > mask:
                continue
            key = np.int64(own ^ flip)
            for at in range(starts[band, key], ends[band, key]):
                if _popcount(word ^ words[band, at]) <= distance:
                    best = min(best, owners[band, at])
                    break
    return best
