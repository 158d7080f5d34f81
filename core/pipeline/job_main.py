"""``python -m core.pipeline.job_main``: the child process of one job. Its pipes are described in ``core.job_process``.

The main thread runs the verb and looks at the stop flag between its steps; a second thread listens to the parent. When
the parent is gone, or says cancel, the verb's generator is closed; what does not close in time is killed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from core import __version__, inside, log
from core.errors import FramesieveError
from core.job_process import GRACE_S, kill_tree, own_pipes
from core.job_state import CANCELLED, DONE, FAILED, INTERRUPTED
from core.pipeline import job_verbs
from core.pipeline.job_report import LinesOf, Report
from core.store.run import RunDir


def main() -> None:
    """Runs the job that the first line of the input asks for, and ends the process."""
    commands, events = own_pipes()
    request = json.loads(commands.readline())
    inside.confine(request.get("roots"))
    log_file = _start_log()
    head = {name: request[name] for name in ("id", "verb", "arguments", "owner", "title", "created_s")}
    head |= {"log_file": log_file and str(log_file.absolute()), "program": __version__, "pid": os.getpid()}
    stop = Stop()

    def send(event: Mapping[str, Any]) -> None:
        try:
            events.write(json.dumps(event, allow_nan=False).encode() + b"\n")
            events.flush()
        except OSError:
            stop.because(INTERRUPTED)

    with Report(head, send) as report:
        log.get().addHandler(LinesOf(report))
        signal.signal(signal.SIGTERM, lambda number, frame: stop.because(INTERRUPTED))
        threading.Thread(target=_listen, args=(commands, stop, report), name="job-commands", daemon=True).start()
        report.end(*_run(request, report, stop))
    sys.stderr.flush()
    os._exit(0)  # no thread of a library, and no slow tidying, keeps a job that has ended


class Stop:
    """Why the verb is to stop, and whether it has."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.stopped = threading.Event()

    def because(self, reason: str) -> None:
        """Sets the flag; the first reason counts."""
        self.reason = self.reason or reason


def _run(request: Mapping[str, Any], report: Report, stop: Stop) -> tuple[str, str | None, bool]:
    """Runs the verb to its end or to the flag. Returns the state; of a failed job the sentence, whether it lasts."""
    resumed_in = request.get("run") if request.get("resumed") else None
    try:
        if resumed_in and Path(resumed_in).is_dir():
            report.open(RunDir(Path(resumed_in)))
        with closing(job_verbs.steps_of(request["verb"], request["arguments"], report, resumed_in)) as steps:
            for _ in steps:
                if stop.reason:
                    break
            else:
                return DONE, None, False
    except FramesieveError as error:
        log.get().debug("failed", exc_info=True)
        return (stop.reason, None, False) if stop.reason else (FAILED, str(error), error.lasting)
    except Exception as error:
        log.get().debug("%s failed", request["title"], exc_info=True)
        return (stop.reason, None, False) if stop.reason else (FAILED, _unexpected(request["title"], error), False)
    finally:
        stop.stopped.set()
    return stop.reason or INTERRUPTED, None, False


def _listen(commands: BinaryIO, stop: Stop, report: Report) -> None:
    """Waits for the parent's word, or for its death."""
    for line in commands:
        with contextlib.suppress(ValueError):
            if json.loads(line).get("cancel"):
                stop.because(CANCELLED)
                report.set(cancelling=True)
                report.tell()
    stop.because(INTERRUPTED)
    if not stop.stopped.wait(GRACE_S):
        report.end(stop.reason or INTERRUPTED)
        kill_tree(os.getpid())
        os._exit(1)


def _start_log() -> Path | None:
    """Starts the log; a crash of native code leaves its traceback there too."""
    path = log.start()
    if path is not None:
        with contextlib.suppress(OSError):
            faulthandler.enable(open(path, "ab"))  # noqa: SIM115  open until the process ends
    return path


def _unexpected(title: str, error: Exception) -> str:
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"{title} stopped because of an error of the program ({said}); its traceback is in the log."


if __name__ == "__main__":
    main()
