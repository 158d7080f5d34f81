"""``python -m core.pipeline.jobs.main``: the child process of one job; its pipes are described in ``core.parent``.

The main thread runs the verb and looks at the stop flag between its steps; a second thread listens to the parent. When
the parent is gone, or sends ``{"cancel": true}``, the verb's generator is closed; what takes too long is killed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import __version__, log
from core.child import GRACE_S
from core.errors import FramesieveError
from core.jobs.state import CANCELLED, DONE, FAILED, INTERRUPTED
from core.parent import Parent, end
from core.pipeline.jobs.report import LinesOf, Report
from core.pipeline.verbs import verb_of
from core.step import Stopped, follow
from core.store.run import RunDir


def main() -> None:
    """Runs the job that the first line of the input asks for, and ends the process."""
    parent = Parent()
    request = parent.request
    log_file = _start_log()
    head = {name: request[name] for name in ("id", "verb", "arguments", "owner", "title", "created_s")}
    head |= {"log_file": log_file and str(log_file.absolute()), "program": __version__, "pid": os.getpid()}
    stop = Stop()
    with Report(head, parent.send) as report:
        log.get().addHandler(LinesOf(report))
        signal.signal(signal.SIGTERM, lambda number, frame: stop.because(INTERRUPTED))
        parent.listen(lambda message: _hear(message, stop, report), lambda: _closed_in_time(stop, report))
        report.end(*_run(request, report, stop))
    end()


class Stop:
    """Why the verb is to stop, and whether it has."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.stopped = threading.Event()

    def because(self, reason: str) -> None:
        """Sets the flag; the first reason counts."""
        self.reason = self.reason or reason


def _run(request: Mapping[str, Any], report: Report, stop: Stop) -> tuple[str, FramesieveError | None]:
    """Runs the verb to its end or to the flag. Returns the state, and of a failed job why."""
    run = Path(request["run"]) if request.get("resumed") and request.get("run") else None
    try:
        if run is not None and run.is_dir():
            report.open(RunDir(run))
        verb = verb_of(request["verb"])
        arguments = verb.read(request["arguments"], run)
        if (downloads := arguments.waits_in) is not None:
            report.wait_for_run(downloads)
        report.result = follow(verb.steps(arguments), report.take, lambda: stop.reason is not None).brief()
        return DONE, None
    except Stopped:
        return stop.reason or INTERRUPTED, None
    except FramesieveError as error:
        log.get().debug("failed", exc_info=True)
        return (stop.reason, None) if stop.reason else (FAILED, error)
    except Exception as error:
        log.get().debug("%s failed", request["title"], exc_info=True)
        return (stop.reason, None) if stop.reason else (FAILED, _unexpected(request["title"], error))
    finally:
        stop.stopped.set()


def _hear(message: Mapping[str, Any], stop: Stop, report: Report) -> None:
    """Sets the stop flag when the parent cancels the job."""
    if message.get("cancel"):
        stop.because(CANCELLED)
        report.set(cancelling=True)
        report.send_changes()


def _closed_in_time(stop: Stop, report: Report) -> bool:
    """When the parent is gone: waits for the verb to close, and writes the end of the job for one that does not."""
    stop.because(INTERRUPTED)
    if stop.stopped.wait(GRACE_S):
        return True
    report.end(stop.reason or INTERRUPTED)
    return False


def _start_log() -> Path | None:
    """Starts the log; a crash of native code leaves its traceback there too."""
    path = log.start()
    if path is not None:
        with contextlib.suppress(OSError):
            faulthandler.enable(open(path, "ab"))  # noqa: SIM115  open until the process ends
    return path


def _unexpected(title: str, error: Exception) -> FramesieveError:
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    sentence = f"{title} stopped because of an error of the program ({said}); its traceback is in the log."
    return FramesieveError(sentence, code="internal", kind=type(error).__name__)


if __name__ == "__main__":
    main()
