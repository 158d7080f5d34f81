"""The child of a job with verbs that misbehave, and with an extraction that takes its time. Run as a program."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing

from core.pipeline import job_main, job_verbs
from core.pipeline.job_report import Report
from core.pipeline.job_verbs import Arguments, Steps
from core.store.run import RunDir


def slow_extract(arguments: Arguments, report: Report) -> Steps:
    """The real verb; ``pause_s`` after each step."""
    rest = {key: value for key, value in arguments.items() if key != "pause_s"}
    with closing(job_verbs.extract(rest, report)) as steps:
        for _ in steps:
            yield
            time.sleep(arguments["pause_s"])


def clock(arguments: Arguments, report: Report) -> Steps:
    """Reports the milliseconds since ``from_s``, every millisecond, for ``seconds``."""
    while (passed_s := time.time() - arguments["from_s"]) < arguments["seconds"]:
        report.at(int(1000 * passed_s))
        yield
        time.sleep(0.001)


def hang(arguments: Arguments, report: Report) -> Steps:
    """Never comes to a step, and has started a program that would outlive it."""
    if arguments.get("run"):
        report.open(RunDir(arguments["run"]))
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        report.line(f"sleeper {sleeper.pid}")
        sleeper.wait()
    yield


def at_once(act: Callable[[], object]) -> Callable[[Arguments, Report], Steps]:
    def verb(arguments: Arguments, report: Report) -> Steps:
        if arguments.get("run"):
            report.open(RunDir(arguments["run"]))
        yield
        act()

    return verb


def fail() -> None:
    raise ZeroDivisionError("the sum of nothing")


def chatter() -> None:
    os.write(1, b'{"state": "done", "error": "printed by a library"}\n')
    sys.stdout.write("more of it\n")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", "print(input())"], check=False, stderr=subprocess.DEVNULL)


job_verbs.VERBS |= {
    "slow-extract": slow_extract,
    "clock": clock,
    "hang": hang,
    "fail": at_once(fail),
    "chatter": at_once(chatter),
    "segfault": at_once(lambda: ctypes.string_at(0)),
    "exit": at_once(lambda: (sys.stderr.write("the model said goodbye\n"), sys.stderr.flush(), os._exit(3))),
    "kill": at_once(lambda: os.kill(os.getpid(), signal.SIGKILL)),
}
job_verbs.IN_THEIR_RUN["slow-extract"] = job_verbs.IN_THEIR_RUN["extract"]

if __name__ == "__main__":
    job_main.main()
