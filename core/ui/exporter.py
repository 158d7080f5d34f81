"""Exports for the page, run as jobs; ``Exporter`` is what the routes know of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.errors import ERROR_KEYS, JobError, RunError, SelectionChanged, error_keys
from core.jobs.state import INTERRUPTED, JobState
from core.settings.filter import FilterSettings
from core.store.run import RunDir
from core.ui import owner
from core.ui.verbs import Verbs


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
    wrong: Mapping[str, Any] = field(default_factory=lambda: error_keys(None))
    """``ERROR_KEYS`` with what went wrong, when ``state`` is failed."""


class Exporter(Protocol):
    """Starts exports and tells how they go. Thread-safe; nothing here waits for an export."""

    def start(
        self,
        run: RunDir,
        filters: FilterSettings,
        owner: str,
        *,
        digest: str | None = None,
        dest: Any = None,
        settings: Any = None,
    ) -> tuple[str, Path]:
        """Starts the export of what ``filters`` keep; returns the id of its job and the folder that it will make.

        Args:
            run: the run.
            filters: what is kept.
            owner: whose job it is, see ``owner``.
            digest: of the selection that was shown: the export fails unless it is this one.
            dest: the folder to make, a name beside the run or a path; ``None``: a new one beside the run.
            settings: those of ``ExportSettings`` as plain JSON values; ``None``: the defaults.

        Raises:
            RunBusy: an export of this run is going on.
            SettingsError: a wrong setting, or ``dest`` is no text, or lies outside the allowed folders.
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


class JobExporter:
    """Exports as jobs: they survive a reload, wait their turn, and are seen in the job bar."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs
        self._last: dict[tuple[str, Path], str] = {}

    def start(
        self,
        run: RunDir,
        filters: FilterSettings,
        owner: str,
        *,
        digest: str | None = None,
        dest: Any = None,
        settings: Any = None,
    ) -> tuple[str, Path]:
        """See ``Exporter``."""
        job, folder = self._verbs.export(run, filters, owner, digest=digest, dest=dest, settings=settings)
        self._last[owner, run.path] = job
        return job, folder

    def status(self, export_id: str) -> ExportStatus:
        """See ``Exporter``. It changes nothing: what a killed export left is swept away when it ends, see ``Verbs``."""
        try:
            state = self._verbs.queue.snapshot(export_id)
        except JobError:
            state = None
        if state is None or state.verb != "export" or state.run is None:
            raise RunError(
                "this export is not known any more; look into the folder of runs, or export again.", code="forgotten"
            )
        return _status(state, Path(state.run), self._verbs.exported(state))

    def cancel(self, export_id: str) -> ExportStatus:
        """See ``Exporter``."""
        self.status(export_id)
        self._verbs.queue.cancel(export_id)
        return self.status(export_id)

    def last_of(self, run: RunDir) -> ExportStatus | None:
        """See ``Exporter``; people see their own exports only."""
        job = self._last.get((owner.current(), run.path))
        return None if job is None else self.status(job)


def _status(state: JobState, run: Path, folder: Path | None) -> ExportStatus:
    """An export that was interrupted left nothing behind: for the page it was cancelled."""
    done, shown = state.state == "done", "cancelled" if state.state == INTERRUPTED else state.state
    wrong = {name: getattr(state, name) for name in ERROR_KEYS}
    if done and folder is None:
        sentence = "what this export says it made is no export in the allowed folders; export again."
        shown, wrong = "failed", error_keys(RunError(sentence, code="not_allowed"))
    kept = state.result.get("kept", 0) if done else state.done
    kept = kept if type(kept) is int and kept >= 0 else 0
    total = kept if done else state.total or 0
    return ExportStatus(state.id, run, shown, kept, total, folder=folder if done else None, wrong=wrong)


def check_digest(ours: str, shown: str) -> None:
    """Raises ``SelectionChanged`` unless the selection is the one that the page shows."""
    if ours != shown:
        raise SelectionChanged(
            "the selection on the page is not what these filters keep now: the run has changed since the page was "
            "opened. Reload the page, look again, then export."
        )
