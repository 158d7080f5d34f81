"""Sample windows for the page: each look is a child (``pipeline.patches.preview``), watched until it ends.

A look is known by an id that cannot be guessed; a new one of the same browser ends the one before. Nothing is written.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import log
from core.child import ChildProcess, command_of, error_of
from core.errors import FramesieveError, RequestError, SourceError

COMMAND = command_of("core.pipeline.patches.preview")
REMEMBERED = 16
"""Looks that can still be read."""
EVERY_S = 0.2
LOOKING, DONE, FAILED, CANCELLED = "looking", "done", "failed", "cancelled"


@dataclass
class Look:
    """One look; ``tiles`` grow while it goes on."""

    id: str
    owner: str
    state: str = LOOKING
    error: FramesieveError | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """``planned``, ``done`` of ``of`` windows, ``estimate``."""
    tiles: list[dict[str, Any]] = field(default_factory=list)
    strips: list[bytes | None] = field(default_factory=list)
    """Of each tile its seven pictures side by side, JPEG; ``None`` where a frame cannot be decoded."""
    stop: threading.Event = field(default_factory=threading.Event)
    child: ChildProcess | None = None

    def told(self) -> dict[str, Any]:
        """Returns plain JSON values."""
        error = None if self.error is None else self.error.to_mapping()
        return {"id": self.id, "state": self.state, "wrong": error, "tiles": list(self.tiles), **self.facts}


class PatchLooks:
    """All looks of this server. Thread-safe; close it."""

    def __init__(self) -> None:
        self._all: OrderedDict[str, Look] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, values: Mapping[str, Any], out: Path, owner: str) -> str:
        """Begins to look at a configuration whose patches would go to ``out``; returns the id of the look."""
        look = Look(secrets.token_urlsafe(16), owner)
        with self._lock:
            for other in self._all.values():
                if other.owner == owner:
                    _end(other)
            self._all[look.id] = look
            while len(self._all) > REMEMBERED:
                _end(self._all.popitem(last=False)[1])
        request = {"values": dict(values), "out": str(out)}
        threading.Thread(target=_guarded, args=(look, request), name="patch-look", daemon=True).start()
        return look.id

    def get(self, look_id: str) -> Look:
        """Returns a look. Raises ``RequestError`` for an unknown id."""
        found = self._all.get(look_id)
        if found is None:
            raise RequestError("these sample windows are not known any more; preview again.", code="not_found")
        return found

    def cancel(self, look_id: str) -> None:
        """Ends a look and its child; one that is over stays as it is."""
        _end(self.get(look_id))

    def close(self) -> None:
        """Ends all of them."""
        for look in list(self._all.values()):
            _end(look)


def _guarded(look: Look, request: Mapping[str, Any]) -> None:
    try:
        _watch(look, request)
    except FramesieveError as error:
        look.error = error
    except Exception as error:
        log.get().exception("a look at sample windows failed")
        look.error = FramesieveError(f"no sample windows could be made ({error}); try again.", code="internal")
    state = DONE if look.error is None else FAILED
    look.state = CANCELLED if look.stop.is_set() else state


def _watch(look: Look, request: Mapping[str, Any]) -> None:
    with ChildProcess(request, COMMAND) as child:
        look.child = child
        for event in child.events_or_silence(EVERY_S):
            if look.stop.is_set():
                child.kill()
            elif event is not None:
                _take(look, event)
        if child.reap() and not look.stop.is_set():
            sentence = "a video could not be read to its end; it is damaged, or no video."
            raise SourceError(sentence, code="child_died")


def _take(look: Look, event: dict[str, Any]) -> None:
    if "error" in event:
        raise error_of(event)
    tile = event.pop("tile", None)
    if tile is not None:
        strip = tile.pop("strip")
        look.strips.append(None if strip is None else base64.b64decode(strip))
        look.tiles.append(tile | {"seen": strip is not None})
    look.facts = look.facts | event


def _end(look: Look) -> None:
    look.stop.set()
    if look.child is not None:
        look.child.kill()
