"""A decoder that stays beside a play head, so that the frame which a person saves is decoded before it is asked for."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Generator
from types import TracebackType

from core.errors import DecodeError, FramesieveError, LedgerMismatch
from core.video.decoder import Decoder
from core.video.frame import Frame
from core.video.probe import Video
from core.video.seek import with_damage

KEEP_BYTES = 128_000_000
"""Decoded frames that stay in memory: 41 of 1080p."""
FEWEST, MOST = 6, 64
BACK = 8
"""Frames before a place that was jumped to, for steps back."""
IDLE_S = 120.0
"""After so long without a word the file is closed and the frames are dropped."""
PATIENCE_S = 60.0


class PlayHeadDecoder:
    """Decodes around the place that ``move_to`` names, in its own thread. Thread-safe; close it, or use ``with``."""

    def __init__(self, video: Video) -> None:
        self._video = video
        frame_bytes = video.info.width * video.info.height * (3 if video.info.bit_depth > 8 else 1.5)
        self._most = int(min(MOST, max(FEWEST, KEEP_BYTES / max(1.0, frame_bytes))))
        self._kept: OrderedDict[int, Frame] = OrderedDict()
        self._failed: dict[int, FramesieveError] = {}
        self._asked: list[int] = []
        self._first = self._last = -1
        self._given_up = -1
        self._closed = False
        self.disproved = False
        """Whether the decoder showed other frames than the ledger knows."""
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def __enter__(self) -> PlayHeadDecoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def move_to(self, ordinal: int, ahead: int = 0) -> None:
        """Says where the play head is, and how many frames after it may be asked for soon. Returns at once."""
        last = len(self._video.ledger) - 1
        with self._changed:
            self._first = max(0, min(ordinal, last))
            self._last = min(last, self._first + max(0, min(ahead, self._most - BACK - 2)))
            self._given_up = -1
            self._changed.notify_all()

    def has(self, ordinal: int) -> bool:
        """Whether the frame is decoded already."""
        with self._changed:
            return ordinal in self._kept

    def frame(self, ordinal: int) -> Frame:
        """Returns the frame with this 0-based ordinal, decoded now if it was not. Use it from one thread at a time.

        Raises:
            DecodeError: there is no such frame, or its data are damaged or missing. SourceError: the file is gone.
        """
        count = len(self._video.ledger)
        if not 0 <= ordinal < count:
            raise DecodeError(
                f"frame {ordinal} was asked for; the video has frames 0 to {count - 1}.", code="no_frame", frame=ordinal
            )
        with self._changed:
            self._failed.pop(ordinal, None)
            self._asked.append(ordinal)
            self._changed.notify_all()
            try:
                done = self._changed.wait_for(
                    lambda: ordinal in self._kept or ordinal in self._failed or self._closed, timeout=PATIENCE_S
                )
                if ordinal in self._failed:
                    raise self._failed.pop(ordinal)
                if not done or self._closed:
                    raise DecodeError(
                        f"frame {ordinal} was not decoded in time; try again.", code="not_in_time", frame=ordinal
                    )
                found = self._kept[ordinal]
            finally:
                self._asked.remove(ordinal)
        if found.damaged:
            raise DecodeError(with_damage(ordinal), code="damaged_frame", frame=ordinal)
        return found

    def close(self) -> None:
        """Stops decoding, waits for the thread and closes the file. May be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    # --- in the thread

    def _run(self) -> None:
        decoder = Decoder(self._video)
        frames: Generator[Frame, None, None] | None = None
        at = -1
        try:
            while (goal := self._next_goal()) is not None:
                if goal < 0:  # nobody is there any more
                    self._drop(frames, decoder)
                    frames = None
                    continue
                if frames is None or not at < goal or self._video.ledger.entry(goal) > at + 1:
                    if frames is not None:
                        frames.close()
                    start = max(self._video.ledger.entry(goal), goal - BACK)
                    frames, at = decoder.frames(start, len(self._video.ledger)), start - 1
                try:
                    frame = next(frames, None)
                except FramesieveError as error:
                    self.disproved = self.disproved or isinstance(error, LedgerMismatch)
                    self._drop(frames, decoder)
                    frames = None
                    self._fail(goal, error)
                    continue
                if frame is not None:
                    at = frame.ordinal
                    self._keep(frame)
                if frame is None or at > goal:
                    frames = frames if frame is not None else None
                    self._fail(goal, DecodeError(f"frame {goal} cannot be decoded: its data are damaged or missing."))
        finally:
            self._drop(frames, decoder)

    def _next_goal(self) -> int | None:
        """The frame to decode next: what somebody waits for, else towards the play head. -1 = idle, ``None`` = end."""
        quiet_since = time.monotonic()
        with self._changed:
            while not self._closed:
                for ordinal in self._asked:
                    if ordinal not in self._kept and ordinal not in self._failed:
                        return ordinal
                for ordinal in range(self._first, self._last + 1) if self._first >= 0 else ():
                    if ordinal not in self._kept and ordinal > self._given_up:
                        return ordinal
                if not self._changed.wait(IDLE_S) and self._kept and time.monotonic() - quiet_since >= IDLE_S:
                    self._first = self._last = -1
                    return -1
        return None

    def _keep(self, frame: Frame) -> None:
        with self._changed:
            self._kept[frame.ordinal] = frame
            self._kept.move_to_end(frame.ordinal)
            surplus = len(self._kept) - self._most
            for ordinal in [o for o in self._kept if o not in self._asked][: max(0, surplus)]:
                del self._kept[ordinal]
            self._changed.notify_all()

    def _fail(self, ordinal: int, error: FramesieveError) -> None:
        with self._changed:
            self._given_up = max(self._given_up, ordinal)
            if ordinal in self._asked:
                self._failed[ordinal] = error
            self._changed.notify_all()

    def _drop(self, frames: Generator[Frame, None, None] | None, decoder: Decoder) -> None:
        if frames is not None:
            frames.close()
        decoder.close()
        with self._changed:
            self._kept.clear()
