"""The best N stills, spread: quality and difference together. ``web/spread.js`` is its twin; a test holds them equal.

The stated algorithm, in whole numbers, so that two languages agree to the last bit:

1. *Quality* of a candidate: the share of candidates that are worse, among all and among those within a second, and the
   mean of both, 0 to 10,000. *Place*: how much of the video has passed (``time``), how much of all displacement
   (``motion``), or the mean of both, 0 to 1,000,000. *Look*: bits in which two hashes differ, 24 at most; 12 where the
   hashes are near and the colours disagree.
2. Places are cut into N equal windows. Of each window a few candidates go on: the best of each of its equal slices.
3. Greedy maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): again and again the candidate with the
   largest quality + difference from what is chosen is taken, and whatever is a near-duplicate of it drops out. Until
   nine tenths of the windows hold one (by motion alone all: a frame for each step), only windows without one are
   asked. What is given (``by_hand``) comes first.
4. Exchange: each chosen frame gives way to a candidate of its window that would have gained more beside the others.
   Where they are fewer than N, steps 2 to 4 are repeated beside them until nothing is added.

Where neither time nor motion counts, windows only serve step 2 and 4, by the order of the frames. Pure: no files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.metrics import calls, hamming
from core.metrics.colours import LIMITS
from core.metrics.layout import FARTHEST, QUALITY
from core.records import FrameTable

ALIKE = 5
"""Bits in which near-duplicates may differ, where no filter says otherwise."""
PLACE = 1_000_000
POOL = (1000, 1000)
"""How many candidates go on to step 3: four for each wanted frame, within these bounds; it decides the time."""
AROUND_S, NEAREST = 1.0, 60
"""Seconds to the furthest neighbour; how many on each side count at most."""
FAR_BELOW = 10.0
"""By so many times a score has to be smaller than those of good frames for its frame never to be one of the best:
television static, frames of nothing; a dark or soft scene is not."""
LEAST_MOVED = 0.5
"""% of the diagonal: a picture that moves by less in all stands still."""
NO_ROWS = np.zeros(0, np.int64)

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Spread:
    """Which rows are chosen, and which of them stand for the others."""

    rows: Rows
    """(K,) int64, ascending; those kept by hand among them."""
    stands_for: Rows
    """(F,) int64: the chosen row that stands for this one, of the four around it the most alike; -1 = none is chosen,
    it is chosen itself, or it is no candidate."""
    windows: Rows
    """(F,) int64: the window of each row."""


class Asked(NamedTuple):
    """What is wanted."""

    stills: int
    by_time: bool
    by_look: bool
    by_motion: bool
    alike: int = ALIKE


def asked(stills: int, kind: str, alike: int | None) -> Asked:
    """Returns what a value of ``FilterSettings.spread`` means."""
    kinds = ("time", "look", "motion") if kind == "all" else tuple(kind.split("+"))
    return Asked(stills, "time" in kinds, "look" in kinds, "motion" in kinds, ALIKE if alike is None else alike)


def choose(table: FrameTable, wanted: Asked, rows: Rows, quality: Rows, given: Rows = NO_ROWS) -> Spread:
    """Chooses among the candidates.

    Args:
        table: F records.
        wanted: how many, and what they have to differ in.
        rows: (R,) int64 rows that may be chosen, ascending.
        quality: (R,) int64 of each, as ``among_neighbours`` gives them.
        given: rows that are chosen already, ascending; they count, and stay.
    """
    places = places_of(table, wanted)
    if places is None:
        windows = np.zeros(len(table), np.int64)
        windows[rows] = np.arange(len(rows)) * wanted.stills // max(1, len(rows))
        places = np.zeros(len(table), np.int64)
    else:
        windows = np.minimum(places * wanted.stills // PLACE, max(0, wanted.stills - 1))
    chosen = _one_round(table, wanted, (places, windows), (rows, quality), given)
    while len(given) < len(chosen) < wanted.stills:  # what gave way in step 4 may leave room for another
        given, chosen = chosen, _one_round(table, wanted, (places, windows), (rows, quality), chosen)
    return Spread(chosen, stands_for(table, rows, chosen), windows)


def _one_round(
    table: FrameTable, wanted: Asked, where: tuple[Rows, Rows], candidates: tuple[Rows, Rows], given: Rows
) -> Rows:
    """Steps 2 to 4 beside what is given; returns all that are chosen, ascending."""
    rows, quality = candidates
    marks = np.full(len(table), -1, np.int64)
    marks[rows] = quality
    marks[given] = -1
    work = _Choice(table, wanted, *where, marks, given)
    work.cover()
    work.fill()
    work.exchange()
    return np.sort(work.chosen)


def far_below(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Returns (R,) bool: which scores are less than a tenth of that which a tenth of all exceeds.

    Args:
        values: (R,) float64, 0 and more; NaN = not measured: such a one is none.
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return np.zeros(len(values), np.bool_)
    return np.asarray(values * FAR_BELOW < known[9 * (len(known) - 1) // 10], np.bool_)


def qualities(values: NDArray[np.float64] | None, rows: Rows, lower_is_better: bool) -> Rows:
    """Returns (R,) int64: 10,000 times the share of the other rows that are worse; not measured = 0.

    Args:
        values: (F,) float64 column that ranks; ``None`` = the run has none, and all are alike.
        rows: (R,) int64.
        lower_is_better: whether low values are the good ones.
    """
    if values is None or len(rows) < 2:
        return np.full(len(rows), QUALITY if len(rows) == 1 else 0, np.int64)
    own = -values[rows] if lower_is_better else values[rows]
    known = np.sort(own[~np.isnan(own)])
    worse = np.searchsorted(known, own, side="left") + (len(rows) - len(known))
    found = worse * QUALITY // (len(rows) - 1)
    return np.where(np.isnan(own), 0, found).astype(np.int64)


def among_neighbours(quality: Rows, times: NDArray[np.float64]) -> Rows:
    """Returns (R,) int64: the mean of the quality among all rows and of that among those within a second, 0 to 10,000.

    Alone, whole scenes would be left out that are a little softer than the others; a frame with none around it keeps
    its quality.

    Args:
        quality: (R,) int64, as ``qualities`` gives them.
        times: (R,) float64 of each row, seconds, ascending.
    """
    worse, others = np.zeros(len(quality), np.int64), np.zeros(len(quality), np.int64)
    near = np.ones(len(quality), np.bool_)
    for step in range(1, min(len(quality), NEAREST + 1)):
        near = near[:-1] & (times[step:] - times[:-step] <= AROUND_S)
        if not near.any():
            break
        before, after = quality[:-step], quality[step:]
        others[:-step] += near
        others[step:] += near
        worse[:-step] += near & (after < before)
        worse[step:] += near & (before < after)
    share = worse * QUALITY // np.maximum(others, 1)
    return (quality + np.where(others > 0, share, quality)) // 2


def places_of(table: FrameTable, wanted: Asked) -> Rows | None:
    """Returns (F,) int64 places, 0 to 1,000,000, never falling; ``None`` where neither time nor motion counts."""
    axes = [_scaled(table.pts_s - table.pts_s[:1])] if wanted.by_time else []
    axes += [_scaled(moved(table))] if wanted.by_motion else []
    if not axes:
        return None
    return axes[0] if len(axes) == 1 else (axes[0] + axes[1]) // 2


def moved(table: FrameTable) -> NDArray[np.float64]:
    """Returns (F,) float64: the displacement that has added up at each frame.

    Where it is not known (``displaced``), the bits in which the hashes of successive frames differ.
    """
    steps = displaced(table)
    if steps is None:
        bits = np.bitwise_count(table.phash[1:] ^ table.phash[:-1]).astype(np.float64)
        both = table.has_phash[1:] & table.has_phash[:-1]
        steps = np.concatenate([np.zeros(min(1, len(table))), np.where(both, bits, 0.0)])
    return np.cumsum(steps)


def displaced(table: FrameTable) -> NDArray[np.float64] | None:
    """Returns (F,) float64: by how much the picture moved from each frame of the table to the next, % of its diagonal.

    Where a step is not known (the frame before was not decoded, or is another picture: a cut), it counts as the mean of
    those that are, for each source frame that passed. ``None``: fewer than half are known, or it stands still.
    """
    column = table.values.get("displacement")
    if column is None or len(column) < 2:
        return None
    known = ~np.isnan(column[1:])
    count = int(np.count_nonzero(known))
    steps = np.where(known, np.maximum(column[1:], 0.0), 0.0)
    total = float(np.cumsum(steps)[-1])  # one by one, as the browser adds them
    if 2 * count < len(known) or not total >= LEAST_MOVED:
        return None
    steps[~known] = total / count * np.diff(table.ordinal)[~known]
    return np.concatenate([np.zeros(1), steps])


def _scaled(axis: NDArray[np.float64]) -> Rows:
    """An axis that begins at 0, so that the last frame lasts as long as the mean of the others."""
    last = float(axis[-1]) if len(axis) else 0.0
    if not last > 0:
        return np.zeros(len(axis), np.int64)
    span = last * len(axis) / (len(axis) - 1)
    return np.floor(axis * PLACE / span).astype(np.int64)


def near(table: FrameTable, rows: Rows, chosen: Rows, alike: int) -> NDArray[np.bool_]:
    """Returns (R,) bool: which rows are near-duplicates of chosen ones, or those rows."""
    found = np.zeros(len(rows), np.bool_)
    calls.alike(_looks(table), LIMITS, rows, chosen, alike, found)
    return found


def _looks(table: FrameTable) -> calls.Looks:
    colours = hamming.Colours(table.colours, table.has_colours).contiguous()
    hashes, hashed = np.ascontiguousarray(table.phash), np.ascontiguousarray(table.has_phash)
    return calls.Looks(hashes, hashed, colours.values, colours.known)


class _Choice:
    """The state of steps 3 and 4."""

    def __init__(self, table: FrameTable, wanted: Asked, places: Rows, windows: Rows, quality: Rows, given: Rows):
        self.places, self.windows, self.quality = places, windows, quality
        self.count, self.free = wanted.stills, quality >= 0
        self.looks = _looks(table)
        self.taken, self.seen = len(given), 0  # ``seen``: how many of the chosen ``free`` knows of
        self.chosen = np.zeros(max(wanted.stills, len(given)), np.int64)
        self.chosen[: self.taken] = given
        self.covered = np.zeros(max(1, wanted.stills), np.bool_)
        self.covered[windows[given]] = True
        self.placed = wanted.by_time or wanted.by_motion
        each_step = wanted.by_motion and not wanted.by_time
        self.held_apart = 0 if not self.placed else self.count if each_step else (9 * self.count + 9) // 10
        kind = 2 if self.placed and wanted.by_look else 1 if wanted.by_look else 0
        self.half = max(1, PLACE // (2 * wanted.stills))
        self.rules = np.array([wanted.stills, wanted.alike, self.half, kind, 0, self.taken], np.int64)
        self._pool(np.flatnonzero(self.free))
        self.first = self.pool

    # --- step 2

    def _pool(self, rows: Rows) -> None:
        """The best of each slice of each window among these rows, and how far they are from what is chosen."""
        each = -(-min(max(4 * self.count, POOL[0]), POOL[1]) // self.count)
        self.pool = _best_of_slices(rows, self.windows[rows], self.quality[rows], each)
        self.near, self.far, self.look = self._beside(self.pool, 0)

    def _beside(self, rows: Rows, since: int) -> tuple[NDArray[np.bool_], Rows, Rows]:
        """Of rows: near-duplicates of the chosen ones from ``since`` on, how far in place, how unlike in look."""
        near = np.zeros(len(rows), np.bool_)
        far, look = np.full(len(rows), self.half, np.int64), np.full(len(rows), FARTHEST, np.int64)
        chosen = self.chosen[since : self.taken]
        calls.notice(self.looks, LIMITS, self.places, rows, chosen, self.rules, near, far, look)
        return near, far, look

    def _renew(self, among: NDArray[np.bool_] | None = None) -> bool:
        """Fills the pool anew from all rows of ``among`` that are no near-duplicate of a chosen one."""
        everything = np.flatnonzero(self.free)
        near, chosen = np.zeros(len(everything), np.bool_), self.chosen[self.seen : self.taken]
        calls.alike(self.looks, LIMITS, everything, chosen, int(self.rules[1]), near)
        self.free[everything[near]] = False
        self.seen = self.taken
        rows = np.flatnonzero(self.free if among is None else self.free & among)
        if len(rows):
            self._pool(rows)
        return len(rows) > 0

    # --- step 3

    def cover(self) -> None:
        """Takes one frame of each window, until as many of them have one as the frames are to be apart."""
        enough = self.held_apart
        while self.taken < self.count and int(np.count_nonzero(self.covered)) < enough:
            if not self._take(enough) and not self._renew(~self.covered[self.windows]):
                return

    def fill(self) -> None:
        """Takes the rest wherever they gain most."""
        if self.pool is not self.first and not self._renew():
            return
        while self.taken < self.count:
            if not self._take(0) and not self._renew():
                return

    def _take(self, enough: int) -> bool:
        """Chooses the candidates of the pool that gain most; false where none is left."""
        before, self.rules[4] = self.taken, enough
        self.taken = calls.take(
            self.looks, LIMITS, self.places, self.quality, self.windows, self.pool, self.near, self.far, self.look,
            self.covered, self.chosen, before, self.rules,
        )  # fmt: skip
        return self.taken > before

    # --- step 4

    def exchange(self) -> None:
        """Lets each chosen frame, in the order of time, give way to a better one of its window, once."""
        fixed = int(self.rules[5])
        self.chosen = np.concatenate([self.chosen[:fixed], np.sort(self.chosen[fixed : self.taken])])
        calls.exchange(self.looks, LIMITS, self.places, self.quality, self.windows, self.first, self.chosen, self.rules)


def _best_of_slices(rows: Rows, windows: Rows, quality: Rows, each: int) -> Rows:
    """The best row of each of up to ``each`` equal slices of every window, ascending; ties go to the earlier row."""
    if not len(rows):
        return rows
    _, starts, sizes = np.unique(windows, return_index=True, return_counts=True)
    within = np.arange(len(rows)) - np.repeat(starts, sizes)
    size = np.repeat(sizes, sizes)
    slices = np.where(size > each, within * each // size, within) + windows * each
    order = np.lexsort((rows, -quality, slices))
    first = np.flatnonzero(np.diff(slices[order], prepend=-1) != 0)
    return np.sort(rows[order[first]])


def stands_for(table: FrameTable, rows: Rows, chosen: Rows) -> Rows:
    """Returns (F,) int64: of the two chosen rows before and the two after each candidate the most alike; else -1."""
    found = np.full(len(table), -1, np.int64)
    if not len(chosen):
        return found
    after = np.searchsorted(chosen, rows)
    least = np.full(len(rows), FARTHEST + 1, np.int64)
    for step in (-1, 0, -2, 1):
        at = after + step
        inside = (at >= 0) & (at < len(chosen))
        stand = chosen[np.clip(at, 0, len(chosen) - 1)]
        bits = np.minimum(np.bitwise_count(table.phash[rows] ^ table.phash[stand]).astype(np.int64), FARTHEST)
        bits[~(table.has_phash[rows] & table.has_phash[stand])] = FARTHEST
        better = inside & (bits < least)
        least[better], found[rows[better]] = bits[better], stand[better]
    found[chosen] = -1
    return found
