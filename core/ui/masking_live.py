"""The children that answer clicks: one masker at a time, which ends when nobody clicked for a while.

Not here: what a child does (``pipeline.masks.click_main``), the routes (``masking_routes``).
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.pipeline.masks.click import ClickMasker

MOST = 2
"""Children at once; each holds a network in memory."""
IDLE_S = 300.0
"""How long a child waits for a click: a network is not loaded anew after each pause for thought."""
LOOK_S = 5.0


@dataclass
class _Child:
    masker: ClickMasker
    asked_s: float = field(default_factory=time.monotonic)
    busy: int = 0


class ClickChildren:
    """The children of this server. Thread-safe; close it."""

    def __init__(self) -> None:
        self._all: dict[str, _Child] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._watching = False

    def ask(
        self, weights: Path | None, settings: Mapping[str, Any], unsafe: bool, message: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Returns the answer of the child with this masker, which is started where there is none.

        Args:
            weights: of the masker.
            settings: ``MaskSettings`` as plain JSON values.
            unsafe: load weights that may run code, in the child alone.
            message: as ``ClickMasker.ask``.

        Raises:
            FramesieveError: what is wrong.
        """
        child = self._child(weights, settings, unsafe)
        try:
            return child.masker.ask(message)
        finally:
            with self._lock:
                child.busy -= 1
                child.asked_s = time.monotonic()

    def rest(self) -> None:
        """Ends all children that answer nothing now: a job wants the memory."""
        for name, child in list(self._all.items()):
            if not child.busy:
                self._close(name)

    def close(self) -> None:
        """Ends all of them."""
        self._ended.set()
        for name in list(self._all):
            self._close(name)

    def _child(self, weights: Path | None, settings: Mapping[str, Any], unsafe: bool) -> _Child:
        from core.pipeline.masks.click import ClickMasker

        name = json.dumps([str(weights), dict(settings), unsafe, _stamp(weights)], sort_keys=True)
        with self._lock:
            child = self._all.get(name)
            if child is None or child.masker.ended:
                child = self._all[name] = _Child(ClickMasker(weights, settings, unsafe=unsafe))
            child.busy += 1
            surplus = sorted((one.asked_s, key) for key, one in self._all.items() if not one.busy)
            surplus = surplus[: max(0, len(self._all) - MOST)]
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="click-watch", daemon=True).start()
        for _, key in surplus:
            self._close(key)
        return child

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_S):
            now = time.monotonic()
            for name, child in list(self._all.items()):
                if not child.busy and now - child.asked_s > IDLE_S:
                    self._close(name)

    def _close(self, name: str) -> None:
        with self._lock:
            child = self._all.pop(name, None)
        if child is not None:
            with contextlib.suppress(OSError):
                child.masker.close()


def _stamp(weights: Path | None) -> list[int]:
    """Other weights under the same name are another masker."""
    if weights is None:
        return []
    try:
        found = weights.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]
