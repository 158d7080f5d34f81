"""``<run>/jobs/<id>.jsonl``: what a job did, written by its child process, read by whoever comes later.

The first line names the job, every later one changes its state (``core.jobs.state``). While the child lives it holds
the lock of ``<id>.lock`` beside the file, so that a job without an end whose lock is free was interrupted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import portalocker

from core import files, inside
from core.errors import StorageError
from core.jobs.state import CANCELLED, INTERRUPTED, RUNNING, JobState, from_head
from core.store import jsonl
from core.store.run import RunDir

JOB_ID = re.compile(r"[0-9a-f]{16,64}")
PATIENCE_S = 0.2
MOST_BYTES = 4_000_000
"""Of a line, or of lines, that are read at once."""
TAIL_BYTES = 32_768
"""Read from the end of a job file: the last state is within, whatever the job's length."""


class JobLog:
    """The file of one job, open for appending by the child that runs it. Used with ``with``."""

    def __init__(self, run: RunDir, job_id: str) -> None:
        self.folder = run.path.absolute()
        """The run folder."""
        self._path = run.job(job_id)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> JobLog:
        """Raises ``StorageError`` when the folder cannot be written or has no locks, or another child has the job."""
        with contextlib.ExitStack() as stack:
            files.make_folder(self._path.parent)
            stack.enter_context(_held(_lock_of(self._path)))
            self._appender = stack.enter_context(jsonl.Appender(self._path))
            self._stack = stack.pop_all()
        return self

    def append(self, event: Mapping[str, Any]) -> None:
        """Writes one event; it survives a killed process. Raises ``StorageError`` when the disk is full."""
        self._appender.append([event])

    def remove(self) -> None:
        """Closes and deletes it, and its folders where nothing else is in them: the job has found another place."""
        self._stack.close()
        with contextlib.suppress(OSError):
            self._path.unlink()
            self._path.parent.rmdir()
            self.folder.rmdir()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()


class JobArchive:
    """The jobs of all runs below some folders of runs."""

    def __init__(self, *roots: Path) -> None:
        self._roots = [Path(root) for root in roots]

    def jobs(self) -> Iterator[JobState]:
        """Yields every job that has a readable file; one whose child is gone without a word is ``interrupted``."""
        for path in self._paths("*"):
            state = read_job(path)
            if state is not None:
                yield state

    def read(self, job_id: str) -> JobState | None:
        """Returns one of them, ``None`` when there is none of this id."""
        if not JOB_ID.fullmatch(job_id):
            return None
        return next(filter(None, map(read_job, self._paths(job_id))), None)

    def append(self, run: Path, job_id: str, event: Mapping[str, Any]) -> None:
        """Adds the last event for a child that died without one; nothing where it had no file yet."""
        path = RunDir(run).job(job_id)
        if path.exists() and not _alive(path):
            jsonl.append(path, [event])

    def _paths(self, name: str) -> Iterator[Path]:
        for root in self._roots:
            for path in sorted(root.glob(f"*/jobs/{name}.jsonl")):
                if inside.is_file_in(path, (root,)) and not path.parents[1].is_symlink():
                    yield path


def waiting_name(job_id: str) -> str:
    """Returns the name of the folder in which the file of a job lies while it has no run yet; hidden, no run."""
    return f".job-{job_id[:16]}"


def read_job(path: Path) -> JobState | None:
    """Returns the last state in a job file, ``None`` when it is not one."""
    alive = _alive(path)  # before reading: a child that ends in between has written its end
    try:
        with inside.open_in(path, (path.parents[1],)) as file:
            head = from_head(jsonl.parsed(file.readline(MOST_BYTES)) or {})
            start = file.tell()
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start, size - TAIL_BYTES))
            events = _events(file)
            if not events:  # one event longer than the tail
                file.seek(max(start, size - MOST_BYTES))
                events = _events(file)
    except OSError:
        return None
    if head is None or head.id != path.stem or not JOB_ID.fullmatch(head.id):
        return None
    state = head
    for event in events:
        again = from_head(event)  # the job was resumed: its earlier error and counts are of the past
        if again is None:
            state = state.after(event)
        else:
            state = dataclasses.replace(again, log=state.log, notices=state.notices)
    state = dataclasses.replace(state, run=str(path.parent.parent))
    if alive or state.ended:
        return state if state.ended else dataclasses.replace(state, state=RUNNING)
    return dataclasses.replace(state, state=CANCELLED if state.cancelling else INTERRUPTED, cancelling=False)


def _events(file: BinaryIO) -> list[dict[str, Any]]:
    lines = file.read(MOST_BYTES).splitlines(keepends=True)
    return [event for line in lines if (event := jsonl.parsed(line))]


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _alive(path: Path) -> bool:
    """Whether the child that writes the file lives."""
    try:
        with open(_lock_of(path), "r+b", opener=_no_link) as file:
            portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            portalocker.unlock(file)
    except portalocker.AlreadyLocked:
        return True
    except (OSError, portalocker.LockException):
        return False
    return False


@contextlib.contextmanager
def _held(lock: Path) -> Iterator[None]:
    """Holds the lock; who asks whether the child lives has it for an instant, hence the patience."""
    try:
        with (
            files.storage_errors(lock),
            portalocker.Lock(lock, "ab", timeout=PATIENCE_S, check_interval=PATIENCE_S / 10),
        ):
            yield
            with contextlib.suppress(OSError):  # Windows keeps it until it is closed; a free lock says the same
                lock.unlink()
    except portalocker.LockException as error:
        raise StorageError(
            f"{lock} cannot be locked ({error}); another process may run the same job.", code="cannot_lock"
        ) from error
