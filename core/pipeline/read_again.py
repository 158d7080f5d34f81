"""Gives a run the columns of judgement that it lacks: its frames are decoded once more. For runs of older programs.

All or nothing: the records are written when the last frame was read. What else they hold stays.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from core.errors import RunError
from core.metrics.judge import Judged
from core.metrics.quality import Stats
from core.metrics.subject import Evidence
from core.pipeline.judging import Judging, Seen, settle_records
from core.pipeline.measure import Measurer
from core.pipeline.measure_again import measure_again, write
from core.pipeline.runs import video_of
from core.pipeline.subject_evidence import of_run
from core.records import FrameRecord
from core.settings.extract import ExtractSettings
from core.store import jsonl, table
from core.store.run import RunDir
from core.video.frame import Frame
from core.video.stream import map_frames


def read_again(run: RunDir, settings: ExtractSettings, video: Path | None) -> Generator[tuple[int, int], None, None]:
    """Judges every recorded frame that has a picture; yields how many of how many are read. The caller holds the lock.

    Args:
        run: the run.
        settings: those that it was made with.
        video: where its video lies now, if it was moved.

    Raises:
        RunError: as ``runs.video_of``; the video decodes otherwise than it did; the run has no records.
    """
    records = list(table.records(run))
    by_number = {record.frame_number: record for record in records if record.quality_score is not None}
    wanted = np.array(sorted(by_number), np.int64)
    source, done = video_of(run, video), 0
    judging, find = Judging(len(source.ledger)), of_run(run, Path(source.path), source.info)

    def make_work() -> Callable[[Frame], tuple[Judged, Stats]]:
        measurer = Measurer(settings)

        def work(frame: Frame) -> tuple[Judged, Stats]:
            stats = measurer.measure(frame)
            judged = measurer.judged(frame, stats)
            return judged, measurer.inside_own(stats, judged) if settings.inside_bars else stats

        return work

    with closing(map_frames(source, wanted, make_work)) as chunks:
        for chunk in chunks:
            _read(judging.take(_seen(by_number[number], found, settings, find) for number, found in chunk))
            done += len(chunk)
            yield done, len(wanted)
    _read(judging.finish())
    source.check_unchanged()
    if not any(record.more.get("detail") is not None for record in by_number.values()) and by_number:
        raise RunError(f"no frame of {run.path} could be read again; put its video back as it was.", code="no_video")
    own = {record.frame_number: record.more.get("letterbox") for record in records}
    settle_records(records)
    if settings.inside_bars:  # their scores follow in rescore
        measure_again(source, settings, records, own)
    jsonl.rewrite(run.metadata, records)


def _seen(
    record: FrameRecord,
    found: tuple[Judged, Stats] | None,
    settings: ExtractSettings,
    find: Callable[[FrameRecord], Evidence | None],
) -> Seen:
    """A frame that was read; inside its own bars its five metrics are new ones."""
    if found is not None and settings.inside_bars and record.error is None:
        write(record, found[1])
    return Seen(record, None if found is None else found[0], find(record))


def _read(records: Iterator[FrameRecord]) -> None:
    """Lets the judging write into the records, which are those of the run."""
    for _ in records:
        pass
