"""Live inference for the page: children that infer ahead of a play head, and the stream of what they find.

One stream per page: server-sent events, each with rows and, now and then, the state. A child that nobody listens to
ends. Not here: what to infer next (``pipeline.live``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from core.errors import RequestError, SettingsError
from core.settings.detect import DetectSettings
from core.ui.answers import FRESH
from core.ui.refusals import refusal
from core.ui.review_videos import Reviewed
from core.weights import Weights

if TYPE_CHECKING:
    from core.pipeline.review.live import LiveInference

MOST = 2
"""Children at once; each holds a model in memory."""
PATIENCE_S = 8.0
"""How long a child goes on without a listener: a browser comes back by itself within a few seconds."""
WAIT_S = 0.25
ROWS = 2000
"""Rows in one event at most."""


@dataclass
class LiveChild:
    """One child."""

    id: str
    video: str
    child: LiveInference
    listeners: int = 0
    left_s: float = field(default_factory=time.monotonic)


class LiveChildren:
    """The children of this server. Thread-safe; close it."""

    def __init__(self, downloads: Path) -> None:
        """``downloads``: the folder of runs, which keeps what is found until a video's cache is whole."""
        self._downloads = downloads
        self._all: dict[str, LiveChild] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._watching = False

    def start(self, one: Reviewed, weights: Weights, settings: DetectSettings, unsafe: bool) -> str:
        """Starts to infer a video and returns the id of its stream; another child of the same video ends."""
        from core.pipeline.review.live import LiveInference

        self.stop(one.id)
        run = one.run.run.path if one.run is not None else None
        child = LiveInference(one.video.info, weights.path, settings, run=run, downloads=self._downloads, unsafe=unsafe)
        live = LiveChild(secrets.token_urlsafe(16), one.id, child)
        with self._lock:
            self._all[live.id] = live
            surplus = sorted(self._all.values(), key=lambda each: each.left_s)[: max(0, len(self._all) - MOST)]
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="live-watch", daemon=True).start()
        for old in surplus:
            self._close(old)
        return live.id

    def at(self, live_id: Any, ordinal: int, rate: float, playing: bool, exact: bool) -> None:
        """Passes the play head on; nothing happens where there is no such child any more."""
        live = self._all.get(live_id) if isinstance(live_id, str) else None
        if live is not None:
            live.child.at(ordinal, rate, playing, exact)

    def names(self, live_id: Any) -> dict[int, str]:
        """Returns the class names of the model, as far as they are known."""
        live = self._all.get(live_id) if isinstance(live_id, str) else None
        return dict(enumerate(live.child.state.names)) if live else {}

    def stop(self, video_id: str) -> None:
        """Ends the children of a video; what they found stays in the folder of runs."""
        for live in [live for live in list(self._all.values()) if live.video == video_id]:
            self._close(live)

    def close(self) -> None:
        """Ends all of them."""
        self._ended.set()
        for live in list(self._all.values()):
            self._close(live)

    async def stream(self, request: Request) -> Response:
        """Answers with the events of a child."""
        live = self._all.get(request.path_params["live"])
        if live is None:
            return refusal(RequestError("this inference is not going on any more.", code="not_found"))
        number = request.headers.get("last-event-id", "")
        start = int(number) if number.isdecimal() and len(number) < 12 else 0
        headers = FRESH | {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(live, start), media_type="text/event-stream", headers=headers)

    async def _events(self, live: LiveChild, number: int) -> AsyncIterator[str]:
        with self._lock:
            live.listeners += 1
        told: dict[str, Any] = {}
        try:
            while live.id in self._all:
                rows = await run_in_threadpool(_more, live.child, number)
                number += len(rows)
                state = dataclasses.asdict(live.child.state)
                news = {} if state == told else {"state": state}
                told = state
                if rows or news:
                    body = json.dumps(news)[1:-1]
                    comma = "," if body else ""
                    yield f'id: {number}\ndata: {{"rows":[{",".join(rows)}]{comma}{body}}}\n\n'
                if state["ended"] and not rows:
                    return
            yield f'id: {number}\ndata: {{"rows":[],"over":true}}\n\n'  # else the browser would come back and ask
        finally:
            with anyio.CancelScope(shield=True), self._lock:
                live.listeners -= 1
                live.left_s = time.monotonic()

    def _watch(self) -> None:
        while not self._ended.wait(1.0):
            now = time.monotonic()
            for live in list(self._all.values()):
                if live.listeners == 0 and now - live.left_s > PATIENCE_S:
                    self._close(live)

    def _close(self, live: LiveChild) -> None:
        with self._lock:
            known = self._all.pop(live.id, None)
        if known is not None:
            with contextlib.suppress(OSError):
                known.child.close()


def _more(child: LiveInference, number: int) -> list[str]:
    """Waits a little for rows from this number on, and takes all that are there."""
    found = []
    for _, text in child.rows(number, wait_s=WAIT_S):
        found.append(text)
        break
    if found:
        for _, text in child.rows(number + 1, wait_s=0.0):
            found.append(text)
            if len(found) >= ROWS:
                break
    return found


def checked_rate(value: Any) -> float:
    """Returns a speed of playing. Raises ``SettingsError`` for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 64:
        raise SettingsError("a speed from 0 to 64 is wanted.", field="speed")
    return float(value)
