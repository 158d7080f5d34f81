"""The one filter: slider, gallery, command line and export all ask ``select``, so what is previewed is exported.

Rules, in the order in which they name the reason of a refusal:

1. ``error``: the record carries an error. Nothing brings such a frame back.
2. The ``discard_reason`` that extract wrote.
3. Lower and upper bounds, both inclusive, in the order of ``FILTERABLE``. A frame without a number in a bounded
   column is refused, and so is every frame when the run has no such column. A flag that is not known refuses none,
   of one frame or of all.
4. ``person``: shows none of the wanted people.
5. ``shot``: not one of the wanted shots.
6. ``duplicate``: among what is left, near a better frame (``duplicates.py``).
7. ``quota``: among what is left, not good enough for its shot, then for its time window, then over all.
8. ``spread``: among what is left, not one of the best N, spread (``spread.py``). Frames kept by hand count, one that is
   rejected by hand is replaced (``by_hand.py``). Rule 6 then waits for this one: no two of the N are near each other.
9. ``manual``: rejected by hand. A frame kept by hand passes rules 2 to 8. But for rule 8, neither changes what happens
   to other frames.

"Better" is a higher ``rank_by`` (a lower one for ``face_distance``); frames without that number come last, and of equal
frames the earlier one is better. Pure: no files, no video.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.pipeline import by_hand, spread
from core.pipeline.duplicates import duplicate_rows
from core.records import FrameTable, Selection
from core.settings.columns import FACE_NUMBERS, FILTERABLE, FLAGS, JUDGED, METRIC_NAMES, RANKED_BEFORE, RANKED_BY
from core.settings.filter import FilterSettings
from core.settings.model import changed
from core.store.selection import digest

__all__ = ["REASONS", "digest", "reason_of", "select"]

STEPS = 10
"""``at_least`` loosens the bounds in this many steps; the last one drops them."""

LOWER_IS_BETTER = ("face_distance", "sharpness_rank", "noise", "clipped_dark", "clipped_bright", "blockiness", *FLAGS)
QUOTAS = ("top", "top_percent", "per_shot", "per_shot_percent", "per_window", "per_window_percent")

SUBJECT_NAMES = tuple(name for name in FILTERABLE if name.startswith("subject_"))
REASONS = ("", "error", "quality", *METRIC_NAMES, "face", "mask", "identity", *SUBJECT_NAMES, "person")
REASONS += (RANKED_BY, "sharpness_rank", *JUDGED, "moment", "displacement", *FLAGS)
REASONS += ("poor", "shot", "duplicate", "quota", "spread", "manual")
"""Names of the reasons; index = code in ``Selection.reason``. Discard reasons that are not here get the codes after."""

CODE = {name: code for code, name in enumerate(REASONS)}

Rules = list[tuple[str, int]]
"""Rules of the first stage: what ``only_by`` calls each ("" = it does not), and the code of its reason."""


def select(table: FrameTable, filters: FilterSettings) -> Selection:
    """Decides which frames of a run are kept, and why the others are not.

    ``Selection.only_by`` counts for each active bound (``"min sharpness"``), for ``"person"``, ``"shot"`` and
    ``"manual"`` the frames that this rule alone refuses: among rules 1 to 5, or, for ``"manual"``, the rejected frames
    that every other rule lets pass. ``"duplicate"`` and ``"quota"`` count all frames that the stage refuses, since only
    frames that passed everything before come there. Frames kept by hand are not counted. ``keep`` and ``reject`` may
    name ordinals that the table does not hold; those are ignored.

    Args:
        table: F records in ordinal order.
        filters: what is wanted.

    Returns:
        Columns of length F. With ``at_least`` and too few frames, the bounds are loosened together in ten equal steps
        from the value that was set to the lowest (highest) number of the column; the tenth step drops them, so that
        frames without a number pass too. ``relaxed`` holds the bounds of the first step that keeps enough, or of the
        last one. Shots, errors, discards and choices by hand are never loosened, and no bound is for more than ``top``.
    """
    chosen = _select(table, filters)
    if filters.at_least is None:
        return chosen
    wanted = least_of(filters)
    for step in range(1, STEPS + 1):
        if np.count_nonzero(chosen.keep) >= wanted or not (filters.min or filters.max):
            break
        looser = _loosened(table, filters, step)
        chosen = replace(_select(table, looser), relaxed=_used_bounds(filters, looser))
    return chosen


def least_of(filters: FilterSettings) -> int:
    """Returns how many frames ``at_least`` asks for: no more than ``top`` and ``best`` let through."""
    limits = [limit for limit in (filters.at_least, filters.top, filters.best) if limit is not None]
    return min(limits) if filters.at_least is not None else 0


def ranking_of(table: FrameTable, rank_by: str) -> str:
    """Returns the column that ranks this run: ``quality_score`` where it has no ``picture_score``."""
    return RANKED_BEFORE if rank_by == RANKED_BY and rank_by not in table.values else rank_by


def reason_of(column: str) -> str:
    """Returns the reason that a bound on this column of ``FILTERABLE`` gives."""
    if column == "quality_score":
        return "quality"
    if column == "reid_similarity":
        return "identity"
    if column in FACE_NUMBERS:
        return "face"
    return "mask" if column.startswith("mask_") else column


def _select(table: FrameTable, filters: FilterSettings) -> Selection:
    refused, rules = _first_stage(table, filters)
    survives: NDArray[np.bool_] = np.bitwise_or.reduce(refused, axis=0) == 0
    _override(refused, _rows(table, filters.keep))
    first, only_by = _first_rule(refused), _only_by(refused, rules)
    reason = np.array([code for _, code in rules] + [0], np.int16).take(first, mode="clip")
    reasons = _name_discards(table, reason)
    duplicate_of, stand_in = np.full(len(table), -1, np.int64), np.full(len(table), -1, np.int64)
    if any(getattr(filters, name) is not None for name in ("dedup", "best", *QUOTAS)):
        duplicate_of = _later_stages(table, filters, survives, reason, only_by)
    if filters.best is not None:
        stand_in = _best_stage(table, filters, survives, reason, only_by)
    _by_hand(table, filters, reason, only_by)
    return Selection(table.ordinal, reason == 0, reason, reasons, only_by, duplicate_of, stand_in)


def _first_stage(table: FrameTable, filters: FilterSettings) -> tuple[NDArray[np.unsignedinteger], Rules]:
    """Returns (W, F) words with bit i set where rule i refuses the frame, and the rules in order."""
    bounds = [(name, sign) for name in FILTERABLE for sign in ("min", "max") if name in getattr(filters, sign)]
    rules = [("", CODE["error"]), ("", DISCARDED)]
    rules += [(f"{sign} {name}", CODE[reason_of(name)]) for name, sign in bounds]
    rules += [("person", CODE["person"])] if filters.person_ids is not None else []
    rules += [("shot", CODE["shot"])] if filters.shots is not None else []
    passed = _Bits(len(table), len(rules))
    passed.add(~table.error)
    passed.add(table.discard == 0)
    for name, sign in bounds:
        passed.add(_within(table.values.get(name), sign, getattr(filters, sign)[name], name in FLAGS))
    if filters.person_ids is not None:
        passed.add(_shows(table, filters.person_ids))
    if filters.shots is not None:
        passed.add(np.isin(table.shot, np.array(filters.shots, np.int64)))
    return passed.inverted(), rules


DISCARDED = len(REASONS)
"""Stands in for the reason of a discarded frame until its own code is put there."""


class _Bits:
    """Packs boolean columns into one column of words: two passes over little memory for each.

    More columns than a word has bits go into further rows of words.
    """

    def __init__(self, length: int, columns: int) -> None:
        kinds = np.uint8, np.uint16, np.uint32, np.uint64
        kind = next((k for k in kinds if np.iinfo(k).bits >= columns), np.uint64)
        self.bits = np.iinfo(kind).bits
        self.words: NDArray[np.unsignedinteger] = np.zeros((-(-columns // self.bits), length), kind)
        self.scratch = np.empty(length, kind)
        self.columns = columns
        self.filled = 0

    def add(self, mask: NDArray[np.bool_] | None) -> None:
        """Puts (F,) bool at the next bit; ``None`` = all false."""
        if mask is not None:
            words, bit = self.words[self.filled // self.bits], self.filled % self.bits
            np.multiply(mask.view(np.uint8), words.dtype.type(1 << bit), out=self.scratch)
            np.bitwise_or(words, self.scratch, out=words)
        self.filled += 1

    def inverted(self) -> NDArray[np.unsignedinteger]:
        """Returns the words, (W, F), with each of the bits turned over."""
        for row, words in enumerate(self.words):
            words ^= words.dtype.type((1 << min(self.columns - row * self.bits, self.bits)) - 1)
        return self.words


def _within(column: NDArray[np.float64] | None, sign: str, bound: float, is_flag: bool) -> NDArray[np.bool_] | None:
    """NaN compares false, so it is never within; but a flag that is not known never refuses a frame."""
    if column is None:
        return EVERY if is_flag else None
    within = column >= bound if sign == "min" else column <= bound
    return within | np.isnan(column) if is_flag else within


def _shows(table: FrameTable, people: tuple[int, ...]) -> NDArray[np.bool_]:
    """(F,) bool: the frame shows at least one of these people."""
    shown = np.zeros(len(table), np.bool_)
    for person in people:
        shown[table.people.get(person, NO_ROWS)] = True
    return shown


NO_ROWS = np.zeros(0, np.int64)
EVERY = np.ones(1, np.bool_)
"""Of a column that no frame has: all of them pass."""


def _override(refused: NDArray[np.unsignedinteger], rows: NDArray[np.int64]) -> None:
    """Lets rows kept by hand pass everything but an error, which is the lowest bit."""
    refused[0, rows] &= refused.dtype.type(1)
    refused[1:, rows] = 0


def _first_rule(refused: NDArray[np.unsignedinteger]) -> NDArray[np.uint8]:
    """(F,) index of the lowest bit that is set; the width of all words where none is."""
    one, bits = refused.dtype.type(1), 8 * refused.itemsize
    index: NDArray[np.uint8] = np.full(refused.shape[1], bits * len(refused), np.uint8)
    for row in reversed(range(len(refused))):
        words = refused[row]
        below = np.bitwise_and(~words, words - one)  # the zeros under the lowest one; all bits when there is no one
        found = np.bitwise_count(below)
        index = np.where(found < bits, found + row * bits, index).astype(np.uint8)
    return index


def _only_by(refused: NDArray[np.unsignedinteger], rules: Rules) -> dict[str, int]:
    """How many frames each rule refuses alone."""
    kind, bits = refused.dtype.type, 8 * refused.itemsize
    counts: dict[str, int] = {}
    for i, (name, _) in enumerate(rules):
        if name:
            alone = refused[i // bits] == kind(1 << i % bits)
            for row in set(range(len(refused))) - {i // bits}:
                alone &= refused[row] == 0
            counts[name] = int(np.count_nonzero(alone))
    return counts


def _name_discards(table: FrameTable, reason: NDArray[np.int16]) -> tuple[str, ...]:
    """Replaces the stand-in by the code of each frame's own reason; returns the names of all codes."""
    reasons = (*REASONS, *(name for name in table.discards if name not in CODE))
    code_of = {name: code for code, name in enumerate(reasons)}
    codes = np.array([code_of[name] for name in table.discards], np.int16)
    np.copyto(reason, codes.take(table.discard), where=reason == DISCARDED)
    return reasons


def _later_stages(
    table: FrameTable,
    filters: FilterSettings,
    survives: NDArray[np.bool_],
    reason: NDArray[np.int16],
    only_by: dict[str, int],
) -> NDArray[np.int64]:
    """Duplicates, then quotas, among survivors. Writes reasons and counts; returns ``duplicate_of``."""
    kept = np.zeros(len(table), np.bool_)
    kept[_rows(table, filters.keep)] = True
    ranked = _ranked(table, filters.rank_by, np.flatnonzero(survives))
    duplicate_of = np.full(len(table), -1, np.int64)
    if filters.dedup is not None and filters.best is None:
        rows = duplicate_rows(table, ranked, filters.dedup)
        removed = np.flatnonzero((rows >= 0) & ~kept)
        duplicate_of[removed] = table.ordinal[rows[removed]]
        reason[removed], only_by["duplicate"] = CODE["duplicate"], len(removed)
        ranked = ranked[rows[ranked] < 0]
    if any(getattr(filters, name) is not None for name in QUOTAS):
        stay = _within_quotas(table, filters, ranked)
        removed = np.setdiff1d(ranked, stay, assume_unique=True)
        removed = removed[~kept[removed]]
        reason[removed], only_by["quota"] = CODE["quota"], len(removed)
    return duplicate_of


def _best_stage(
    table: FrameTable,
    filters: FilterSettings,
    survives: NDArray[np.bool_],
    reason: NDArray[np.int16],
    only_by: dict[str, int],
) -> NDArray[np.int64]:
    """The best N among what every rule before lets pass. Writes reasons and counts; returns ``stand_in``."""
    assert filters.best is not None
    kept, rejected = _rows(table, filters.keep), _rows(table, filters.reject)
    kept = np.sort(kept[~table.error[kept]])
    passed, chosen = reason == 0, np.isin(np.arange(len(table)), np.concatenate([kept, rejected]))
    passed[kept] = survives[kept]
    for name in FLAGS:  # no dissolve, no title; where nobody could tell, the frame may be one of them
        flagged = passed & (table.values[name] > 0) if name in table.values else np.zeros(len(table), np.bool_)
        passed[flagged] = False
        reason[flagged & ~chosen] = CODE[name]
    rows, column = np.flatnonzero(passed), ranking_of(table, filters.rank_by)
    if column == RANKED_BY and column in table.values:
        poor = rows[spread.far_below(table.values[column][rows])]
        reason[poor[~chosen[poor]]] = CODE["poor"]
        rows = np.setdiff1d(rows, poor, assume_unique=True)
    wanted = spread.asked(filters.best, filters.spread, filters.dedup)
    quality = spread.qualities(table.values.get(column), rows, column in LOWER_IS_BETTER)
    quality = spread.among_neighbours(quality, table.pts_s[rows])
    found = by_hand.choose(table, wanted, rows, quality, kept, rejected)
    removed = np.setdiff1d(rows[~chosen[rows]], found.rows, assume_unique=True)
    reason[removed], only_by["spread"] = CODE["spread"], len(removed)
    stood = found.stands_for >= 0
    return np.where(stood, table.ordinal[found.stands_for], -1) if len(table) else found.stands_for


def _ranked(table: FrameTable, rank_by: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows, best first; NaN last, ties by row."""
    rank_by = ranking_of(table, rank_by)
    column = table.values.get(rank_by)
    if column is None:
        return rows
    values = column[rows]
    return rows[np.argsort(values if rank_by in LOWER_IS_BETTER else -values, kind="stable")]


def _within_quotas(table: FrameTable, filters: FilterSettings, ranked: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ranked rows that every quota lets pass, still ranked."""
    if filters.per_shot is not None or filters.per_shot_percent is not None:
        ranked = _best_of_each(ranked, table.shot[ranked], filters.per_shot, filters.per_shot_percent)
    if filters.per_window is not None or filters.per_window_percent is not None:
        # a billionth of a window forgives what floats do to a frame exactly on an edge
        windows = np.floor((table.pts_s - table.pts_s[:1]) / filters.window + 1e-9).astype(np.int64)[ranked]
        ranked = _best_of_each(ranked, windows, filters.per_window, filters.per_window_percent)
    return ranked[: _limit(len(ranked), filters.top, filters.top_percent)]


def _best_of_each(
    ranked: NDArray[np.int64], groups: NDArray[np.int64], most: int | None, percent: float | None
) -> NDArray[np.int64]:
    """Keeps the first ``most`` rows and the first ``percent`` of each group, in the order that came."""
    _, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    by_group = np.argsort(which, kind="stable")
    place = np.empty(len(ranked), np.int64)
    place[by_group] = np.arange(len(ranked)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    limits = np.array([_limit(size, most, percent) for size in sizes.tolist()], np.int64)
    return ranked[place < limits[which]]


def _limit(size: int, most: int | None, percent: float | None) -> int:
    """How many of ``size`` may stay. A percentage above 0 is rounded up and leaves at least one."""
    limit = size if most is None else min(size, most)
    if percent is None or size == 0:
        return limit
    if percent == 0:
        return 0
    return min(limit, max(1, math.ceil(round(size * percent / 100, 9))))  # rounded: 1.1 % of 1000 is 11, not 12


def _by_hand(table: FrameTable, filters: FilterSettings, reason: NDArray[np.int16], only_by: dict[str, int]) -> None:
    """Refuses what was rejected by hand; ``keep`` has been seen to at every stage."""
    if filters.reject:
        rows = _rows(table, filters.reject)
        rows = rows[reason[rows] == 0]
        reason[rows], only_by["manual"] = CODE["manual"], len(rows)


def _rows(table: FrameTable, ordinals: tuple[int, ...]) -> NDArray[np.int64]:
    """Rows of those ordinals that the table holds."""
    if not ordinals:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.isin(table.ordinal, np.array(ordinals, np.int64)))


def _loosened(table: FrameTable, filters: FilterSettings, step: int) -> FilterSettings:
    if step == STEPS:
        return changed(filters, min={}, max={})
    lower = {name: _towards(bound, table.values.get(name), np.fmin, step) for name, bound in filters.min.items()}
    upper = {name: _towards(bound, table.values.get(name), np.fmax, step) for name, bound in filters.max.items()}
    return changed(filters, min=lower, max=upper)


def _towards(bound: float, column: NDArray[np.float64] | None, outer: np.ufunc, step: int) -> float:
    """``step`` tenths of the way from the bound to the outermost number of the column; a bound never tightens."""
    if column is None or len(column) == 0:
        return bound
    extreme = float(outer(bound, outer.reduce(column)))
    return bound + (extreme - bound) * step / STEPS


def _used_bounds(filters: FilterSettings, looser: FilterSettings) -> dict[str, tuple[float | None, float | None]]:
    was = {name: (filters.min.get(name), filters.max.get(name)) for name in FILTERABLE}
    now = {name: (looser.min.get(name), looser.max.get(name)) for name in FILTERABLE}
    return {name: now[name] for name in FILTERABLE if now[name] != was[name]}
