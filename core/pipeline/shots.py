"""The shots verb: finds the cuts of a run's video, once, and writes the shot of every record."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.pipeline.counting import numbered_by
from core.pipeline.runs import video_of
from core.records import FrameRecord
from core.store import jsonl, selection
from core.store.run import RunDir
from core.video.frame import Frame
from core.video.probe import Video
from core.video.shots import ShotFinder, shot_of, small_picture
from core.video.stream import map_frames

Shots = list[tuple[int, int]]


def find_shots(video: Video, detector: str = "adaptive") -> Generator[int, None, Shots]:
    """Yields how many frames were looked at; returns ``[start, end)`` ordinals of every shot.

    Args:
        video: from ``probe``.
        detector: one of PySceneDetect's, see ``video.shots.DETECTORS``.
    """
    info = video.info
    stored = (info.height, info.width) if info.rotation % 180 else (info.width, info.height)

    def make_work() -> Callable[[Frame], NDArray[np.uint8]]:
        return lambda frame: small_picture(frame, *stored)

    finder = ShotFinder(info.rate, detector)
    everything = np.arange(len(video.ledger), dtype=np.int64)
    done = 0
    with closing(map_frames(video, everything, make_work)) as chunks:
        for chunk in chunks:
            for ordinal, picture in chunk:
                if picture is not None:
                    finder.push(ordinal, picture)
            done += len(chunk)
            yield done
    return finder.shots(len(video.ledger))


def shots(path: Path, detector: str = "adaptive", video: Path | None = None) -> Generator[int, None, Shots]:
    """Finds the shots of a run, writes ``shots.json`` and the ``shot_id`` of every record; yields frames looked at.

    Args:
        path: the run folder.
        detector: see ``find_shots``.
        video: where the video lies now, if it was moved.

    Raises:
        RunError: no run, or its video is gone. RunBusy: somebody works in the run.
    """
    run = RunDir(path)
    source = video_of(run, video)
    with run.lock():
        with numbered_by(run):
            found = yield from find_shots(source, detector)
        write_shot_ids(run, found)
    return found


def write_shot_ids(run: RunDir, found: Shots) -> None:
    """Writes shots and shot ids; the caller holds the lock."""
    selection.write_shots(run.shots, found)
    if not run.metadata.exists():
        return
    records = [FrameRecord.from_mapping(line) for line in jsonl.read(run.metadata)]
    numbers = shot_of(found, np.array([r.frame_number for r in records], np.int64))
    for record, number in zip(records, numbers.tolist(), strict=True):
        record.shot_id = number
    jsonl.rewrite(run.metadata, records)
