"""What a verb tells of itself while it runs as a job: gathered here, sent to the parent and to the job's file.

Told at most five times a second; a last change never waits for the next one. Not here: the verbs, the pipes.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from core.errors import StorageError
from core.job_state import MAX_LINES, MAX_ROWS, MAX_THUMBS, RUNNING, FrameRow
from core.progress import Progress
from core.records import FrameRecord
from core.store.job_log import JobLog, waiting_name
from core.store.run import RunDir, thumb_name

EVERY_S = 0.2


class Report:
    """The state of the one job of this process. Any thread may call it; only ``tell`` and ``end`` write."""

    def __init__(self, head: Mapping[str, Any], send: Callable[[Mapping[str, Any]], None]) -> None:
        """Makes an empty report.

        Args:
            head: what names the job in its file: id, verb, arguments, owner, title, created_s, log_file.
            send: takes each event; must not raise.
        """
        self.result: dict[str, Any] = {}
        """Plain JSON values that the verb returns."""
        self._head, self._send = dict(head), send
        self._progress = Progress(None)
        self._plain: dict[str, Any] = {"state": RUNNING, "phase": "starting", "kept": 0, "dropped": {}}
        self._once: dict[str, Any] = {k: head[k] for k in ("log_file",) if k in head}
        self._rows: list[FrameRow] = []
        self._thumbs: list[str] = []
        self._lines: list[str] = []
        self._log: JobLog | None = None
        self._dirty, self._ended = True, False
        self._mine, self._writing = threading.Lock(), threading.RLock()
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="job-report", daemon=True)

    def __enter__(self) -> Report:
        self.tell()
        self._ticker.start()
        return self

    def __exit__(self, kind: object, error: object, at: object) -> None:
        self._stop.set()
        self._ticker.join()

    # --- for the verbs

    def open(self, run: RunDir) -> None:
        """Names the run folder: the job's file is there from now on, and no longer where it waited for its run."""
        with self._writing:
            self.set(run=str(run.path.absolute()))
            waited = self._log
            if waited is None or waited.folder != run.path.absolute():
                try:
                    opened = JobLog(run, self._head["id"]).__enter__()
                    opened.append(self._head)
                    self._log = opened
                except StorageError as error:
                    self.line(f"the job's file cannot be written ({error}); the job goes on without it.")
                else:
                    if waited is not None:
                        waited.remove()
        self.tell()

    def wait_for_run(self, downloads: Path) -> None:
        """Keeps the job's file in a hidden folder of its own until there is a run to ``open``."""
        if self._log is None:
            self.open(RunDir(downloads.absolute() / waiting_name(self._head["id"])))

    def phase(self, name: str, total: int | None = None, done: int = 0, unit: str = "frames") -> None:
        """Begins a phase of ``total`` items, of which an earlier start had done ``done``."""
        with self._mine:
            self._progress = Progress(total, done=done, skipped=done)
            self._plain |= {"phase": name, "unit": unit}
            self._lines.append(f"{time.strftime('%H:%M:%S')} {name}")
            self._dirty = True

    def at(self, done: int) -> None:
        """Says how many items of the phase are done."""
        with self._mine:
            self._progress.done = done
            self._dirty = True

    def frame(self, record: FrameRecord, thumb: bool = False) -> None:
        """Counts one record as done and shows it; ``thumb``: it has a preview."""
        with self._mine:
            status = self._count(record)
            self._progress.advance()
            self._rows.append(FrameRow(record.frame_number, status, record.quality_score, record.filename))
            if thumb and status == "kept":
                self._thumbs.append(thumb_name(record.frame_number))
            del self._rows[:-MAX_ROWS], self._thumbs[:-MAX_THUMBS]
            self._dirty = True

    def recorded(self, records: Iterable[FrameRecord]) -> None:
        """Sets the counts to those of records that an earlier start made."""
        with self._mine:
            self._plain |= {"kept": 0, "dropped": {}}
            for record in records:
                self._count(record)
            self._dirty = True

    def line(self, text: str) -> None:
        """Adds a line to the log that people see."""
        with self._mine:
            self._lines.append(f"{time.strftime('%H:%M:%S')} {text}")
            self._dirty = True

    # --- for the process

    def set(self, **values: Any) -> None:
        """Changes plain values of the state; they are told once."""
        with self._mine:
            self._once |= values
            self._dirty = True

    def tell(self) -> None:
        """Sends and writes what changed since the last time."""
        with self._writing:
            if self._dirty and not self._ended:
                self._write(self._event())

    def end(self, state: str, error: str | None = None, lasting: bool = False) -> None:
        """Tells the last event, to the file first. Only the first call counts; ``lasting`` as in ``JobState``."""
        with self._writing:
            if self._ended:
                return
            self.set(state=state, error=error, lasting=lasting, result=self.result, cancelling=False)
            event = self._event()
            self._ended = True
            self._write(event, last=True)

    def _write(self, event: Mapping[str, Any], last: bool = False) -> None:
        if self._log is not None:
            with contextlib.suppress(StorageError):  # a full disk ends the verb, with a better sentence
                self._log.append({k: v for k, v in event.items() if k not in ("rows", "thumbs") or last})
                if last:
                    self._log.__exit__(None, None, None)
        self._send(event)

    def _event(self) -> dict[str, Any]:
        with self._mine:
            progress = self._progress
            left = progress.seconds_left
            event = (
                self._plain
                | self._once
                | {
                    "at_s": round(time.time(), 3),
                    "done": progress.done,
                    "total": progress.total,
                    "frames_per_s": round(progress.per_second, 2),
                    "seconds_left": None if left is None else round(left, 1),
                    "dropped": dict(self._plain["dropped"]),
                    "rows": [list(row) for row in self._rows],
                    "thumbs": list(self._thumbs),
                    "log": self._lines[-MAX_LINES:],
                }
            )
            self._once, self._rows, self._thumbs, self._lines, self._dirty = {}, [], [], [], False
            return event

    def _count(self, record: FrameRecord) -> str:
        status = record.discard_reason or "kept"
        if record.error is not None:
            status = "error" if record.quality_score is None else "damaged"
        if status == "kept":
            self._plain["kept"] += 1
        else:
            self._plain["dropped"][status] = self._plain["dropped"].get(status, 0) + 1
        return status

    def _tick(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.tell()


class LinesOf(logging.Handler):
    """Shows the program's own messages to the person who watches the job, without tracebacks."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.INFO)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Adds the message as a line."""
        self._report.line(record.getMessage())
