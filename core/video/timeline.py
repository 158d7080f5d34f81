"""When each frame is shown, from the time stamps that the frames carry. Arithmetic only; nothing is read here.

Stamps are kept wherever they can be true: they may repeat, never go back. Those that are missing or out of line get a
time between their neighbours', and are marked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FEWEST = 6
"""Stamps that make a part of its own where the clock starts anew; fewer are single wrong ones."""
IMPOSSIBLE = 1 << 53
"""No stamp of a real film is as large; with it sums of stamps would not fit into 64 bits."""
MOST_SECTIONS = 64
"""Stamps that start anew more often mean nothing."""


class Timeline(NamedTuple):
    """The times of all frames, in the order in which a decoder shows them."""

    times: NDArray[np.int64]
    """(F,) int64, non-decreasing, in units of the stamps."""
    repaired: NDArray[np.bool_]
    """(F,) bool: the frame carries no usable stamp; its time was made from its neighbours'."""


def timeline(stamps: Sequence[int | None], step: int) -> Timeline:
    """Returns a time for every frame.

    The stamps of the longest non-decreasing subsequence are kept. The others, and the missing ones, are spread evenly
    between their neighbours; before the first and after the last kept one they go on by the usual step. Where the clock
    starts anew (recordings joined without care) each part has times of its own kind; the part with the most stamps
    keeps them, the others are moved as a whole to where they follow one another, and count as repaired.

    Args:
        stamps: of each frame, in the order in which a decoder shows them; ``None`` = it carries none.
        step: duration of a frame where the stamps do not tell.
    """
    count = len(stamps)
    known = np.array([i for i, stamp in enumerate(stamps) if stamp is not None and abs(stamp) < IMPOSSIBLE], np.int64)
    if not len(known):
        return Timeline(np.arange(count, dtype=np.int64) * step, np.ones(count, bool))
    values = np.array([stamps[i] for i in known.tolist()], np.int64)
    sections = _sections(known, values, step)
    usual = _usual_step(known, values, sections, step)
    anchor = max(range(len(sections)), key=lambda n: len(sections[n]))  # the first of equals
    kept = _joined(known, values, sections, anchor, usual)
    repaired = np.ones(count, bool)
    repaired[known[sections[anchor]]] = False
    at = known[np.concatenate(sections)]
    return Timeline(_filled(count, at, kept, usual), repaired)


def in_line(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns (K,) int64: the indices of a longest non-decreasing subsequence, ascending.

    Patience sorting (Fredman, "On computing the length of longest increasing subsequences", 1975): O(N log N).
    """
    tails: list[int] = []
    at: list[int] = []
    before = np.full(len(values), -1, np.int64)
    for i, value in enumerate(values.tolist()):
        place = bisect_right(tails, value)
        before[i] = at[place - 1] if place else -1
        tails[place : place + 1] = [value]
        at[place : place + 1] = [i]
    found: list[int] = []
    i = at[-1] if at else -1
    while i >= 0:
        found.append(i)
        i = int(before[i])
    return np.array(found[::-1], np.int64)


def _sections(known: NDArray[np.int64], values: NDArray[np.int64], step: int) -> list[NDArray[np.int64]]:
    """Cuts the stamps where the clock starts anew; returns the indices of those of each part that are kept.

    A wrong stamp, or a block of them, leaves room for itself between its neighbours. Stamps that find none, or that are
    refused up to the end, belong to another recording.
    """
    waiting, done = [np.arange(len(values), dtype=np.int64)], list[NDArray[np.int64]]()
    while waiting:
        part = waiting.pop()
        kept = in_line(values[part])
        usual = _usual_step(known[part], values[part], [kept], step)
        cut = _restart(values[part], kept, usual) if len(waiting) + len(done) < MOST_SECTIONS else None
        if cut is None:
            done.append(part[kept])
        else:
            waiting += [part[cut:], part[:cut]]
    return done


def _restart(values: NDArray[np.int64], kept: NDArray[np.int64], usual: int) -> int | None:
    """The place of the largest step back in a run of refused stamps that is none of single wrong stamps."""
    edges = np.concatenate([[-1], kept, [len(values)]])
    for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if b - a - 1 < FEWEST:
            continue
        inner = a >= 0 and b < len(values)
        if inner and 2 * int(values[b] - values[a]) >= (b - a) * usual:
            continue
        at: int = max(1, a + 1) + int(np.argmin(np.diff(values[max(0, a) : b + 1])))
        if FEWEST <= at <= len(values) - FEWEST:
            return at
    return None


def _usual_step(
    known: NDArray[np.int64], values: NDArray[np.int64], sections: list[NDArray[np.int64]], step: int
) -> int:
    """The median distance of the stamps of successive frames, as far as they differ."""
    steps = np.concatenate([np.diff(values[s])[np.diff(known[s]) == 1] for s in sections])
    return int(np.median(steps[steps > 0])) if np.any(steps > 0) else step


def _joined(
    known: NDArray[np.int64], values: NDArray[np.int64], sections: list[NDArray[np.int64]], anchor: int, usual: int
) -> NDArray[np.int64]:
    """The kept stamps of all sections, moved so that each goes on where the one before ends; the anchor stays."""
    moved = [values[section] for section in sections]
    for n in range(anchor + 1, len(sections)):
        gap = int(known[sections[n][0]] - known[sections[n - 1][-1]])
        moved[n] = moved[n] + (moved[n - 1][-1] + gap * usual - moved[n][0])
    for n in range(anchor - 1, -1, -1):
        gap = int(known[sections[n + 1][0]] - known[sections[n][-1]])
        moved[n] = moved[n] + (moved[n + 1][0] - gap * usual - moved[n][-1])
    return np.concatenate(moved)


def _filled(count: int, at: NDArray[np.int64], kept: NDArray[np.int64], usual: int) -> NDArray[np.int64]:
    """Times of all frames from those of the frames ``at``: evenly between two, by the usual step at both ends."""
    times = np.empty(count, np.int64)
    first, last = int(at[0]), int(at[-1])
    times[:first] = kept[0] - usual * np.arange(first, 0, -1, dtype=np.int64)
    times[last:] = kept[-1] + usual * np.arange(count - last, dtype=np.int64)
    times[at] = kept
    for a, b, since, until in zip(at[:-1], at[1:], kept[:-1], kept[1:], strict=True):
        if b - a > 1:
            times[a + 1 : b] = since + (until - since) * np.arange(1, b - a, dtype=np.int64) // (b - a)
    return times
