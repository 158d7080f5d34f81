"""Where the masks of a video lie, and how its frames are read: a run folder, or a folder of a segment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError
from core.pipeline.runs import video_of
from core.settings.extract import ExtractSettings
from core.settings.model import to_mapping
from core.store import ledger, run_file
from core.store.mask_dir import MaskDir
from core.store.run import RunDir
from core.store.run_file import RunFile
from core.video.picture_folder import PictureFolder, segment_number, video_in
from core.video.probe import Video, probe
from core.video.rgb_reader import RgbReader

__all__ = ["Home", "MaskDir", "Pictures", "ShotFrames", "open_home"]


class Pictures(Protocol):
    """Reads the pictures of a video by ordinal; use it from one thread."""

    def picture(self, ordinal: int) -> NDArray[np.uint8]:
        """Returns the (H, W, 3) uint8 RGB picture of a frame, as it is displayed; not to be written to."""


@dataclass(frozen=True)
class Home:
    """A video whose subjects are masked."""

    path: Path
    """The run folder or the folder of the segment, as people named it."""
    dir: MaskDir
    """Where the files lie."""
    frames: int
    width: int
    """Of the displayed picture, pixels."""
    height: int
    rate: Fraction | None
    """Frames per second; ``None`` = nobody knows."""
    fingerprint: str
    run: RunDir | None = None
    """The run whose video it is; a segment that is a video file has one too. ``None`` = a folder of pictures."""
    stills: PictureFolder | None = None
    """The pictures of a segment that holds pictures."""
    segment: int | None = None
    """The number of a segment."""
    moved: Path | None = None
    """Where the video of the run lies now, if it was moved."""

    def video(self) -> Video | None:
        """Returns the video, opened; ``None`` for a folder of pictures. Raises ``RunError``: gone, or another one."""
        return None if self.run is None else video_of(self.run, self.moved)

    @contextmanager
    def pictures(self) -> Iterator[Pictures]:
        """Opens the frames. Raises ``RunError``, ``SourceError``."""
        video = self.video()
        if video is None:
            assert self.stills is not None
            yield self.stills
            return
        with RgbReader(video) as reader:
            yield reader

    def lock(self) -> AbstractContextManager[None]:
        """Takes the lock of the folder, as a run's. Raises ``RunBusy``, ``StorageError``."""
        return RunDir(self.dir.path).lock()


def open_home(path: Path, video: Path | None = None, work: Path | None = None) -> Home:
    """Returns the home of a run folder or of a folder of a segment.

    Args:
        path: either of them.
        video: where the video of the run lies now, if it was moved.
        work: where the files of a segment are kept whose own folder cannot be written.

    Raises:
        RunError: it is neither. SourceError: the folder of a segment has holes, or holds nothing to mask.
    """
    path = Path(path)
    if RunDir(path).run_json.exists():
        return _of_run(path, path, video)
    if not path.is_dir():
        raise RunError(
            f"{path} does not exist; name a run folder, or the folder of a segment.", code="no_run", field="run"
        )
    place = path if work is None or os.access(path, os.W_OK) else work / path.name
    if RunDir(place).run_json.exists():
        return _of_run(path, place, video)
    if (found := video_in(path)) is not None:
        _adopt(RunDir(place), found)
        return _of_run(path, place, video)
    stills = PictureFolder.read(path)
    width, height = stills.size
    return Home(
        path,
        MaskDir(place),
        len(stills),
        width,
        height,
        None,
        stills.fingerprint,
        stills=stills,
        segment=segment_number(path),
    )


def _of_run(path: Path, place: Path, moved: Path | None) -> Home:
    info = run_file.read(RunDir(place).run_json).video
    return Home(
        path,
        MaskDir(place),
        info.frames,
        info.width,
        info.height,
        info.rate,
        info.fingerprint,
        run=RunDir(place),
        segment=segment_number(path),
        moved=moved,
    )


def _adopt(run: RunDir, path: Path) -> None:
    """Makes a run of a segment that is a video file: its frames are counted once."""
    video, settings = probe(path), ExtractSettings()
    files.make_folder(run.path)
    ledger.save(run.ledger, video.ledger)
    run_file.write(run.run_json, RunFile(video.info, to_mapping(settings), settings.digest(), {"state": "segment"}))


class ShotFrames:
    """The frames of one shot for a masker: read when they are asked for."""

    def __init__(self, pictures: Pictures, start: int, end: int) -> None:
        """Remembers the shot, ``[start, end)`` ordinals."""
        self._pictures, self._start, self._end = pictures, start, end

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Returns the picture of a frame of the shot, 0-based. Raises ``IndexError``: the shot has no such frame."""
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} of a shot of {len(self)}")
        return self._pictures.picture(self._start + index)
