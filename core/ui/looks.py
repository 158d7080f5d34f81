"""What a source is, found out in the background: files by a child (``pipeline.look``), addresses by asking their site.

Asking a site is a connection to the outside: only ``at_address`` does it, when a person has said so.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import log
from core.child import ChildProcess, command_of, error_of
from core.errors import FramesieveError, SourceError
from core.settings.fetch import FetchSettings
from core.step import Stopped

MOST_GOING_ON = 8
"""Inspections at once, each a process; of more the oldest is given up: the page shows the newest only."""
REMEMBERED = 64
"""Inspections that can still be read."""
PATIENCE_S = 600.0
"""Counting the frames of a very long file on a slow disk takes minutes."""
EVERY_S = 0.2
"""How often an inspection that says nothing is asked whether it is given up."""
COMMAND = command_of("core.pipeline.look")


@dataclass
class Inspection:
    """One inspection: ``facts`` grow while it goes on. ``state``: looking, done, failed or cancelled."""

    id: str
    state: str = "looking"
    error: FramesieveError | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    poster: bytes | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    child: ChildProcess | None = None


class Inspections:
    """All inspections of this process. Thread-safe."""

    def __init__(self) -> None:
        self._all: OrderedDict[str, Inspection] = OrderedDict()
        self._lock = threading.Lock()

    def at_file(self, path: Path, stream: int | None = None) -> Inspection:
        """Begins to look at a file that may be read: at one of its video streams, or the film."""
        return self._begin(lambda inspection: _inspect_file(inspection, path, stream))

    def at_address(self, url: str, settings: FetchSettings) -> Inspection:
        """Begins to ask the site of an address what is there; downloads nothing."""
        return self._begin(lambda inspection: _ask_site(inspection, url, settings))

    def get(self, inspection_id: str) -> Inspection:
        """Returns an inspection. Raises ``SourceError`` for an unknown id."""
        found = self._all.get(inspection_id)
        if found is None:
            raise SourceError("this source is not known any more; paste it again.", code="forgotten")
        return found

    def cancel(self, inspection_id: str) -> None:
        """Ends an inspection and its child; one that is over stays as it is."""
        _end(self.get(inspection_id))

    def close(self) -> None:
        """Ends all of them."""
        for inspection in list(self._all.values()):
            _end(inspection)

    def _begin(self, work: Callable[[Inspection], None]) -> Inspection:
        inspection = Inspection(secrets.token_urlsafe(16))
        with self._lock:
            self._all[inspection.id] = inspection
            while len(self._all) > REMEMBERED:
                _end(self._all.popitem(last=False)[1])
            going_on = [one for one in self._all.values() if one.state == "looking" and not one.stop.is_set()]
            for old in going_on[:-MOST_GOING_ON]:
                _end(old)
        threading.Thread(target=_guarded, args=(inspection, work), name="look", daemon=True).start()
        return inspection


def _guarded(inspection: Inspection, work: Callable[[Inspection], None]) -> None:
    try:
        work(inspection)
    except FramesieveError as error:
        inspection.error = error
    except Exception as error:
        log.get().exception("a look failed")
        inspection.error = FramesieveError(f"the source could not be looked at ({error}); try again.", code="internal")
    state = "done" if inspection.error is None else "failed"
    inspection.state = "cancelled" if inspection.stop.is_set() else state


def _inspect_file(inspection: Inspection, path: Path, stream: int | None) -> None:
    give_up = time.monotonic() + PATIENCE_S
    with ChildProcess({"path": str(path), "stream": stream}, COMMAND) as child:
        inspection.child = child
        for event in child.events_or_silence(EVERY_S):
            if inspection.stop.is_set() or time.monotonic() > give_up:
                child.kill()
            elif event is not None:
                _take(inspection, event)
        if child.reap() and not inspection.stop.is_set():
            sentence = f"{path.name} could not be read to its end; it is damaged, or no video."
            raise SourceError(sentence, code="child_died")


def _take(inspection: Inspection, event: dict[str, Any]) -> None:
    if "error" in event:
        raise error_of(event)
    if "poster" in event:
        inspection.poster = base64.b64decode(event["poster"])
    else:
        inspection.facts = inspection.facts | event


def _ask_site(inspection: Inspection, url: str, settings: FetchSettings) -> None:
    from core.video.web.download import inspect_url

    with contextlib.suppress(Stopped):
        found = inspect_url(url, settings, timeout_s=PATIENCE_S, stopped=inspection.stop.is_set)
        inspection.facts = dataclasses.asdict(found)


def _end(inspection: Inspection) -> None:
    inspection.stop.set()
    if inspection.child is not None:
        inspection.child.kill()
