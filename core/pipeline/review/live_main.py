"""``python -m core.pipeline.review.live_main``: the child process that infers ahead of a play head; see ``live``.

What its parent sends after the request is the play head; it answers with ``state``, ``model``, ``row``, ``cache`` at
the end of a complete pass, ``error``. How it speaks with its parent is in ``core.parent``.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from core.child import GRACE_S
from core.errors import LedgerMismatch, StorageError
from core.models import Detector
from core.parent import Parent, serve
from core.pipeline.detect import DOWNLOADS, OpenDetector, frame_size, open_yolo, recorded, write_cache
from core.pipeline.review.live_plan import Head, next_ordinal, stride_for
from core.records import VideoInfo
from core.settings.detect import DetectSettings
from core.settings.model import from_mapping
from core.store.detections_page import page_row
from core.store.detections_part import PartFile, Row, detections_of, row_of
from core.video.decoder import Decoder
from core.video.frame import Frame
from core.video.probe import Video, probe
from core.weights import identify

REST_S = 0.02
STATE_EVERY_S = 0.25
SMOOTHING = 0.2
"""Weight of the newest measurement in the mean cost of a frame."""
FIRST_COST_S = 0.05

Send = Callable[[Mapping[str, Any]], None]
"""Sends one event to the parent."""


def main(opener: OpenDetector = open_yolo) -> None:
    """Serves the request of the first line until the input ends, and ends the process."""
    heads = Heads()
    serve(lambda parent: _answer(parent, heads, opener), heads.take, heads.end)


def _answer(parent: Parent, heads: Heads, opener: OpenDetector) -> None:
    try:
        _infer(parent.request, heads, parent.send, opener)
    except LedgerMismatch as error:
        again = "Its frames have to be counted anew: open the video again, or precompute it."
        raise error.reworded(f"{error} {again}") from error


def _infer(request: Mapping[str, Any], heads: Heads, send: Send, opener: OpenDetector) -> None:
    settings = from_mapping(DetectSettings, request.get("settings") or {})
    send({"state": {"phase": "reading the video's index"}})
    video, weights = probe(request["video"], stream=request.get("stream")), identify(request["weights"])
    send({"state": {"phase": "loading the model", "total": len(video.ledger)}})
    info = video.info
    detector = opener(weights, settings, info.width, info.height, callers=1, unsafe=bool(request.get("unsafe")))
    run, downloads = (Path(text) if (text := request.get(name)) else None for name in ("run", "downloads"))
    with recorded(video, weights, settings, run, downloads or DOWNLOADS) as (part, preds, done):
        send({"model": {"backend": detector.backend, "names": list(detector.names), "end_to_end": detector.end_to_end}})
        known = np.zeros_like(done)
        for old in part.rows():
            if old.ordinal < len(known) and not known[old.ordinal]:
                known[old.ordinal] = True
                send({"row": _row_json(info, old)})
        done[:] = known
        with closing(LiveWorker(video, detector, settings, heads, part, done).rows()) as rows:
            for row, state in rows:
                if row is not None:
                    send({"row": _row_json(info, row)})
                if state is not None:
                    send({"state": state})
        if bool(done.all()):
            cache = write_cache(part, preds, video, weights, settings, detector)
            part.remove()
            send({"cache": str(cache.path)})
            heads.ended.wait()


class Heads:
    """The newest play head, as the parent sends it."""

    def __init__(self) -> None:
        self.head = Head(at_s=time.monotonic())
        self.ended = threading.Event()
        """Set when the parent is gone."""
        self.changed = threading.Event()

    def take(self, message: Mapping[str, Any]) -> None:
        """Takes a play head; a message that is none is left out."""
        with contextlib.suppress(ValueError, KeyError, TypeError, OverflowError):
            self.head = Head(
                max(0, int(message["ordinal"])),
                min(64.0, max(0.0, float(message["rate"]))),
                bool(message["playing"]),
                bool(message["exact"]),
                time.monotonic(),
            )
            self.changed.set()

    def end(self) -> bool:
        """Lets the frame that is being inferred be recorded; whatever takes longer is killed."""
        self.ended.set()
        self.changed.set()
        time.sleep(GRACE_S)
        return False


class LiveWorker:
    """Decodes and infers where the play head will be, and records what it finds."""

    def __init__(
        self, video: Video, detector: Detector, settings: DetectSettings, heads: Heads, part: PartFile, done: Any
    ) -> None:
        self._video, self._detector, self._settings, self._heads = video, detector, settings, heads
        self._part: PartFile | None = part
        self._note = f"Kept in {part.path.parent} until every frame is known; precompute goes on from there."
        self._done = done
        self._decoder = Decoder(video)
        self._frames: Generator[Frame, None, None] | None = None
        self._at = 0
        """The ordinal that the open generator yields next."""
        self._cost_s = FIRST_COST_S
        info = video.info
        self._rate = float(info.rate) if info.rate else 25.0

    def rows(self) -> Generator[tuple[Row | None, dict[str, Any] | None], None, None]:
        """Yields each recorded frame, and now and then how it goes, until every frame is known or the parent ends."""
        last: int | None = None
        told_s = 0.0
        try:
            while not self._heads.ended.is_set() and not self._done.all():
                head, now = self._heads.head, time.monotonic()
                goal = next_ordinal(head, now, self._rate, self._cost_s, last, self._done)
                state = self._state(head, goal) if now - told_s > STATE_EVERY_S else None
                if state is not None:
                    told_s = now
                if goal is None:
                    yield None, state
                    self._heads.changed.wait(REST_S if head.playing else STATE_EVERY_S)
                    self._heads.changed.clear()
                    continue
                row = self._infer(goal)
                last = goal
                cost = time.monotonic() - now
                self._cost_s += SMOOTHING * (cost - self._cost_s)
                yield row, state
            yield None, self._state(self._heads.head, None)
        finally:
            self._close()
            self._decoder.close()

    def _infer(self, ordinal: int) -> Row:
        frame = self._frame(ordinal)
        most = self._settings.max_det
        if frame is None:
            row = row_of(ordinal, None, 1, 1, most)
        else:
            picture = frame.rgb()
            found = self._detector.detect([self._detector.prepare(picture)])[0]
            row = row_of(ordinal, found, *frame_size(picture), most)
        self._keep(row)
        self._done[ordinal] = True
        return row

    def _keep(self, row: Row) -> None:
        """Records the row; on a full disk the boxes are still shown."""
        if self._part is None:
            return
        try:
            self._part.append([row])
        except StorageError as error:
            self._part, self._note = None, f"The boxes are shown but not kept: {error}"

    def _frame(self, ordinal: int) -> Frame | None:
        """The frame, by going on from the last one where no key frame is nearer."""
        if self._frames is None or ordinal < self._at or self._video.ledger.entry(ordinal) > self._at:
            self._close()
            self._frames, self._at = self._decoder.frames(ordinal, len(self._video.ledger)), ordinal
        for frame in self._frames:
            self._at = frame.ordinal + 1
            if frame.ordinal == ordinal:
                return frame
            if frame.ordinal > ordinal:
                self._close()  # the frame is missing, and the one after it is gone now
                return None
        self._close()
        return None

    def _close(self) -> None:
        if self._frames is not None:
            self._frames.close()
        self._frames = None

    def _state(self, head: Head, goal: int | None) -> dict[str, Any]:
        here = min(head.now(time.monotonic(), self._rate), len(self._done) - 1)
        ahead = self._done[here:]
        return {
            "phase": "resting" if goal is None else "inferring",
            "per_second": round(1 / self._cost_s, 1),
            "stride": 1 if head.exact or not head.playing else stride_for(self._cost_s, self._rate * head.rate),
            "done": int(self._done.sum()),
            "total": len(self._done),
            "ahead": int(ahead.argmin()) if not ahead.all() else len(ahead),
            "note": self._note,
        }


def _row_json(info: VideoInfo, row: Row) -> dict[str, Any]:
    return page_row(info, row.ordinal, detections_of(row, info.width, info.height))


if __name__ == "__main__":
    main()
