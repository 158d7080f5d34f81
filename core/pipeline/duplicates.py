"""Which frames show what another frame already shows. The search itself is core/metrics/hamming.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.records import FrameTable


def duplicate_rows(table: FrameTable, ranked: NDArray[np.int64], distance: int) -> NDArray[np.int64]:
    """Finds near-duplicates greedily and exactly.

    Two frames are near when their hashes differ in at most ``distance`` bits and their coarse colours agree
    (``metrics/colours.py``); where one of the two has no colours, their hashes decide alone. In order of rank a frame
    is kept if no frame kept before it is near; else it is a duplicate of the first-ranked kept frame near it. So no
    two kept frames are near each other, every duplicate is near the frame it is a duplicate of, and a chain of small
    changes does not become one group. Frames without a hash are never duplicates.

    Args:
        table: F records.
        ranked: (R,) int64 rows that take part, best first.
        distance: bits, 0-64.

    Returns:
        (F,) int64: row of the frame that this one duplicates, -1 = not a duplicate.
    """
    found = np.full(len(table), -1, np.int64)
    hashed = ranked[table.has_phash[ranked]]
    if len(hashed) == 0:
        return found
    from core.metrics import hamming  # here, because it loads a compiler that no other filter needs

    colours = hamming.Colours(table.colours[hashed], table.has_colours[hashed])
    first = hamming.first_near(table.phash[hashed], distance, colours)
    near = first >= 0
    found[hashed[near]] = hashed[first[near]]
    return found
