"""The pictures of a run: files where there are files, else decoded by ordinal, exactly. Video loads on first use."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core import inside
from core.errors import DecodeError, FramesieveError
from core.store.run import RunDir

if TYPE_CHECKING:
    from core.video.probe import Video

THUMB = re.compile(r"thumb_([0-9]{1,15})")
SUFFIXES = (".jpg", ".png", ".webp")
THUMB_HEIGHT, THUMB_QUALITY, FRAME_QUALITY = 180, 80, 95
MOST_LINE_BYTES = 1_000_000
THUMBS_KEPT, FRAMES_KEPT = 2000, 16
"""Decoded pictures that stay in memory: about 20 MB of previews, 16 MB of 1080p frames."""


def thumb_ordinals(folder: Path) -> NDArray[np.int64]:
    """Returns (T,) int64: ordinals of the previews in a folder; empty when it is absent."""
    if not folder.is_dir():
        return np.zeros(0, np.int64)
    found = (THUMB.fullmatch(path.stem) for path in folder.iterdir())
    return np.array([int(match[1]) for match in found if match], np.int64)


class Pictures:
    """Finds or decodes the pictures of one run. Thread-safe; opens the video only when a picture has no file."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._video: Video | None = None
        self._opening = threading.Lock()
        self._thumbs: OrderedDict[int, bytes] = OrderedDict()
        self._frames: OrderedDict[int, bytes] = OrderedDict()
        self._keeping = threading.Lock()

    def frame_file(self, ordinal: int) -> BinaryIO | None:
        """Returns the extracted frame's file, open, ``None`` when it is not on disk, or kept in colours of its own."""
        from core.pipeline.stills import is_kept

        found = self._first(self._run.frame(ordinal, suffix) for suffix in SUFFIXES[:2])
        if found is not None and is_kept(found):
            found.close()
            return None
        return found

    def thumb_file(self, ordinal: int) -> BinaryIO | None:
        """Returns the preview's file, open, ``None`` when there is none."""
        return self._first(self._run.thumb(ordinal, suffix) for suffix in SUFFIXES)

    def has(self, ordinal: int) -> bool:
        """Whether a frame has a preview file."""
        return any(os.path.lexists(self._run.thumb(ordinal, suffix)) for suffix in SUFFIXES)

    def poster_mark(self, video: Path) -> str | None:
        """Returns a text that changes with the previews, or with the records where the video can be decoded for one.

        ``None``: there is no poster.
        """
        previews = self._run.thumbs
        if not inside.lies_in(previews, (self._run.path,)):
            return None
        try:
            if previews.is_dir():
                with os.scandir(previews) as found:
                    if any(THUMB.fullmatch(os.path.splitext(entry.name)[0]) for entry in found):
                        return f"{os.stat(previews).st_mtime_ns:x}"
            records = os.stat(self._run.metadata)
            return f"{records.st_mtime_ns:x}-{records.st_size:x}" if records.st_size and video.is_file() else None
        except OSError:
            return None

    def poster(self) -> BinaryIO | bytes | None:
        """Returns the preview in the middle of the run, open; without previews its middle record's, decoded, as JPEG.

        ``None`` where there is neither, or the video is gone.
        """
        ordinals = np.sort(thumb_ordinals(self._run.thumbs))
        if len(ordinals):
            return self.thumb_file(int(ordinals[len(ordinals) // 2]))
        with contextlib.suppress(FramesieveError, OSError, ValueError):
            return next((data for _, data in self.decoded_thumbs(self._middle())), None)
        return None

    def _middle(self) -> list[int]:
        """The ordinal of a record in the middle of the file, which is not read whole for that."""
        with open(self._run.metadata, "rb") as file:
            file.seek(os.fstat(file.fileno()).st_size // 2)
            file.readline(MOST_LINE_BYTES)
            line = file.readline(MOST_LINE_BYTES)
            if not line:
                file.seek(0)
                line = file.readline(MOST_LINE_BYTES)
        record = json.loads(line)
        found = record.get("frame_number") if isinstance(record, dict) else None
        return [found] if type(found) is int else []

    def decoded_frame(self, ordinal: int) -> bytes:
        """Returns the frame as JPEG, decoded from the video.

        Raises:
            RunError: the video is gone or another one. DecodeError: there is no such frame, or it is damaged.
        """
        with self._keeping:
            if ordinal in self._frames:
                return self._frames[ordinal]
        found = list(self._decode([ordinal], None))
        if not found:
            raise DecodeError(f"frame {ordinal} cannot be decoded from the video.", frame=ordinal)
        self._remember(self._frames, ordinal, found[0][1], FRAMES_KEPT)
        return found[0][1]

    def decoded_thumbs(self, ordinals: list[int]) -> Generator[tuple[int, bytes], None, None]:
        """Yields ``(ordinal, JPEG)`` previews, ascending; one pass over the video for all that are not remembered.

        Raises:
            RunError: the video is gone or another one.
        """
        with self._keeping:
            known = {ordinal: self._thumbs[ordinal] for ordinal in ordinals if ordinal in self._thumbs}
        yield from known.items()
        for ordinal, data in self._decode(sorted(set(ordinals) - set(known)), THUMB_HEIGHT):
            self._remember(self._thumbs, ordinal, data, THUMBS_KEPT)
            yield ordinal, data

    def _decode(self, ordinals: list[int], height: int | None) -> Generator[tuple[int, bytes], None, None]:
        from core.pipeline.counting import numbered_by
        from core.video import images
        from core.video.frame import Frame
        from core.video.stream import FrameStream

        video = self._opened()
        wanted = np.array([i for i in ordinals if 0 <= i < len(video.ledger)], np.int64)
        if len(wanted) == 0:
            return
        quality = THUMB_QUALITY if height else FRAME_QUALITY
        with numbered_by(self._run), FrameStream(video, wanted, 1) as stream:
            for item in stream:
                if isinstance(item, Frame):
                    yield item.ordinal, images.encode_jpeg(item.thumb(height) if height else item.rgb(), quality)

    def _opened(self) -> Video:
        from core.pipeline.runs import video_of

        with self._opening:
            if self._video is None:
                self._video = video_of(self._run)
            return self._video

    def _remember(self, kept: OrderedDict[int, bytes], ordinal: int, data: bytes, most: int) -> None:
        with self._keeping:
            kept[ordinal] = data
            while len(kept) > most:
                kept.popitem(last=False)

    def opened(self, path: Path) -> BinaryIO | None:
        """Opens a file of the run folder; ``None`` when it is not there, or is a link that leads out of it."""
        try:
            return inside.open_in(path, (self._run.path,))
        except OSError:
            return None

    def _first(self, paths: Generator[Path, None, None]) -> BinaryIO | None:
        return next(filter(None, map(self.opened, paths)), None)
