"""Compiled loops of the near-duplicate search: keys of hashes, the plain scan, the search in buckets.

What they fill is allocated by the caller (``hamming``), which says why it is searched in this way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.jit import compiled


@compiled
def ones_kernel(hashes: Any, counts: Any) -> None:
    """Adds to ``counts``, (64,) int64, how many of the hashes, (N,) uint64, have each bit."""
    for word in hashes:
        for bit in range(64):
            counts[bit] += np.int64((word >> np.uint64(bit)) & np.uint64(1))


@compiled
def keys_kernel(hashes: Any, pieces: Any, widths: Any, out: Any) -> None:
    """Fills ``out`` with the keys.

    Args:
        hashes: (N,) uint64.
        pieces: (8, 256) uint64: what each value of each byte of a hash adds to the word of its keys.
        widths: (bands,) int64: bits of each key.
        out: (bands, N) uint32 output.
    """
    for i in range(len(hashes)):
        word = np.uint64(0)
        for byte in range(8):
            word ^= pieces[byte, (hashes[i] >> np.uint64(8 * byte)) & np.uint64(255)]
        for band in range(len(widths)):
            width = np.uint64(widths[band])
            out[band, i] = word & ((np.uint64(1) << width) - np.uint64(1))
            word >>= width


@compiled
def scan_kernel(
    hashes: Any, distance: int, values: Any, known: Any, limits: Any, kept: Any, kept_at: Any, out: Any
) -> None:
    """Compares each hash with every kept one, first kept first.

    Args:
        hashes: (N,) uint64.
        distance: bits.
        values: (N, 36) uint8 colours.
        known: (N,) uint8: whether a frame has colours.
        limits: (36,) uint8: by how much they may differ.
        kept: (N,) uint64 scratch.
        kept_at: (N,) int64 scratch.
        out: (N,) int64, all -1; output.
    """
    count = 0
    for i in range(len(hashes)):
        for j in range(count):
            if _popcount(hashes[i] ^ kept[j]) <= distance and _agree(values, known, limits, i, kept_at[j]):
                out[i] = kept_at[j]
                break
        if out[i] < 0:
            kept[count], kept_at[count] = hashes[i], i
            count += 1


@compiled
def search_kernel(
    hashes: Any, distance: int, keys: Any, sizes: Any, flips: Any, tries: Any, values: Any, known: Any, limits: Any,
    starts: Any, ends: Any, words: Any, owners: Any, out: Any,
) -> None:  # fmt: skip
    """Looks each hash up in buckets of kept hashes, one set of buckets per band.

    Args:
        hashes: (N,) uint64.
        distance: bits.
        keys: (bands, N) uint32.
        sizes: (bands,) int64: buckets of each band.
        flips: (F,) uint32: what to flip in a key, fewest bits first.
        tries: (bands,) int64: how many of them.
        values: as in ``scan_kernel``.
        known: likewise.
        limits: likewise.
        starts: (bands, size + 1) int32, all 0; scratch.
        ends: likewise.
        words: (bands, N) uint64 scratch.
        owners: (bands, N) int32 scratch.
        out: (N,) int64, all -1; output.
    """
    bands, count = keys.shape
    _starts(keys, starts, ends)
    for i in range(count):
        best = count
        for band in range(bands):
            for nth in range(tries[band]):
                flip = flips[nth]
                if flip >= sizes[band]:
                    continue
                key = keys[band, i] ^ flip
                for at in range(starts[band, key], ends[band, key]):
                    if owners[band, at] >= best:
                        break
                    if _popcount(hashes[i] ^ words[band, at]) > distance:
                        continue
                    if _agree(values, known, limits, i, owners[band, at]):
                        best = owners[band, at]
                        break
        if best < count:
            out[i] = best
            continue
        for band in range(bands):
            at = ends[band, keys[band, i]]
            words[band, at], owners[band, at] = hashes[i], i
            ends[band, keys[band, i]] += 1


@compiled
def _starts(keys: Any, starts: Any, ends: Any) -> None:
    """Writes where each bucket starts if all hashes were kept; while it is empty, it ends there too."""
    bands, size = starts.shape
    for band in range(bands):
        for at in range(keys.shape[1]):
            starts[band, keys[band, at] + 1] += 1
        for key in range(size - 1):
            starts[band, key + 1] += starts[band, key]
        for key in range(size):
            ends[band, key] = starts[band, key]


@compiled
def _popcount(word: Any) -> Any:
    ones = 0
    while word:  # LLVM turns this loop into one instruction
        word &= word - np.uint64(1)
        ones += 1
    return ones


@compiled
def _agree(values: Any, known: Any, limits: Any, i: Any, j: Any) -> Any:
    """Whether the colours of two frames agree, or are not known of both."""
    if not known[i] or not known[j]:
        return True
    for at in range(len(limits)):
        a, b = values[i, at], values[j, at]
        if (a - b if a > b else b - a) > limits[at]:
            return False
    return True
