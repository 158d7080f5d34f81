"""The best N stills of a video: which frames are scored, and what is done with those that win.

Of up to ``LONG`` frames all are scored. Of a longer film a subset comes first: its key frames, which cost least, where
there are enough of them; else frames at even steps. Then every frame within ``AROUND_S`` of the best N of the subset is
scored too, since the sharp one of ten alike is rarely a key frame. How N are chosen: ``spread``. A column that needs
the frames beside, or more than a picture, has a stand-in for the subset (``first_by``); the N go by the column itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core import files
from core.metrics.judge import Judged
from core.metrics.picture_score import picture_score
from core.metrics.subject import subject_of
from core.pipeline import stills
from core.pipeline.measure import Measurer
from core.pipeline.notes import notes
from core.pipeline.select import LOWER_IS_BETTER, select
from core.records import FrameLedger, FrameRecord, FrameTable
from core.settings.columns import JUDGED, METRIC_NAMES, RANKED_BEFORE, RANKED_BY
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.settings.model import changed
from core.step import Notice, Step
from core.store import jsonl, selection, table
from core.video.frame import Frame
from core.video.probe import Video
from core.video.stream import map_frames

if TYPE_CHECKING:
    from core.pipeline.extraction import Extraction

LONG = 12_000
"""Frames; of more, a subset is scored first."""
SUBSET_EACH, SUBSET_LEAST = 8, 4_000
"""Frames of the subset: so many for each wanted still, and so many at least."""
AROUND_S = 0.5
Ordinals = NDArray[np.int64]


def candidates(video: Video, settings: ExtractSettings, long: int = LONG) -> Generator[int, None, Ordinals]:
    """Yields how many frames were looked at; returns (W,) int64: the ordinals to score, ascending."""
    ledger = video.ledger
    if len(ledger) <= long:
        return np.arange(len(ledger), dtype=np.int64)
    first, _ = subset(ledger, settings.stills)
    records: list[FrameRecord] = []

    def make_work() -> Callable[[Frame], FrameRecord]:
        measurer = Measurer(settings)
        return lambda frame: _scored(*measurer.record_and_maps(frame, ledger.seconds(frame.ordinal)))

    with closing(map_frames(video, first, make_work)) as chunks:
        for chunk in chunks:
            records += [record for _, record in chunk if record is not None]
            yield len(records)
    by = first_by(settings.rank_by)
    scored = _table(records, by)
    winners = select(scored, changed(filters_of(settings), rank_by=by)).kept
    winners = np.union1d(winners, best_of_windows(scored, winners, settings.stills, by))
    return np.union1d(first, around(ledger, winners))


def first_looked_at(video: Video, settings: ExtractSettings) -> int:
    """Returns how many frames ``candidates`` looks at: those of the subset of a long film, else all."""
    return len(subset(video.ledger, settings.stills)[0]) if len(video.ledger) > LONG else len(video.ledger)


def best_of_windows(scored: FrameTable, winners: Ordinals, count: int, by: str) -> Ordinals:
    """Returns the best frame of each of ``count`` equal parts of the film that hold none of the winners.

    What looks like a winner drops out of the best N; the frames around it may not, and the N are spread over all parts.
    """
    if not len(scored):
        return winners
    seconds = scored.pts_s - scored.pts_s[0]
    windows = np.minimum(seconds * count // max(float(seconds[-1]), 1e-9), count - 1)
    values = np.nan_to_num(scored.values.get(by, np.zeros(len(scored))), nan=-np.inf)
    is_free = ~np.isin(windows, windows[np.isin(scored.ordinal, winners)]) & (scored.discard == 0) & ~scored.error
    rows = np.flatnonzero(is_free)
    rows = rows[np.lexsort((rows, -values[rows] if by not in LOWER_IS_BETTER else values[rows], windows[rows]))]
    found = scored.ordinal[rows[np.unique(windows[rows], return_index=True)[1]]]
    return np.asarray(found, np.int64)


def _scored(record: FrameRecord, judged: Judged) -> FrameRecord:
    """The record with its picture score, but for what neighbours tell, who were not decoded."""
    record.more |= {name: getattr(judged, name) for name in JUDGED}
    record.more["subject_detail"] = subject_of(judged, None, None, None)[0]
    record.more[RANKED_BY] = picture_score(record.more)
    return record


def first_by(column: str) -> str:
    """Returns what ranks the subset of a long film: the column, or its stand-in where one picture does not tell it.

    The place of a frame among those around says nothing of where in the film it is worth to look around; how good the
    picture is does, and for the place in sharpness how sharp it is. Faces and masks are not there yet.
    """
    if column in (RANKED_BEFORE, RANKED_BY, "subject_detail", *METRIC_NAMES, *JUDGED):
        return column
    return "detail" if column == "sharpness_rank" else RANKED_BY


def subset(ledger: FrameLedger, count: int) -> tuple[Ordinals, str]:
    """Returns the frames of a long film that are scored first, and what they are called."""
    wanted = max(SUBSET_EACH * count, SUBSET_LEAST)
    keys = ledger.keys
    if len(keys) >= SUBSET_EACH * count:
        return keys[np.unique(np.arange(min(wanted, len(keys))) * len(keys) // min(wanted, len(keys)))], "key frames"
    steps = np.arange(min(wanted, len(ledger))) * len(ledger) // min(wanted, len(ledger))
    return steps.astype(np.int64), "frames at even steps"


def around(ledger: FrameLedger, winners: Ordinals) -> Ordinals:
    """Returns every frame within half a second of one of some frames, ascending."""
    reach = AROUND_S / float(ledger.time_base)
    times = ledger.pts[winners]
    starts = np.searchsorted(ledger.pts, times - reach)
    ends = np.searchsorted(ledger.pts, times + reach, side="right")
    near = [np.arange(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *near]))


def filters_of(settings: ExtractSettings) -> FilterSettings:
    """Returns the filters that choose the N."""
    return FilterSettings(best=settings.stills, spread=settings.spread, rank_by=settings.rank_by)


def said(video: Video, settings: ExtractSettings) -> tuple[Notice, ...]:
    """Returns which frames of a long film are scored, and by what; nothing of a short one."""
    if len(video.ledger) <= LONG:
        return ()
    (first, name), by = subset(video.ledger, settings.stills), first_by(settings.rank_by)
    text = (
        f"{len(video.ledger)} frames are many: {len(first)} {name} are scored first, then every frame within "
        f"{AROUND_S:g} s of the best {settings.stills} of them."
    )
    if by != settings.rank_by:
        text += f" The first are ranked by {by}, since one picture alone has no {settings.rank_by}; the last by that."
    facts = {"frames": len(video.ledger), "subset": len(first), "first_by": by, "rank_by": settings.rank_by}
    return (Notice("scored_subset", text, facts),)


def subset_by(video: Video, settings: ExtractSettings) -> str | None:
    """Returns what ranked the subset of a long film; ``None``: all frames were scored."""
    return first_by(settings.rank_by) if len(video.ledger) > LONG else None


def finish(extraction: Extraction) -> Generator[Step, None, int]:
    """Saves the selection of a run whose frames are all scored, and the pictures of the N; returns how many there are.

    A selection that is there stays: people may have changed it since.
    """
    run, settings = extraction.run, extraction.settings
    saved = selection.read(run.selection)
    if saved is None:
        frames = table.load_table(run)
        filters = filters_of(settings)
        chosen = select(frames, filters)
        hints = tuple(Notice("filter_hint", hint) for hint in notes(frames, filters, chosen))
        made_from = selection.MadeFrom(len(frames), tuple(settings.quality_weights))
        saved = selection.write(run.selection, filters, chosen.kept, made_from)
        yield Step("choosing the best", len(saved.kept), settings.stills, notices=hints)
    if settings.save_frames:
        yield from _save(extraction, saved.kept)
    return len(saved.kept)


def _save(extraction: Extraction, kept: Ordinals) -> Generator[Step, None, None]:
    """Decodes and saves those of the N that have no file yet; then their records name it."""
    run, settings = extraction.run, extraction.settings
    records = list(table.records(run))
    named = {record.frame_number: record for record in records}
    missing = np.array([n for n in kept.tolist() if n in named and named[n].filename is None], np.int64)
    if not len(missing):
        return

    def make_work() -> Callable[[Frame], str]:
        def save(frame: Frame) -> str:
            suffix, data = stills.encoded(frame, settings)
            path = run.frame(frame.ordinal, suffix)
            files.write_bytes(path, data, sync=False)
            return path.name

        return save

    done = 0
    with closing(map_frames(extraction.video, missing, make_work)) as chunks:
        for chunk in chunks:
            for ordinal, name in chunk:
                named[ordinal].filename = name
            done += len(chunk)
            yield Step("saving the best", done, len(missing))
    jsonl.rewrite(run.metadata, records)


def _table(records: list[FrameRecord], ranked_by: str) -> FrameTable:
    """Records as columns: what the choice reads."""
    length = len(records)
    phash, has_phash = table.hashes([record.phash for record in records])
    colours, has_colours = table.colours([record.colours for record in records])
    columns = {
        name: [record.to_mapping().get(name) for record in records] for name in {RANKED_BEFORE, RANKED_BY, ranked_by}
    }
    values = {
        name: np.array([np.nan if value is None else value for value in column], np.float64)
        for name, column in columns.items()
        if any(value is not None for value in column)
    }
    return FrameTable(
        ordinal=np.array([record.frame_number for record in records], np.int64),
        pts_s=np.array([record.pts_s for record in records], np.float64),
        shot=np.full(length, -1, np.int64),
        phash=phash,
        has_phash=has_phash,
        colours=colours,
        has_colours=has_colours,
        error=np.array([record.error is not None for record in records], np.bool_),
        discard=np.array([record.discard_reason is not None for record in records], np.int16),
        discards=("", "quality"),
        on_disk=np.zeros(length, np.bool_),
        values=values,
    )
