"""Dissolves over more frames than the neighbours of one: its middle, what lies beside it, and, at the end, between.

A frame by itself is told to fade by its nearest frames (``judging``); here come those up to 48 ordinals away, where
they were decoded, and what several frames tell together.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from core.metrics.judge import Judged
from core.metrics.mixture import SPANS, Coarse, coarse, is_mixture
from core.metrics.neighbours import FAR
from core.metrics.picture_score import picture_score
from core.records import FrameRecord

REACH = max(SPANS) + FAR
"""Ordinals to the furthest frame that tells something of another."""
DISSOLVE_GAP = 12
"""Frames from one that fades to the next: what lies between belongs to the same dissolve."""
SLOW, END = 8, 6
"""Frames of a dissolve that is slow, and % of its length by which it is longer at each end than what is told of it: at
first and at last, one picture is all but alone."""
DECIMALS = 4


class Told(NamedTuple):
    """A frame whose own neighbours have told what they know."""

    record: FrameRecord
    judged: Judged | None
    flags: dict[str, bool] | None
    """By its nearest frames; ``None``: they were not decoded."""


class _Held(NamedTuple):
    coarse: Coarse | None
    fades: bool
    may_mix: bool


class Dissolves:
    """Takes frames in order and gives each back when those up to ``REACH`` ordinals after it are there."""

    def __init__(self) -> None:
        """Begins."""
        self._waiting: deque[FrameRecord] = deque()
        self._near: dict[int, _Held] = {}
        """By ordinal: of those that wait, and of some that were given back last."""
        self._fading: dict[int, bool] = {}
        """Of the frames that were asked for last."""

    def take(self, frame: Told) -> Iterator[FrameRecord]:
        """Takes the next frame; yields those that are done now."""
        record, judged, flags = frame
        held = None if judged is None else coarse(judged)
        self._near[record.frame_number] = _Held(
            held, bool(flags and flags["dissolve"]), flags is not None and not flags["blank"]
        )
        self._waiting.append(record)
        while self._waiting[0].frame_number < record.frame_number - REACH:
            yield self._done()

    def finish(self) -> Iterator[FrameRecord]:
        """Yields the last frames."""
        while self._waiting:
            yield self._done()

    def _done(self) -> FrameRecord:
        record = self._waiting.popleft()
        number = record.frame_number
        if record.more.get("dissolve") == 0 and self._is_of_a_dissolve(number):
            record.more["dissolve"] = 1
            score = picture_score(record.more)
            record.more["picture_score"] = None if score is None else round(score, DECIMALS)
        for known in (self._near, self._fading):
            while known and (first := next(iter(known))) < number - REACH:
                del known[first]
        return record

    def _is_of_a_dissolve(self, number: int) -> bool:
        """Whether it fades, or two frames near it do: at its ends a dissolve is in the middle of nothing."""
        near = range(number - FAR, number + FAR + 1)
        return self._fades(number) or sum(map(self._fades, near)) > 1

    def _fades(self, number: int) -> bool:
        if number not in self._fading:
            self._fading[number] = self._tell(number)
        return self._fading[number]

    def _tell(self, number: int) -> bool:
        held = self._near.get(number)
        if held is None or held.fades or not held.may_mix or held.coarse is None:
            return held is not None and held.fades
        pairs = ((self._coarse_at(number - span), self._coarse_at(number + span)) for span in SPANS)
        return any(a is not None and b is not None and is_mixture(a, held.coarse, b) for a, b in pairs)

    def _coarse_at(self, number: int) -> Coarse | None:
        held = self._near.get(number)
        return None if held is None else held.coarse


def tell_dissolves(records: list[FrameRecord]) -> None:
    """Flags what lies between frames that fade, and the ends of a slow dissolve, which change too little to be told.

    A second time nothing changes: ends are known by ``dissolve_end`` and are no ground for others.
    """
    judged = [record for record in records if record.more.get("dissolve") is not None]
    for record in judged:
        if record.more.pop("dissolve_end", 0):
            record.more["dissolve"] = 0
    fading = [at for at, record in enumerate(judged) if record.more["dissolve"]]
    for start, stop in itertools.pairwise(fading):
        if judged[stop].frame_number - judged[start].frame_number <= DISSOLVE_GAP:
            for record in judged[start + 1 : stop]:
                record.more["dissolve"] = 1
    for start, stop in list(_slow_ones(judged)):
        ends = END * (judged[stop - 1].frame_number - judged[start].frame_number + 1) // 100
        for record in (*judged[max(0, start - ends) : start], *judged[stop : stop + ends]):
            if not record.more["dissolve"]:
                record.more |= {"dissolve": 1, "dissolve_end": 1}


def _slow_ones(judged: list[FrameRecord]) -> Iterator[tuple[int, int]]:
    """Of frames that fade one after the other the first and the end, where they are enough to be a slow dissolve."""
    at = 0
    for fades, group in itertools.groupby(judged, key=lambda record: bool(record.more["dissolve"])):
        start, at = at, at + len(list(group))
        if fades and at - start >= SLOW:
            yield start, at
