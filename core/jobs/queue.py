"""The queue of jobs: each job is one verb in a child process of its own, so that a crash ends the job, never the page.

Not here: what a verb does (``core/pipeline/jobs/verbs.py``), the files of jobs (``core/jobs/archive.py``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeVar

from core import log
from core.child import GRACE_S, ChildProcess, ending
from core.errors import JobError, QueueFull, RunBusy, SettingsError
from core.jobs.state import CANCELLED, FAILED, INTERRUPTED, QUEUED, RUNNING, JobState, last_event

FOLLOW_S = 0.2
MOST_WAITING = 100
MOST_REMEMBERED = 5000
"""Jobs that are kept in memory, ended ones too."""
Result = TypeVar("Result")
LOOK_S = 0.2
"""How often the file of a job that another server runs is read again."""


class Archive(Protocol):
    """What earlier and other servers left of their jobs; ``archive.JobArchive`` reads the run folders."""

    def jobs(self) -> Iterable[JobState]:
        """Every job that has a file; one whose child is gone without a word is ``interrupted``."""

    def read(self, job_id: str) -> JobState | None:
        """One of them, read again."""

    def append(self, run: Path, job_id: str, event: Mapping[str, Any]) -> None:
        """Adds the last event for a child that died without one."""


class JobQueue:
    """Starts jobs in order, a limited number at a time, and knows the state of each. Safe to call from any thread.

    The children end with this process, however it ends. Use it with ``with``, or close it.
    """

    def __init__(self, archive: Archive | None = None, *, command: Sequence[str], parallel: int = 1) -> None:
        """Makes the queue and takes in what the archive knows.

        Args:
            archive: where jobs of earlier servers are found; without one, jobs are forgotten with this process.
            command: starts a child; ``core.pipeline.jobs.COMMAND`` for the verbs of this program.
            parallel: how many jobs run at once.
        """
        self._archive, self._parallel, self._command = archive, parallel, tuple(command)
        self._changed = threading.Condition()
        self._jobs: dict[str, _Job] = {}
        self._waiting: list[_Job] = []
        self._running: list[_Job] = []
        self._closed = False
        self.when_ended: Callable[[JobState], None] = lambda _: None
        """Called in the thread of a job, when nothing of it runs any more."""
        for state in archive.jobs() if archive else ():
            self._jobs[state.id] = _Job(state.numbered(), elsewhere=True)

    def start(
        self, verb: str, arguments: Mapping[str, Any], owner: str, run: Path | None = None, title: str = ""
    ) -> str:
        """Queues one verb and returns the id of its job.

        Args:
            verb: a key of ``pipeline.verbs.VERBS``.
            arguments: plain JSON values, see ``pipeline.verbs``; the child checks them.
            owner: who may find the job by listing.
            run: the folder it works in, where that is known; ``extract`` finds its own.
            title: for people; made from verb and source when empty.

        Raises:
            RunBusy: a job is queued or running in the same run, or with the same arguments.
            QueueFull: too many jobs wait.
            SettingsError: the arguments are not JSON.
        """
        state = JobState(
            id=secrets.token_hex(16),
            verb=verb,
            arguments=_plain(arguments),
            owner=owner,
            title=title or _title(verb, arguments),
            created_s=time.time(),
            run=None if run is None else str(run),
        )
        with self._changed:
            self._enter(_Job(state.numbered()))
        return state.id

    def resume(self, job_id: str) -> str:
        """Starts a failed, cancelled or interrupted job again, in its run and under its id, which is returned.

        Raises:
            JobError: no such job, or it is done. RunBusy: it is queued or running, or another job works in its run.
        """
        with self._changed:
            old = self._find(job_id).state
            if old.state in (QUEUED, RUNNING):
                raise RunBusy(
                    f"{old.title} is {old.state}; wait for it or cancel it.", code="job_active", state=old.state
                )
            if not old.resumable:
                why = f"it would fail again: {old.error}" if old.lasting else "there is nothing to resume."
                raise JobError(f"{old.title} is {old.state}; {why}", code="not_resumable", state=old.state)
            kept = ("id", "verb", "arguments", "owner", "title", "created_s", "run", "log", "notices", "version")
            again = JobState(**{name: getattr(old, name) for name in kept})
            self._enter(_Job(again.numbered(), resumed=True))
        return job_id

    def cancel(self, job_id: str) -> None:
        """Ends a queued or running job; within about a second nothing of it runs. An ended job stays as it is.

        Raises:
            JobError: no such job, or another server runs it.
        """
        with self._changed:
            job = self._find(job_id)
            if job.state.ended or job.state.cancelling:
                return
            if job.elsewhere:
                raise JobError(f"{job.state.title} runs under another server; cancel it there.", code="other_server")
            job.cancelling = True
            if job in self._waiting:
                self._waiting.remove(job)
                self._set(job, {"state": CANCELLED})
                return
            self._set(job, {"cancelling": True, "phase": "cancelling"})
            child = job.child
        if child is not None:
            child.ask_to_stop()

    def snapshot(self, job_id: str) -> JobState:
        """Returns the state of a job, at most 0.3 s old. Raises ``JobError`` when there is no such job."""
        with self._changed:
            job = self._find(job_id)
            ahead = self._waiting.index(job) + len(self._running) if job in self._waiting else 0
            return dataclasses.replace(job.state, ahead=ahead)

    def follow(self, job_id: str, every_s: float = FOLLOW_S) -> Generator[JobState, None, None]:
        """Yields the state whenever it changed, at most every ``every_s`` seconds, and ends with the job's end.

        Closing the iterator does nothing to the job. Raises ``JobError`` when there is no such job.
        """
        seen = None
        while True:
            state = self.snapshot(job_id)
            if state.version != seen:
                seen = state.version
                yield state
            if state.ended or self._closed:
                return
            self._wait(job_id, seen, every_s)

    def withdraw(self, run: Path, act: Callable[[], Result]) -> Result:
        """Does something to a run in which no job works; until it is done, none starts there. ``act`` must be quick.

        Raises:
            RunBusy: a job is queued or running in it. And what ``act`` raises.
        """
        real = run.resolve()
        with self._changed:
            states = (self._find(job.state.id).state for job in list(self._jobs.values()) if not job.state.ended)
            for state in states:
                if not state.ended and state.run and Path(state.run).resolve() == real:
                    raise RunBusy(
                        f"{state.title} is {state.state} in this run; wait for it or cancel it first.",
                        code="run_in_use",
                        state=state.state,
                    )
            return act()

    def others_at_work(self, owner: str) -> list[JobState]:
        """Returns the jobs of everybody else that are running or waiting, in the order in which they began."""
        with self._changed:
            return [job.state for job in (*self._running, *self._waiting) if job.state.owner != owner]

    def jobs_of(self, owner: str) -> list[JobState]:
        """Returns the jobs of one owner, newest first."""
        with self._changed:
            mine = [job_id for job_id, job in self._jobs.items() if job.state.owner == owner]
            return sorted(map(self.snapshot, mine), key=lambda state: -state.created_s)

    def close(self) -> None:
        """Closes the input of every child, kills what has not ended in time, and waits; jobs are ``interrupted``."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            children = [job.child for job in self._running if job.child is not None]
        for child in children:
            child.close_input()
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout=3 * GRACE_S)

    def __enter__(self) -> JobQueue:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # --- all below is called with the condition held, unless it says otherwise

    def _enter(self, job: _Job) -> None:
        if self._closed:
            raise JobError("the server is ending; start it again, then start the job.", code="server_ending")
        for other in (*self._running, *self._waiting):
            if other.state.collides(job.state):
                where = f" in {job.state.run}" if job.state.run else ""
                raise RunBusy(
                    f"{other.state.title} is {other.state.state}{where}; wait for it or cancel it.",
                    code="job_active",
                    state=other.state.state,
                )
        if len(self._waiting) >= MOST_WAITING:
            raise QueueFull(f"{MOST_WAITING} jobs wait already; start this one when some of them have ended.")
        self._forget()
        self._jobs[job.state.id] = job
        self._waiting.append(job)
        self._fill()
        self._changed.notify_all()

    def _forget(self) -> None:
        """Drops the oldest ended jobs where there are too many; those with a file are found again by their id."""
        if len(self._jobs) >= MOST_REMEMBERED:
            ended = [job_id for job_id, job in self._jobs.items() if job.state.ended]
            for job_id in ended[: len(self._jobs) - MOST_REMEMBERED // 2]:
                del self._jobs[job_id]

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._parallel and not self._closed:
            job = self._waiting.pop(0)
            self._running.append(job)
            self._set(job, {"state": RUNNING, "phase": "starting"})
            threading.Thread(target=self._run, args=(job,), name=f"job-{job.state.id[:8]}", daemon=True).start()

    def _wait(self, job_id: str, seen: int, every_s: float) -> None:
        """Waits for the job's end at most ``every_s``, then a little longer for a change; takes the condition."""
        with self._changed:
            self._changed.wait_for(lambda: self._find(job_id).state.ended, timeout=every_s)
            self._changed.wait_for(lambda: self._find(job_id).state.version != seen, timeout=LOOK_S)

    def _find(self, job_id: str) -> _Job:
        """Finds a job; one that another server runs, or ran, is read again."""
        job = self._jobs.get(job_id)
        now = time.monotonic()
        if self._archive and (job is None or (job.elsewhere and not job.state.ended and now - job.seen_s > LOOK_S)):
            found = self._archive.read(job_id)
            if job is not None:
                job.seen_s = now
            if found is not None and (
                job is None or dataclasses.replace(found, version=job.state.version) != job.state
            ):
                job = self._jobs[job_id] = _Job(found.numbered(), elsewhere=True, seen_s=now)
                self._changed.notify_all()
        if job is None:
            raise JobError("there is no such job; it may have ended before an earlier server did.", code="no_job")
        return job

    def _set(self, job: _Job, event: Mapping[str, Any]) -> None:
        job.state = job.state.after(event).numbered()
        self._changed.notify_all()

    # --- in the thread of the job, without the condition

    def _run(self, job: _Job) -> None:
        try:
            last = self._watch(job)
        except Exception as error:
            log.get().error("job %s could not be run", job.state.id, exc_info=True)
            sentence = f"{job.state.title} could not be started ({error}); try again."
            last = last_event(FAILED, JobError(sentence, code="job_not_started"))
            if job.child is not None:
                job.child.kill()
                job.child.reap()
        with contextlib.suppress(Exception):
            self.when_ended(job.state.after(last))
        with self._changed:
            self._running.remove(job)
            job.child = None
            self._set(job, {**last, "cancelling": False})
            self._fill()

    def _watch(self, job: _Job) -> Mapping[str, Any]:
        """Runs the child, passes its events on, and returns the last one when nothing of it is left."""
        child = ChildProcess(_request(job), self._command)
        with self._changed:
            job.child = child
            cancelling, closed = job.cancelling, self._closed
        if cancelling:
            child.ask_to_stop()
        if closed:
            child.close_input()
        last: Mapping[str, Any] | None = None
        for event in child.events():
            if event.get("state", RUNNING) != RUNNING:
                last = event
                continue
            if job.cancelling:
                event.pop("phase", None)
            with self._changed:
                self._set(job, event)
        code = child.reap()
        words = child.last_words()
        if last is None:
            last = self._died(job, code, words)
            self._keep(job, last)
        return last

    def _died(self, job: _Job, code: int, words: str) -> Mapping[str, Any]:
        """The end of a child that said nothing of it: killed after Cancel, or crashed."""
        if job.cancelling:
            return {"state": CANCELLED}
        if self._closed:
            return {"state": INTERRUPTED}
        said = f': "{words[:300]}"' if words else ""
        where = f"; the log is {job.state.log_file}" if job.state.log_file else ""
        sentence = f"{job.state.title} stopped by itself ({ending(code)}){said}{where}. What is recorded stays: resume."
        log.get().error("job %s: %s", job.state.id, sentence)
        return last_event(FAILED, JobError(sentence, code="job_died", exit_code=code))

    def _keep(self, job: _Job, last: Mapping[str, Any]) -> None:
        if self._archive and job.state.run:
            with contextlib.suppress(Exception):
                self._archive.append(Path(job.state.run), job.state.id, last)


@dataclasses.dataclass(eq=False)
class _Job:
    """A job in this server: its state, and its child while it has one."""

    state: JobState
    resumed: bool = False
    elsewhere: bool = False
    """Known from its file only: another server runs it, or ran it."""
    cancelling: bool = False
    child: ChildProcess | None = None
    seen_s: float = dataclasses.field(default_factory=time.monotonic)


def _request(job: _Job) -> dict[str, Any]:
    names = ("id", "verb", "arguments", "owner", "title", "created_s", "run")
    return {name: getattr(job.state, name) for name in names} | {"resumed": job.resumed}


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(json.dumps(dict(arguments), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise SettingsError(f"the arguments of a job must be plain JSON values ({error}).", code="not_json") from None
    return values


def _title(verb: str, arguments: Mapping[str, Any]) -> str:
    about = arguments.get("source") or arguments.get("run")
    return f"{verb} {Path(str(about)).name}" if about else verb
