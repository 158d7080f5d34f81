"""Judgement of frames with the frames beside them: flags, the moment, the subject; then what a whole run tells.

Frames come in order from threads that each measured some (``Seen``). A neighbour is the source frame one ordinal away:
where it was not decoded, what needs it is null. Those four ordinals away tell slow fades, where they were decoded. Not
here: what one picture tells by itself (``metrics.judge``), the score (``metrics.picture_score``), dissolves over more
frames (``dissolves``, which gives a frame back when those up to ``REACH`` ordinals after it are there).
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from core.metrics.judge import Judged
from core.metrics.moment import border_clutter, merit, peak_change, share
from core.metrics.neighbours import FAR, flags_of
from core.metrics.picture_score import picture_score
from core.metrics.shift import slow_displacement
from core.metrics.subject import Evidence, subject_of
from core.pipeline.dissolves import Dissolves, Told, tell_dissolves
from core.records import FrameRecord
from core.settings.columns import FLAGS, JUDGED
from core.store import jsonl, table
from core.store.run import RunDir

DECIMALS = 4


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """A record and what was measured for it; ``None`` = no picture."""

    record: FrameRecord
    judged: Judged | None
    evidence: Evidence | None = None
    """Where its subject is, if something told."""


class Judging:
    """Takes frames in order and gives each back, judged, when those that come after it are there."""

    def __init__(self, frames: int, recorded: int = -1) -> None:
        """Begins.

        Args:
            frames: how many the video has: its first and its last one have one neighbour.
            recorded: frames up to this ordinal are recorded already and only come as neighbours.
        """
        self._last, self._recorded = frames - 1, recorded
        self._waiting: deque[Seen] = deque()
        self._near: dict[int, Judged | None] = {}
        """By ordinal: of those that wait, and of some that were done last."""
        self._dissolves = Dissolves()

    def take(self, frames: Iterable[Seen]) -> Iterator[FrameRecord]:
        """Takes the next frames; yields the records of those that are done now."""
        for seen in frames:
            self._waiting.append(seen)
            self._near[seen.record.frame_number] = seen.judged
            if len(self._waiting) > FAR:
                yield from self._fresh(self._dissolves.take(self._done()))

    def finish(self) -> Iterator[FrameRecord]:
        """Yields the last records."""
        while self._waiting:
            yield from self._fresh(self._dissolves.take(self._done()))
        yield from self._fresh(self._dissolves.finish())

    def _fresh(self, records: Iterator[FrameRecord]) -> Iterator[FrameRecord]:
        return (record for record in records if record.frame_number > self._recorded)

    def _done(self) -> Told:
        seen = self._waiting.popleft()
        number = seen.record.frame_number
        flags = self._flags_of(number)
        if number > self._recorded:
            self._tell(seen, flags)
        if len(self._near) > 2 * FAR:
            del self._near[next(iter(self._near))]
        return Told(seen.record, seen.judged, flags)

    def _tell(self, seen: Seen, flags: dict[str, bool] | None) -> None:
        """Writes the columns of a frame between its neighbours."""
        record, judged = seen.record, seen.judged
        if judged is None:
            return
        number = record.frame_number
        a, b = self._at(number - 1), self._at(number + 1)
        record.more |= {name: _rounded(getattr(judged, name)) for name in JUDGED}
        record.more["letterbox"] = _inside(judged)
        record.more |= {name: None if flags is None else int(flags[name]) for name in FLAGS}
        record.more.pop("dissolve_end", None)  # of an earlier reading
        detail, by = subject_of(judged, a, b, seen.evidence)
        record.more |= {"subject_detail": _rounded(detail), "subject_by": by}
        record.more["peak_change"] = _rounded(peak_change(judged, a, b)) if flags else None
        record.more["border_clutter"] = _rounded(border_clutter(judged))
        since = self._at(number - FAR), self._at(number - 1 + FAR)
        record.more["displacement"] = _rounded(slow_displacement(judged, a, since, FAR)) if number else 0.0
        record.more |= {"moment": None, "picture_score": _rounded(picture_score(record.more)), "sharpness_rank": None}

    def _flags_of(self, number: int) -> dict[str, bool] | None:
        """The flags of a frame by its neighbours and those four ordinals away; ``None``: a neighbour is not known."""
        frame, a, b = (self._at(number + step) for step in (0, -1, 1))
        if frame is None or (a is None and number > 0) or (b is None and number < self._last):
            return None
        far_a, far_b = self._at(number - FAR), self._at(number + FAR)
        return flags_of(frame, a, b, (far_a, far_b) if far_a is not None and far_b is not None else None)

    def _at(self, ordinal: int) -> Judged | None:
        """What was measured of a frame near the one that is told; ``None``: not decoded, or no picture."""
        return self._near.get(ordinal)


def _inside(judged: Judged) -> list[int] | None:
    """The rectangle inside the bars of this one frame, x, y, width, height; ``None`` = no bars, or nothing but bars."""
    top, bottom, left, right = judged.bars
    width, height = judged.width - left - right, judged.height - top - bottom
    return [left, top, width, height] if top + bottom + left + right and width > 0 and height > 0 else None


def _rounded(value: float | None) -> float | None:
    return None if value is None or value != value else round(value, DECIMALS)


def settle(run: RunDir, then: Callable[[list[FrameRecord], dict[int, list[int] | None]], None] | None = None) -> None:
    """Writes what only a whole run tells: letterboxes, whole dissolves, places among neighbours, the moments.

    Runs without judged frames stay as they are.

    Args:
        run: the run.
        then: is given the records, before they are written, and the rectangle that each had before, by ordinal.
    """
    records = list(table.records(run)) if run.metadata.exists() else []
    if any(record.more.get("detail") is not None for record in records):
        own = {record.frame_number: record.more.get("letterbox") for record in records}
        settle_records(records)
        if then is not None:
            then(records, own)
        jsonl.rewrite(run.metadata, records)


def settle_records(records: list[FrameRecord]) -> None:
    """The same to records in memory."""
    tell_letterbox(records)
    tell_dissolves(records)
    tell_ranks(records)
    tell_moments(records)


AROUND_S = 1.0
"""A frame's neighbours by time, where no shots were looked for."""
BARS_S = 5.0
"""Where no shots were looked for, a stretch of film of so many seconds has its bars together."""


def tell_letterbox(records: list[FrameRecord]) -> None:
    """Replaces each frame's own rectangle by the smallest that holds those of its shot.

    A frame that reaches to the sides says that there are no bars; a black one and a title on black say nothing.
    """
    shots = all(record.shot_id is not None for record in records)
    start = records[0].pts_s if records else 0.0

    def stretch(record: FrameRecord) -> int | None:
        return record.shot_id if shots else int((record.pts_s - start) // BARS_S)

    for _, group in itertools.groupby((r for r in records if r.more.get("detail") is not None), key=stretch):
        frames = list(group)
        seen = [record.more.get("letterbox") for record in frames if not _says_nothing(record)]
        found = _union([box for box in seen if box is not None]) if seen and None not in seen else None
        for record in frames:
            record.more["letterbox"] = found


def _says_nothing(record: FrameRecord) -> bool:
    return not record.more["detail"] > 0 or bool(record.more.get("blank")) or bool(record.more.get("titles"))


def _union(boxes: list[list[int]]) -> list[int]:
    """The smallest rectangle (x, y, width, height) that holds all of these."""
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return [left, top, right - left, bottom - top]


def tell_ranks(records: list[FrameRecord]) -> None:
    """Writes ``sharpness_rank``: 1 = no neighbour has more detail; equal ones share a place.

    A frame with none around it, since they were not decoded, has no place.
    """
    judged = [record for record in records if record.more.get("detail") is not None]
    if not judged:
        return
    detail = np.array([record.more["detail"] for record in judged])
    for record, (start, stop) in zip(judged, _around(judged), strict=True):
        alone = stop - start == 1 and record.more.get("peak_change") is None
        place = 1 + int(np.count_nonzero(detail[start:stop] > record.more["detail"]))
        record.more["sharpness_rank"] = None if alone else place


def tell_moments(records: list[FrameRecord]) -> None:
    """Writes ``moment``, and ``picture_score`` with it: how good a frame is beside those within a second, in its shot.

    Without frames beside it that were measured, there is no moment.
    """
    known = [record for record in records if "peak_change" in record.more]
    merits = np.array([merit(r.more["peak_change"], r.more["border_clutter"]) for r in known], np.float64)
    shots = np.array([-1 if r.shot_id is None else r.shot_id for r in known], np.int64)
    for at, (record, (start, stop)) in enumerate(zip(known, _within_a_second(known), strict=True)):
        beside = merits[start:stop][shots[start:stop] == shots[at]]
        beside = beside[~np.isnan(beside)]
        is_told = len(beside) > 1 and not np.isnan(merits[at])
        record.more["moment"] = _rounded(share(merits[at], float(np.mean(beside)))) if is_told else None
        record.more["picture_score"] = _rounded(picture_score(record.more))


def _around(records: list[FrameRecord]) -> list[tuple[int, int]]:
    """Of each record the first row and the end of its neighbours: those of its shot, else within a second."""
    rows = range(len(records))
    if all(record.shot_id is not None for record in records):
        shots = np.array([record.shot_id for record in records])
        edges = np.flatnonzero(np.diff(shots, prepend=shots[0] - 1, append=shots[-1] + 1))
        at = np.searchsorted(edges, rows, side="right")
        return list(zip(edges[at - 1].tolist(), edges[at].tolist(), strict=True))
    return _within_a_second(records)


def _within_a_second(records: list[FrameRecord]) -> list[tuple[int, int]]:
    times = np.array([record.pts_s for record in records])
    starts, stops = np.searchsorted(times, times - AROUND_S), np.searchsorted(times, times + AROUND_S, side="right")
    return list(zip(starts.tolist(), stops.tolist(), strict=True))
