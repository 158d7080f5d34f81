"""Where a tracklet goes over from one person to another: its crops look alike before it, alike after it, not across.

A tracker that goes by motion alone may follow somebody else after two people crossed. Then neither side is known by the
looks of both; apart from each other each is grouped as who it is. Nothing is decided here for good: a cut depends on
the thresholds of grouping, and people may join the sides again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.store.persons import Appearances, Tracklets

FEWEST = 2
"""Crops on each side of a change."""
CLEARER = 0.1
"""Crops of one side have to be so much more alike, on average, than crops of different sides."""
BLOCK = 256
"""Tracklets that are looked at together."""


@dataclass(frozen=True, eq=False)
class Changes:
    """Of T tracklets the moment at which each looks most as if it went over to somebody else."""

    frame: NDArray[np.int64]
    """(T,) int64 first ordinal of the second side; -1 = too few crops to tell."""
    likeness: NDArray[np.float32]
    """(T,) float32 of the two sides; 1 = too few crops."""
    contrast: NDArray[np.float32]
    """(T,) float32: mean likeness of two crops of one side, the less alike one, less that of crops of both."""

    def cuts(self, likeness: float) -> set[tuple[int, int]]:
        """Returns (place, first ordinal of the second part) of tracklets whose sides are less alike than this."""
        found = (self.frame >= 0) & (self.likeness < likeness) & (self.contrast > CLEARER)
        places = np.flatnonzero(found)
        return set(zip(places.tolist(), self.frame[places].tolist(), strict=True))


def changes_of(tracklets: Tracklets, looks: Appearances) -> Changes:
    """Returns the likeliest change of each tracklet, from the vectors of its crops."""
    count = len(tracklets)
    frame = np.full(count, -1, np.int64)
    likeness, contrast = np.ones(count, np.float32), np.zeros(count, np.float32)
    bounds = np.searchsorted(looks.rows, tracklets.indptr)
    sizes = np.diff(bounds)
    for size in np.unique(sizes[sizes >= 2 * FEWEST]).tolist():
        same = np.flatnonzero(sizes == size)
        for start in range(0, len(same), BLOCK):
            places = same[start : start + BLOCK]
            at = bounds[places][:, None] + np.arange(size)
            split, likeness[places], contrast[places] = _likeliest(looks.of_rows[at])
            rows = np.arange(len(places))
            before, after = (tracklets.frame_numbers[looks.rows[at[rows, split - 1 + k]]] for k in (0, 1))
            frame[places] = (before + after + 1) // 2
    return Changes(frame, likeness, contrast)


def _likeliest(
    vectors: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Of (B, N, K) unit vectors: how many are on the first side, how alike the sides are, and the contrast."""
    pairs = vectors @ vectors.transpose(0, 2, 1)
    count = pairs.shape[1]
    splits = np.arange(FEWEST, count - FEWEST + 1)
    numbers = np.stack([_numbers(pairs, int(split)) for split in splits])
    best, rows = numbers[:, 0].argmin(axis=0), np.arange(len(pairs))
    return splits[best].astype(np.int64), numbers[best, 0, rows], numbers[best, 1, rows]


def _numbers(pairs: NDArray[np.float32], split: int) -> NDArray[np.float32]:
    """(2, B): the cosine of the means of both sides, and the contrast."""
    one, two = pairs[:, :split, :split].sum(axis=(1, 2)), pairs[:, split:, split:].sum(axis=(1, 2))
    across = pairs[:, :split, split:].sum(axis=(1, 2))
    sizes = split, pairs.shape[1] - split
    within = [(total - size) / (size * (size - 1)) for total, size in zip((one, two), sizes, strict=True)]
    contrast = np.minimum(*within) - across / (sizes[0] * sizes[1])
    return np.stack([across / np.sqrt(np.maximum(one * two, 1e-12)), contrast]).astype(np.float32)


def vectors_of(pieces: Tracklets, whole: NDArray[np.int64], looks: Appearances) -> NDArray[np.float32]:
    """Returns (T', K) float32: the looks of tracklets of which some are cut; a piece without a crop is not known.

    Args:
        pieces: from ``anchors.cut_up``.
        whole: (T',) int64: the place of each one's whole.
        looks: of the wholes.
    """
    vectors = looks.vectors[whole]
    cut = np.flatnonzero(np.bincount(whole, minlength=len(looks.vectors))[whole] > 1)
    bounds = np.searchsorted(looks.rows, pieces.indptr)
    for piece in cut.tolist():
        total = looks.of_rows[bounds[piece] : bounds[piece + 1]].sum(axis=0)
        vectors[piece] = total / max(float(np.linalg.norm(total)), 1e-9) if total.shape == vectors.shape[1:] else 0
    return vectors
