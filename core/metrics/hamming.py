"""Near-duplicate search among 64-bit hashes and coarse colours: exact, greedy, compiled. No files, no tables.

Two frames are near when their hashes differ in few bits and their colours agree. The bands of the search are those of
the hash alone: a pair that is near must meet in one of them, and colours are looked at only where it does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics import calls
from core.metrics.colours import COLOURS, LIMITS

BITS = 64
KEY_BITS = 16
"""Keys of wider bands are folded to this many bits: tables of buckets then stay in the cache."""
SCAN_COST = 0.17
"""A comparison in a plain scan, relative to one inside a bucket; fitted to timings of 1,000 to 100,000 random hashes
and distances 0 to 12. These three decide only the speed, never the result."""
LOOKUP_COST = 6.0
"""One look into a bucket, likewise."""
BUCKET_COST = 1.0
"""Making one bucket, likewise."""
FEW = 1500
"""Fewer hashes than this are compared with all kept ones before a plan is made."""
SAMPLE, SAMPLE_STEP = 256, 16
"""Each of so many hashes with as many others tell how many will be kept; the plans are tried out on every 16th pair."""


@dataclass(frozen=True, eq=False)
class Plan:
    """How the bits of a hash are cut into bands, and how far apart the keys of a band may be.

    Pigeonhole: give each band a radius ``r``. Two hashes that differ in more than ``r`` bits of every band differ in at
    least ``sum(r + 1)`` bits. So where that sum is ``distance + 1``, every near pair has a band in which it differs in
    at most ``r`` bits (Norouzi et al., "Fast search in Hamming space with multi-index hashing", CVPR 2012, for radii
    that are all alike).
    """

    target: NDArray[np.int64]
    """(64,) into which bit of a word of all keys, one after another, each bit of a hash is XORed."""
    widths: NDArray[np.int64]
    """(bands,) bits of each key, at most ``KEY_BITS``."""
    radii: NDArray[np.int64]
    """(bands,) bits in which two keys may differ."""

    def keys(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Returns the (bands, N) keys; two of them never differ in more bits than their hashes do in that band."""
        value = np.arange(256)
        pieces = np.zeros((8, 256), np.uint64)  # what each value of each byte of a hash adds to the word
        for bit, target in enumerate(self.target.tolist()):
            pieces[bit // 8] ^= (value >> bit % 8 & 1).astype(np.uint64) << np.uint64(target)
        return calls.keys(np.ascontiguousarray(hashes, np.uint64), pieces, self.widths)

    def lookups(self) -> int:
        """Returns into how many buckets a search looks for each hash."""
        pairs = zip(self.widths.tolist(), self.radii.tolist(), strict=True)
        return sum(math.comb(width, ones) for width, radius in pairs for ones in range(radius + 1))

    def cost(self, count: int, kept: float, apart: NDArray[np.uint64]) -> float:
        """Estimates the work for each hash, in comparisons inside a bucket.

        Args:
            count: N hashes.
            kept: how many of them lie in the buckets when one is looked up.
            apart: (P,) XORs of pairs that may both be kept. Keys are linear, so their keys tell how keys differ.
        """
        met = int(np.count_nonzero(np.bitwise_count(self.keys(apart)) <= self.radii[:, None]))
        by_chance: float = self.lookups() / 2.0 ** int(self.widths.max())
        buckets: float = len(self.widths) * 2.0 ** int(self.widths.max()) / count
        compared = kept * max(met / max(1, len(apart)), by_chance)
        return LOOKUP_COST * self.lookups() + compared + BUCKET_COST * buckets


@dataclass(frozen=True, eq=False, slots=True)
class Colours:
    """The coarse colours of N frames (``core/metrics/colours.py``)."""

    values: NDArray[np.uint8]
    """(N, 36) uint8."""
    known: NDArray[np.bool_]
    """(N,) bool; where a frame has none, only the hashes of a pair are compared."""

    @classmethod
    def none(cls, count: int) -> Colours:
        """Returns the colours of frames that have none."""
        return cls(np.zeros((count, COLOURS), np.uint8), np.zeros(count, np.bool_))

    def contiguous(self) -> Colours:
        """Returns the same for the kernels, which are compiled for one layout."""
        return Colours(np.ascontiguousarray(self.values, np.uint8), np.ascontiguousarray(self.known, np.bool_))


def first_near(hashes: NDArray[np.uint64], distance: int, colours: Colours | None = None) -> NDArray[np.int64]:
    """Finds near-duplicates greedily: a frame is kept unless an earlier kept one is near, and is then its duplicate.

    Args:
        hashes: (N,) uint64, best first.
        distance: two hashes are near when at most this many of their 64 bits differ.
        colours: of the same N frames; ``None`` = not known of any.

    Returns:
        (N,) int64: -1 = kept, else the index of the first kept frame near it. Always exact.
    """
    if len(hashes) == 0:
        return np.empty(0, np.int64)
    hashes = np.ascontiguousarray(hashes, dtype=np.uint64)
    plan = best_plan(hashes, distance)
    if plan is None:
        found = (colours or Colours.none(len(hashes))).contiguous()
        return calls.scan(hashes, distance, found.values, found.known, LIMITS)
    return search(hashes, distance, plan, colours)


def best_plan(hashes: NDArray[np.uint64], distance: int) -> Plan | None:
    """Returns the cheapest plan for these hashes; ``None`` = comparing with all kept hashes is cheaper."""
    count = len(hashes)
    if count < FEW:
        return None
    pairs = _pairs(hashes)
    near = np.bitwise_count(pairs) <= distance
    kept = _kept(count, float(np.median(near.mean(axis=1))))
    apart = pairs[~near][: SAMPLE**2 : SAMPLE_STEP]  # of a near pair only one is kept
    best, best_cost, ones = None, SCAN_COST * kept, calls.ones(hashes)
    for bands in range(1, min(distance + 1, BITS) + 1):
        plan = plan_of(ones, count, distance, bands)
        if LOOKUP_COST * plan.lookups() < best_cost:
            cost = plan.cost(count, kept, apart)
            best, best_cost = (plan, cost) if cost < best_cost else (best, best_cost)
    return best


def plan_of(ones: NDArray[np.int64], count: int, distance: int, bands: int) -> Plan:
    """Cuts the bits into bands so that each gets its share of the bits that tell most.

    Args:
        ones: (64,) how many of the hashes have each bit.
        count: N.
        distance: bits.
        bands: 1 to ``distance + 1``.
    """
    least, rest = divmod(distance + 1 - bands, bands)
    radii = np.full(bands, least, np.int64)
    radii[:rest] += 1
    order = np.argsort(np.abs(2 * ones - count), kind="stable")  # bits that never change come last
    turn = np.empty(BITS, np.int64)
    turn[order] = np.arange(BITS)
    limit = min(KEY_BITS, max(1, count.bit_length()))
    widths = np.minimum(np.bincount(turn % bands), limit).astype(np.int64)
    target = (np.cumsum(widths) - widths)[turn % bands] + turn // bands % limit
    return Plan(target, widths, radii)


def search(hashes: NDArray[np.uint64], distance: int, plan: Plan, colours: Colours | None = None) -> NDArray[np.int64]:
    """Does ``first_near`` with a given plan."""
    hashes = np.ascontiguousarray(hashes, dtype=np.uint64)
    found = (colours or Colours.none(len(hashes))).contiguous()
    flips = _flips(int(plan.widths.max()), int(plan.radii.max()))
    tries = np.searchsorted(np.bitwise_count(flips), plan.radii, side="right").astype(np.int64)
    sizes = np.left_shift(1, plan.widths)
    where = plan.keys(hashes), sizes, flips, tries
    return calls.search(hashes, distance, *where, found.values, found.known, LIMITS)


def _pairs(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(SAMPLE, SAMPLE) XORs of random hashes with random others, always the same ones."""
    left, right = np.random.default_rng(0).integers(0, len(hashes), (2, SAMPLE))
    pairs: NDArray[np.uint64] = hashes[left][:, None] ^ hashes[right]
    return pairs


def _kept(count: int, near: float) -> float:
    """Estimates how many kept hashes a search has to do with, if each is near this share of the others.

    Each kept one takes that share of the rest away: ``dK/dn = exp(-near * K)``.
    """
    return min(count / 2, math.log1p(near * count) / near) if near else count / 2


def _flips(width: int, most: int) -> NDArray[np.uint32]:
    """All numbers of ``width`` bits with at most ``most`` bits set, fewest first: what to flip in a key."""
    numbers = np.arange(2**width, dtype=np.uint32)
    ones = np.bitwise_count(numbers)
    numbers, ones = numbers[ones <= most], ones[ones <= most]
    return numbers[np.argsort(ones, kind="stable")]
