"""What a verb tells of itself while it runs as a job: gathered here, sent to the parent and to the job's file.

Told at most five times a second; a last change never waits for the next one. Not here: the verbs, the pipes.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core import log
from core.errors import FramesieveError, StorageError
from core.jobs.archive import JobLog, waiting_name
from core.jobs.state import MAX_LINES, MAX_NOTICES, MAX_ROWS, MAX_THUMBS, RUNNING, FrameRow, last_event
from core.progress import Progress
from core.records import FrameRecord
from core.step import Notice, Step
from core.store.run import RunDir, thumb_name

EVERY_S = 0.2
KEPT = "kept"


class Report:
    """The state of the one job of this process. Any thread may call it; only ``send_changes`` and ``end`` write."""

    def __init__(self, head: Mapping[str, Any], send: Callable[[Mapping[str, Any]], None]) -> None:
        """Makes an empty report.

        Args:
            head: what names the job in its file: id, verb, arguments, owner, title, created_s, log_file.
            send: takes each event; must not raise.
        """
        self.result: dict[str, Any] = {}
        """Plain JSON values: what the verb returned, in brief."""
        self._head, self._send = dict(head), send
        self._progress = Progress(None)
        self._phase = ("", "")
        """Name and unit."""
        self._plain: dict[str, Any] = {"state": RUNNING, "phase": "starting", "kept": 0, "dropped": {}}
        self._once: dict[str, Any] = {k: head[k] for k in ("log_file",) if k in head}
        self._rows: list[FrameRow] = []
        self._thumbs: list[str] = []
        self._lines: list[str] = []
        self._notices: list[Notice] = []
        self._log: JobLog | None = None
        self._dirty, self._ended = True, False
        self._mine, self._writing = threading.Lock(), threading.RLock()
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="job-report", daemon=True)

    def __enter__(self) -> Report:
        self.send_changes()
        self._ticker.start()
        return self

    def __exit__(self, kind: object, error: object, at: object) -> None:
        self._stop.set()
        self._ticker.join()

    # --- for the verb

    def take(self, step: Step) -> None:
        """Takes in a step: the run that it opened, the phase, what is done, the durable item, notices."""
        if step.run is not None:
            self.open(RunDir(step.run))
        with self._mine:
            if (step.phase, step.unit) != self._phase or step.counts is not None:
                self._begin(step)
            self._progress.total, self._progress.done = step.total, step.done
            if isinstance(step.item, FrameRecord):
                self._show(step.item, step.preview)
            self._lines += [_stamped(notice.text) for notice in step.notices]
            self._notices += step.notices
            self._dirty = True

    def _begin(self, step: Step) -> None:
        """A phase begins, or begins anew; what an earlier start had done does not count for its rate."""
        if step.phase != self._phase[0]:
            self._lines.append(_stamped(step.phase))
        self._phase = (step.phase, step.unit)
        self._plain |= {"phase": step.phase, "unit": step.unit}
        self._progress = Progress(step.total, done=step.before, skipped=step.before, first=step.done)
        if step.counts is not None:
            dropped = {status: count for status, count in step.counts.items() if status != KEPT}
            self._plain |= {"kept": step.counts.get(KEPT, 0), "dropped": dropped}

    def _show(self, record: FrameRecord, preview: bool) -> None:
        status, dropped = record.status, self._plain["dropped"]
        if status == KEPT:
            self._plain["kept"] += 1
        else:
            dropped[status] = dropped.get(status, 0) + 1
        self._rows.append(FrameRow(record.frame_number, status, record.quality_score, record.filename))
        if preview and status == KEPT:
            self._thumbs.append(thumb_name(record.frame_number))
        del self._rows[:-MAX_ROWS], self._thumbs[:-MAX_THUMBS]

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
        self.send_changes()

    def wait_for_run(self, downloads: Path) -> None:
        """Keeps the job's file in a hidden folder of its own until there is a run to ``open``."""
        if self._log is None:
            self.open(RunDir(downloads.absolute() / waiting_name(self._head["id"])))

    def line(self, text: str) -> None:
        """Adds a line to the log that people see."""
        with self._mine:
            self._lines.append(_stamped(text))
            self._dirty = True

    def notice(self, notice: Notice) -> None:
        """Adds a line to the log that people see, and its code for the page."""
        with self._mine:
            self._notices.append(notice)
        self.line(notice.text)

    # --- for the process

    def set(self, **values: Any) -> None:
        """Changes plain values of the state; they are told once."""
        with self._mine:
            self._once |= values
            self._dirty = True

    def send_changes(self) -> None:
        """Sends and writes what changed since the last time."""
        with self._writing:
            if self._dirty and not self._ended:
                self._write(self._event())

    def end(self, state: str, error: FramesieveError | None = None) -> None:
        """Tells the last event, to the file first. Only the first call counts; ``error``: why it failed."""
        with self._writing:
            if self._ended:
                return
            self.set(**last_event(state, error), result=self.result, cancelling=False)
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
                    "notices": [one.to_mapping() for one in self._notices[-MAX_NOTICES:]],
                }
            )
            self._once, self._rows, self._thumbs, self._lines, self._dirty = {}, [], [], [], False
            self._notices = []
            return event

    def _tick(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.send_changes()


def _stamped(text: str) -> str:
    return f"{time.strftime('%H:%M:%S')} {text}"


class LinesOf(logging.Handler):
    """Shows the program's own messages to the person who watches the job, without tracebacks."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.INFO)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Adds the message as a line, with the code that it may have."""
        notice = log.notice_of(record)
        if notice is None:
            self._report.line(record.getMessage())
        else:
            self._report.notice(notice)
