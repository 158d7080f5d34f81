"""Live inference ahead of a play head, in a child process: nothing of a model enters the page's process.

A crash of the child, and weights that are loaded at the user's own risk, touch nothing but the child. What it found is
kept beside the video; it becomes the cache once every frame is known, and ``detect`` goes on from it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from core.child import ChildProcess, command_of, ending, error_of
from core.errors import FramesieveError, error_keys
from core.records import Detections, VideoInfo
from core.settings.detect import DetectSettings
from core.settings.model import to_mapping
from core.store.detections_page import box_unit

COMMAND = command_of("core.pipeline.review.live_main")
CLOSED_S = 3.0


@dataclass(frozen=True)
class LiveState:
    """How live inference goes."""

    phase: str = "starting"
    """For people: ``starting``, ``loading the model``, ``inferring``, ``resting``, ``complete``, ``ended``."""
    backend: str | None = None
    """Device, library and number format; ``None`` while the model is loading."""
    names: tuple[str, ...] = ()
    end_to_end: bool = False
    per_second: float = 0.0
    """Frames inferred per second, decoding included."""
    stride: int = 1
    """Every how many frames one is inferred while it plays."""
    done: int = 0
    total: int | None = None
    ahead: int = 0
    """Frames from the head on that are known without a hole: how long playing stays exact."""
    cache: str | None = None
    """The cache, once every frame is known."""
    note: str | None = None
    """What a person should know, for instance that nothing can be kept."""
    error: str | None = None
    """Why it ended, one sentence."""
    error_code: str | None = None
    """What kind of error that is, see docs/codes.md; with the next two as in ``JobState``."""
    error_field: str | None = None
    error_facts: Mapping[str, Any] = field(default_factory=dict)
    ended: bool = False
    """Whether nothing more will come."""


class LiveInference:
    """Infers a video ahead of a play head. Safe to call from any thread. Use it with ``with``, or close it."""

    def __init__(
        self,
        info: VideoInfo,
        weights: str | Path,
        settings: DetectSettings | None = None,
        *,
        run: Path | None = None,
        downloads: Path | None = None,
        unsafe: bool = False,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """Starts the child; it tells of bad weights or a bad video in ``state.error``.

        Args:
            info: of the video.
            weights: a ``.pt`` or ``.onnx``.
            settings: device, input size, what is kept; the defaults if ``None``.
            run: the run folder, where the cache goes when the folder of the video cannot be written.
            downloads: the folder of runs, which keeps what is found until the cache is whole; ``downloads`` if
                ``None``.
            unsafe: load weights that may run code, in the child alone.
            command: starts the child.

        Raises:
            OSError: the system cannot start a process.
        """
        self._info = info
        self._changed = threading.Condition()
        self._rows: dict[int, str] = {}
        self._order: list[int] = []
        self._state = LiveState()
        self._ended = False
        self._closing = False
        request = {
            "video": info.path,
            "stream": info.stream_index,
            "weights": str(weights),
            "settings": to_mapping(settings or DetectSettings()),
            "run": None if run is None else str(run),
            "downloads": None if downloads is None else str(downloads),
            "unsafe": unsafe,
        }
        self._child = ChildProcess(request, command)
        self._reader = threading.Thread(target=self._read, name="live-inference", daemon=True)
        self._reader.start()

    @property
    def state(self) -> LiveState:
        """How it goes now."""
        with self._changed:
            return self._state

    def at(self, ordinal: int, rate: float = 1.0, playing: bool = False, exact: bool = False) -> None:
        """Tells where the play head is and how fast it moves.

        Args:
            ordinal: of the shown frame.
            rate: 1 = normal speed.
            playing: whether it moves.
            exact: every frame is wanted and the page slows down; else frames are left out to keep up.
        """
        self._child.say({"ordinal": ordinal, "rate": rate, "playing": playing, "exact": exact})

    def rows(self, start: int = 0, wait_s: float | None = None) -> Generator[tuple[int, str], None, None]:
        """Yields ``(number, JSON)`` of each inferred frame as it comes, in the order in which they were inferred.

        The JSON is that of ``detections_page.page_row``. ``number`` counts from 0: a page that comes back goes on with
        ``start`` = the last number + 1. Ends when inference has ended, or nothing came for ``wait_s`` seconds.
        """
        number = start
        while True:
            with self._changed:
                self._wait_for_more(number, wait_s)
                new = [self._rows[ordinal] for ordinal in self._order[number:]]
                ended = self._ended
            if not new:
                return
            for text in new:
                yield number, text
                number += 1
            if ended and number >= len(self._order):
                return

    def results(self, start: int = 0, wait_s: float | None = None) -> Generator[tuple[int, Detections], None, None]:
        """Yields ``(ordinal, detections)``, as ``rows``."""
        for _, text in self.rows(start, wait_s):
            row = json.loads(text)
            yield row["f"], self._detections(row)

    def frame(self, ordinal: int) -> Detections | None:
        """Returns the detections of a frame in pixels, ``None`` when it was not inferred yet."""
        with self._changed:
            text = self._rows.get(ordinal)
        return None if text is None else self._detections(json.loads(text))

    def close(self) -> None:
        """Ends the child; what it found stays on disk. May be called twice."""
        self._closing = True
        self._child.close_input()
        self._reader.join(CLOSED_S)

    def __enter__(self) -> LiveInference:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _wait_for_more(self, number: int, wait_s: float | None) -> None:
        self._changed.wait_for(lambda: len(self._order) > number or self._ended, timeout=wait_s)

    def _detections(self, row: Mapping[str, Any]) -> Detections:
        unit = box_unit(self._info.width, self._info.height)
        boxes = (np.array(row["b"], np.float32) * np.float32(unit)).reshape(-1, 4)
        return Detections(boxes, np.array(row["c"], np.float32) / np.float32(65535), np.array(row["k"], np.int64))

    # --- in the thread that reads the child

    def _read(self) -> None:
        for event in self._child.events():
            with self._changed:
                self._take(event)
                self._changed.notify_all()
        code = self._child.reap()
        words = self._child.last_words()
        with self._changed:
            values: dict[str, Any] = {"phase": "ended", "ended": True}
            if code and not self._closing and self._state.error is None:
                said = f': "{words[:200]}"' if words else ""
                sentence = f"live inference stopped by itself ({ending(code)}){said}; start it again to go on."
                values |= error_keys(FramesieveError(sentence, code="child_died", exit_code=code))
            self._ended = True
            self._change(values)
            self._changed.notify_all()

    def _take(self, event: Mapping[str, Any]) -> None:
        if row := event.get("row"):
            if row["f"] not in self._rows:
                self._order.append(row["f"])
            self._rows[row["f"]] = json.dumps(row, separators=(",", ":"))
        if model := event.get("model"):
            self._change({**model, "names": tuple(model["names"])})
        if state := event.get("state"):
            self._change(state)
        if cache := event.get("cache"):
            self._change({"cache": cache, "phase": "complete"})
        if event.get("error"):
            self._change(error_keys(error_of(event)))

    def _change(self, values: Mapping[str, Any]) -> None:
        known = {name: getattr(self._state, name) for name in LiveState.__dataclass_fields__}
        self._state = LiveState(**(known | dict(values)))
