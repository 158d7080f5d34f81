"""Which shots or videos are kept for validation: whole ones, so that no picture stands in both parts."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence
from typing import TypeVar

from core.pipeline.patches.windows import dice

Key = TypeVar("Key", int, str)


def validation(sizes: Mapping[Key, int], share: float, seed: int, *of: object) -> frozenset[Key]:
    """Returns the keys that are kept for validation: about ``share`` of all, taken in an order by the seed.

    One is taken where that brings the sum nearer to what is wanted; so of a single one nothing is kept below a half.

    Args:
        sizes: key -> how much it holds, such as frames.
        share: of the sum that is wanted, 0 to 1.
        seed: of the order.
        of: names what is split.
    """
    wanted, held = share * sum(sizes.values()), 0.0
    kept = []
    for key in sorted(sizes, key=lambda one: (dice(seed, "val", *of, one), one)):
        if abs(held + sizes[key] - wanted) < abs(held - wanted):
            kept.append(key)
            held += sizes[key]
    return frozenset(kept)


def shot_sizes(cuts: Sequence[int], frames: int) -> dict[int, int]:
    """Returns first ordinal -> frames of the shots that ``cuts`` begin, the first one among them."""
    edges = [0, *cuts, frames]
    return {start: end - start for start, end in itertools.pairwise(edges)}


def shot_start(cuts: Sequence[int], ordinal: int) -> int:
    """Returns the first ordinal of the shot that holds a frame."""
    at = bisect.bisect_right(cuts, ordinal)
    return cuts[at - 1] if at else 0
