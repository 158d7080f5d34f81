"""Length, size and a small picture of files in a list, found out in the background by children, two at most.

Not here: which files may be looked at (``files``), and what a source really is (``looks``).
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import log
from core.child import ChildProcess, command_of

MOST_CHILDREN = 2
"""At once, each one file at a time."""
REMEMBERED = 2000
"""Files; a picture has about 5 kB."""
MOST_WAITING = 60
"""Of more the oldest wishes are dropped: they were scrolled out of sight, or come again."""
PATIENCE_S = 10.0
"""For one file."""
IDLE_S = 20.0
"""After which a child that has nothing to do is ended."""
EVERY_S = 0.1
COMMAND = command_of("core.pipeline.glances")

Key = tuple[str, int, int]


@dataclass
class Seen:
    """What is known of one file. ``state``: looking, done or failed."""

    state: str = "looking"
    facts: dict[str, Any] = field(default_factory=dict)
    poster: str | None = None
    """Id of the picture."""


class Glances:
    """All glances of this process, remembered by path, size and time of the file. Thread-safe."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Key, Seen] = OrderedDict()
        self._posters: dict[str, bytes] = {}
        self._waiting: OrderedDict[Key, str] = OrderedDict()
        self._looked_at: set[Key] = set()
        self._children: set[ChildProcess] = set()
        self._workers = 0
        self._closed = False
        self._changed = threading.Condition()

    def at(self, path: Path, kind: str) -> Seen:
        """Returns what is known of a file, and begins to look where nothing is. Waits for nothing.

        Args:
            path: a file that may be read.
            kind: ``"video"`` or ``"photo"``.
        """
        from core.video.probe import file_state

        key = (str(path), *file_state(path))
        with self._changed:
            known = self._seen.get(key)
            if known is not None:
                self._seen.move_to_end(key)
                return known
            if not self._closed and key not in self._looked_at:
                self._wish(key, kind)
        return Seen()

    def poster(self, poster_id: str) -> bytes | None:
        """Returns a picture as JPEG, ``None`` for an unknown id."""
        return self._posters.get(poster_id)

    def close(self) -> None:
        """Ends all children."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            for child in self._children:
                child.kill()
            self._changed.notify_all()

    def _wish(self, key: Key, kind: str) -> None:
        self._waiting[key] = kind
        self._waiting.move_to_end(key)
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
        if self._workers < MOST_CHILDREN:
            self._workers += 1
            threading.Thread(target=self._work, name="glances", daemon=True).start()
        self._changed.notify()

    def _work(self) -> None:
        """One worker: has a child while there is something to do, the newest wish first."""
        with contextlib.ExitStack() as stack:
            child: _Looker | None = None
            while (wish := self._next()) is not None:
                key, kind = wish
                facts = None
                with contextlib.suppress(OSError):
                    child = child or stack.enter_context(self._looker())
                    facts = child.ask(key[0], kind)
                if facts is None and child is not None:  # it died of the file, or of none
                    stack.close()
                    child = None
                self._keep(key, facts)

    def _next(self) -> tuple[Key, str] | None:
        """The newest wish; ``None`` when none came for a while, and the worker is not counted any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, IDLE_S)
            if not self._waiting:
                self._workers -= 1
                return None
            wish = self._waiting.popitem()
            self._looked_at.add(wish[0])
            return wish

    def _keep(self, key: Key, facts: dict[str, Any] | None) -> None:
        with self._changed:
            self._looked_at.discard(key)
            self._seen[key] = self._told(facts)
            while len(self._seen) > REMEMBERED:
                gone = self._seen.popitem(last=False)[1]
                self._posters.pop(gone.poster or "", None)

    def _told(self, facts: dict[str, Any] | None) -> Seen:
        if facts is None or "error" in facts:
            return Seen("failed")
        poster, poster_id = facts.pop("poster", None), None
        if poster is not None:
            poster_id = secrets.token_urlsafe(12)
            self._posters[poster_id] = base64.b64decode(poster)
        return Seen("done", facts, poster_id)

    @contextlib.contextmanager
    def _looker(self) -> Iterator[_Looker]:
        with ChildProcess({}, COMMAND) as child:
            with self._changed:
                self._children.add(child)
                if self._closed:
                    child.kill()
            try:
                yield _Looker(child)
            finally:
                with self._changed:
                    self._children.discard(child)


class _Looker:
    """A child that is asked one file after the other."""

    def __init__(self, child: ChildProcess) -> None:
        self._child = child
        self._events = child.events_or_silence(EVERY_S)

    def ask(self, path: str, kind: str) -> dict[str, Any] | None:
        """Returns its answer; ``None`` when it died or took too long."""
        self._child.say({"path": path, "kind": kind})
        give_up = time.monotonic() + PATIENCE_S
        for event in self._events:
            if event is not None:
                return event
            if time.monotonic() > give_up:
                log.get().info("no glance at %s within %d s", path, PATIENCE_S)
                return None
        return None
