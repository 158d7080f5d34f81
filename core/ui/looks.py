"""What a source is, found out in the background: files by a child (``pipeline.look``), addresses by asking their site.

Asking a site is a connection to the outside: only ``at_address`` does it, when a person has said so.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import inside, log
from core.config import FetchSettings
from core.errors import FramesieveError, SourceError
from core.job_process import kill_tree

MOST_GOING_ON = 8
"""Looks at once, each a process; of more the oldest is given up: the page shows the newest only."""
REMEMBERED = 64
"""Looks that can still be read."""
PATIENCE_S = 600.0
"""Counting the frames of a very long file on a slow disk takes minutes."""
PACKAGES = str(Path(__file__).resolve().parents[2])


@dataclass
class Look:
    """One look: ``facts`` grow while it goes on. ``state``: looking, done, failed or cancelled."""

    id: str
    state: str = "looking"
    error: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    poster: bytes | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    child: subprocess.Popen[bytes] | None = None


class Looks:
    """All looks of this process. Thread-safe."""

    def __init__(self) -> None:
        self._all: OrderedDict[str, Look] = OrderedDict()
        self._lock = threading.Lock()

    def at_file(self, path: Path, stream: int | None = None) -> Look:
        """Begins to look at a file that may be read: at one of its video streams, or the film."""
        return self._begin(lambda look: _look_at_file(look, path, stream))

    def at_address(self, url: str, settings: FetchSettings) -> Look:
        """Begins to ask the site of an address what is there; downloads nothing."""
        return self._begin(lambda look: _ask_site(look, url, settings))

    def get(self, look_id: str) -> Look:
        """Returns a look. Raises ``SourceError`` for an unknown id."""
        found = self._all.get(look_id)
        if found is None:
            raise SourceError("this source is not known any more; paste it again.")
        return found

    def cancel(self, look_id: str) -> None:
        """Ends a look and its child; one that is over stays as it is."""
        _end(self.get(look_id))

    def close(self) -> None:
        """Ends all of them."""
        for look in list(self._all.values()):
            _end(look)

    def _begin(self, work: Callable[[Look], None]) -> Look:
        look = Look(secrets.token_urlsafe(16))
        with self._lock:
            self._all[look.id] = look
            while len(self._all) > REMEMBERED:
                _end(self._all.popitem(last=False)[1])
            going_on = [one for one in self._all.values() if one.state == "looking" and not one.stop.is_set()]
            for old in going_on[:-MOST_GOING_ON]:
                _end(old)
        threading.Thread(target=_guarded, args=(look, work), name="look", daemon=True).start()
        return look


def _guarded(look: Look, work: Callable[[Look], None]) -> None:
    state, error = "done", None
    try:
        work(look)
    except FramesieveError as found:
        state, error = "failed", str(found)
    except Exception as found:
        log.get().exception("a look failed")
        state, error = "failed", f"the source could not be looked at ({found}); try again."
    look.error = error
    look.state = "cancelled" if look.stop.is_set() else state


def _look_at_file(look: Look, path: Path, stream: int | None) -> None:
    surroundings = {"PYTHONPATH": os.pathsep.join([PACKAGES, *filter(None, [os.environ.get("PYTHONPATH")])])}
    argv = [sys.executable, "-P", "-m", "core.pipeline.look", str(path), "-" if stream is None else str(stream)]
    argv += map(str, inside.confined_to() or ())
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | surroundings,
        start_new_session=True,
    ) as child:
        look.child = child
        timer = threading.Timer(PATIENCE_S, kill_tree, (child.pid,))
        timer.start()
        try:
            if look.stop.is_set():
                kill_tree(child.pid)
            assert child.stdout is not None
            for line in child.stdout:
                _take(look, json.loads(line))
        finally:
            timer.cancel()
            look.child = None
            if child.poll() is None:
                kill_tree(child.pid)
    if child.returncode and not look.stop.is_set():
        raise SourceError(f"{path.name} could not be read to its end; it is damaged, or no video.")


def _take(look: Look, event: dict[str, Any]) -> None:
    if "error" in event:
        raise SourceError(str(event["error"]))
    if "poster" in event:
        look.poster = base64.b64decode(event["poster"])
    else:
        look.facts = look.facts | event


def _ask_site(look: Look, url: str, settings: FetchSettings) -> None:
    from core.video.download import inspecting

    give_up = time.monotonic() + PATIENCE_S
    with closing(inspecting(url, settings)) as steps:
        while not look.stop.is_set():
            try:
                next(steps)
            except StopIteration as end:
                look.facts = dataclasses.asdict(end.value)
                return
            if time.monotonic() > give_up:
                raise SourceError(f"{url}: no answer; check the network connection and try again.")


def _end(look: Look) -> None:
    look.stop.set()
    child = look.child
    if child is not None and child.poll() is None:
        with contextlib.suppress(OSError):
            kill_tree(child.pid)
