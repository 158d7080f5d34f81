"""``shots``: finds the cuts of a run's video, once, and writes the shot of every record."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.pipeline.counting import numbered_by
from core.pipeline.runs import video_of
from core.records import FrameRecord
from core.settings.shots import ShotsArguments
from core.step import Outcome, Step, each
from core.store import annotations as annotation_file
from core.store import cuts, jsonl, run_file, selection
from core.store.mask_dir import MaskDir
from core.store.run import RunDir
from core.video.frame import Frame
from core.video.probe import Video
from core.video.shots import ShotFinder, shot_of, small_picture
from core.video.stream import map_frames
from core.wording import plural

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


@dataclass(frozen=True)
class ShotsFound(Outcome):
    """The shots of a run."""

    run: str
    shots: list[list[int]]
    """``[start, end)`` ordinals of each."""

    def brief(self) -> dict[str, Any]:
        """How many there are."""
        return {"run": self.run, "shots": len(self.shots)}

    def lines(self) -> list[str]:
        """How many, then each."""
        each_one = [f"  shot {number}: frames {start} to {end - 1}" for number, (start, end) in enumerate(self.shots)]
        return [f"{plural(len(self.shots), 'shot')} in {self.run}", *each_one]


def shots(arguments: ShotsArguments) -> Generator[Step, None, ShotsFound]:
    """Finds the shots of a run, writes ``shots.json`` and the ``shot_id`` of every record; cuts made by hand stay.

    Raises:
        RunError: no run, or its video is gone. RunBusy: somebody works in the run.
    """
    run = RunDir(arguments.run)
    saved = run_file.read(run.run_json)
    frames = saved.video.frames
    yield Step(LOOKING, 0, frames, run=run.path.absolute())
    source = video_of(run, arguments.video, saved)
    with run.lock():
        with numbered_by(run):
            found = yield from each(find_shots(source, arguments.detector), lambda done: Step(LOOKING, done, frames))
        found = cuts.found_again(MaskDir(run.path).cuts, found, frames)
        write_shot_ids(run, found)
    return ShotsFound(str(run.path), [list(shot) for shot in found])


LOOKING = "looking for cuts"


def write_shot_ids(run: RunDir, found: Shots) -> None:
    """Writes shots and shot ids, and takes what people pointed at to its new shot; the caller holds the lock."""
    selection.write_shots(run.shots, found)
    annotation_file.move(run.annotations, found)
    if not run.metadata.exists():
        return
    records = [FrameRecord.from_mapping(line) for line in jsonl.read(run.metadata)]
    numbers = shot_of(found, np.array([r.frame_number for r in records], np.int64))
    for record, number in zip(records, numbers.tolist(), strict=True):
        record.shot_id = number
    jsonl.rewrite(run.metadata, records)
