"""Runs exports for the page. ``Exporter`` is the seam: the jobs engine takes the place of ``ThreadExporter``."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from core import log
from core.config import FilterSettings
from core.errors import FramesieveError, RunBusy, RunError
from core.store.run import RunDir


@dataclass(frozen=True)
class ExportStatus:
    """How far an export is. ``state``: queued, running, done, failed or cancelled."""

    id: str
    run: Path
    state: str
    done: int
    total: int
    seconds: float = 0.0
    folder: Path | None = None
    """Where the frames are, once ``state`` is done."""
    error: str | None = None
    """One sentence, when ``state`` is failed."""


class Exporter(Protocol):
    """Starts exports and tells how they go. Thread-safe; nothing here waits for an export."""

    def start(self, run: RunDir, filters: FilterSettings, digest: str) -> ExportStatus:
        """Starts the export of what ``filters`` keep; it fails unless their digest is this one.

        Raises:
            RunBusy: an export of this run is going on.
        """
        ...

    def status(self, export_id: str) -> ExportStatus:
        """Returns how far it is. Raises ``RunError`` for an unknown id."""
        ...

    def cancel(self, export_id: str) -> ExportStatus:
        """Asks it to stop; within a second its state is cancelled and nothing of it is left on disk."""
        ...

    def last_of(self, run: RunDir) -> ExportStatus | None:
        """Returns the export of a run that was started last, so that a reloaded page finds it again."""
        ...


class ThreadExporter:
    """Exports in threads of this process."""

    def __init__(self) -> None:
        self._all: dict[str, ExportStatus] = {}
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def start(self, run: RunDir, filters: FilterSettings, digest: str) -> ExportStatus:
        """See ``Exporter``."""
        with self._lock:
            if any(e.run == run.path and e.state == "running" for e in self._all.values()):
                raise RunBusy("this run is being exported; wait for it or cancel it.")
            status = ExportStatus(secrets.token_urlsafe(16), run.path, "running", 0, 0)
            self._all[status.id] = status
            self._stops[status.id] = threading.Event()
        work = threading.Thread(
            target=self._work, args=(status.id, run, filters, digest), name=f"export-{run.path.name}", daemon=True
        )
        work.start()
        return status

    def status(self, export_id: str) -> ExportStatus:
        """See ``Exporter``."""
        found = self._all.get(export_id)
        if found is None:
            raise RunError("this export is not known any more; look into the folder of runs, or export again.")
        return found

    def cancel(self, export_id: str) -> ExportStatus:
        """See ``Exporter``."""
        status = self.status(export_id)
        self._stops[export_id].set()
        return status

    def last_of(self, run: RunDir) -> ExportStatus | None:
        """See ``Exporter``."""
        return next((e for e in reversed(list(self._all.values())) if e.run == run.path), None)

    def _work(self, export_id: str, run: RunDir, filters: FilterSettings, digest: str) -> None:
        try:
            self._export(export_id, run, filters, digest)
        except FramesieveError as error:
            self._update(export_id, state="failed", error=str(error))
        except Exception as error:
            log.get().exception("export failed")
            self._update(export_id, state="failed", error=f"the export failed unexpectedly ({error}); see the log.")

    def _export(self, export_id: str, run: RunDir, filters: FilterSettings, digest: str) -> None:
        from core.pipeline.export import chosen_by, export

        started = time.perf_counter()
        chosen = chosen_by(run.path, filters)
        check_digest(chosen.digest, digest)
        self._update(export_id, total=len(chosen.kept))
        steps = export(chosen)
        done = 0
        with closing(steps):
            while not self._stops[export_id].is_set():
                try:
                    next(steps)
                except StopIteration as end:
                    self._update(export_id, state="done", folder=end.value, seconds=time.perf_counter() - started)
                    return
                done += 1
                self._update(export_id, done=done, seconds=time.perf_counter() - started)
        self._update(export_id, state="cancelled")

    def _update(self, export_id: str, **changes: object) -> None:
        with self._lock:
            self._all[export_id] = replace(self._all[export_id], **changes)  # type: ignore[arg-type]


def check_digest(ours: str, shown: str) -> None:
    """Raises ``RunError`` unless the selection is the one that the page shows."""
    if ours != shown:
        raise RunError(
            "the selection on the page is not what these filters keep now: the run has changed since the page was "
            "opened. Reload the page, look again, then export."
        )
