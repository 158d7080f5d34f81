"""The best N beside what a person chose by hand: no more of the others moves than has to.

``spread`` chooses as if nobody had chosen. Then, of those N:

1. The rejected ones go. For each frame kept by hand that is none of the N, the one that stands for it goes, and so do
   near-duplicates of frames kept by hand.
2. Where they and those kept by hand are more than N, the worst go, the later of equal ones first.
3. Where they are fewer, ``spread`` fills the gaps: it takes them and those kept by hand as given.

So a frame that is rejected is replaced, one that is kept takes the place of one, and keeping one of the N moves none.
``web/select_best.js`` is its twin. Pure: no files.
"""

from __future__ import annotations

import numpy as np

from core.pipeline import spread
from core.pipeline.spread import Asked, Rows, Spread
from core.records import FrameTable


def choose(table: FrameTable, wanted: Asked, rows: Rows, quality: Rows, kept: Rows, rejected: Rows) -> Spread:
    """Chooses among the candidates.

    Args:
        table: F records.
        wanted: how many, and what they have to differ in.
        rows: (R,) int64 rows that may be chosen, ascending; those that a person chose are among them where they pass.
        quality: (R,) int64 of each, as ``spread.among_neighbours`` gives them.
        kept: rows kept by hand, ascending: they are chosen whatever they are.
        rejected: rows rejected by hand.
    """
    first = spread.choose(table, wanted, rows, quality)
    stay = _that_stay(table, wanted, first, kept, rejected)
    free = ~np.isin(rows, rejected)
    rows, quality = rows[free], quality[free]
    room = max(0, wanted.stills - len(kept))
    if len(stay) > room:
        marks = quality[np.searchsorted(rows, stay)]
        stay = np.sort(stay[np.lexsort((stay, -marks))[:room]])
    given = np.union1d(kept, stay)
    if len(given) < wanted.stills:
        given = spread.choose(table, wanted, rows, quality, given).rows
    return Spread(given, spread.stands_for(table, rows, given), first.windows)


def _that_stay(table: FrameTable, wanted: Asked, first: Spread, kept: Rows, rejected: Rows) -> Rows:
    """Returns those of the N that nothing chosen by hand drives out, ascending; those kept by hand are none of them."""
    outside = kept[~np.isin(kept, first.rows)]
    stands = first.stands_for[outside]
    stay = first.rows[~np.isin(first.rows, np.concatenate([kept, rejected, stands]))]
    return stay[~spread.near(table, stay, kept, wanted.alike)]
