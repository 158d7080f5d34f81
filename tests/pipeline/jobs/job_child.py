"""The child of a job with verbs that misbehave, and with an extraction that takes its time. Run as a program."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from core.pipeline import extract, verbs
from core.pipeline.jobs import main
from core.pipeline.verbs import Verb
from core.settings.arguments import Arguments
from core.settings.extract import ExtractArguments
from core.settings.model import from_mapping, knob, to_mapping
from core.settings.paths import RunFolder
from core.step import Notice, Outcome, Step, each

Steps = Generator[Step, None, Outcome]


class SlowArguments(ExtractArguments):
    pause_s: float = knob(0.0, "pause after each step")


class ClockArguments(Arguments):
    from_s: float = knob(..., "since when")
    seconds: float = knob(..., "for how long")
    number: int = knob(0, "tells apart")


class InRun(Arguments):
    run: RunFolder | None = knob(None, "a run folder")


@dataclass(frozen=True)
class Nothing(Outcome):
    """No result."""

    def lines(self) -> list[str]:
        return []


def slow_extract(arguments: SlowArguments) -> Steps:
    """The real verb; ``pause_s`` after each step."""
    given = {name: value for name, value in to_mapping(arguments).items() if name in arguments.model_fields_set}
    given.pop("pause_s")

    def slowly(step: Step) -> Step:
        time.sleep(arguments.pause_s)
        return step

    return (yield from each(extract.extract(from_mapping(ExtractArguments, given)), slowly))


def resumed(arguments: Arguments, run: Path) -> Arguments:
    return extract.resumed(arguments, run) if isinstance(arguments, SlowArguments) else arguments


def clock(arguments: ClockArguments) -> Steps:
    """Reports the milliseconds since ``from_s``, every millisecond, for ``seconds``."""
    while (passed_s := time.time() - arguments.from_s) < arguments.seconds:
        yield Step("", int(1000 * passed_s))
        time.sleep(0.001)
    return Nothing()


def hang(arguments: InRun) -> Steps:
    """Never comes to a step, and has started a program that would outlive it."""
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        yield Step("", notices=(Notice("sleeper", f"sleeper {sleeper.pid}"),), run=arguments.run)
        sleeper.wait()
    return Nothing()


def at_once(act: Callable[[], object]) -> Callable[[InRun], Steps]:
    def verb(arguments: InRun) -> Steps:
        yield Step("", run=arguments.run)
        act()
        return Nothing()

    return verb


def _fail() -> None:
    raise ZeroDivisionError("the sum of nothing")


def _chatter() -> None:
    os.write(1, b'{"state": "done", "error": "printed by a library"}\n')
    sys.stdout.write("more of it\n")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", "print(input())"], check=False, stderr=subprocess.DEVNULL)


def _exit() -> None:
    sys.stderr.write("the model said goodbye\n")
    sys.stderr.flush()
    os._exit(3)


fail = at_once(_fail)
chatter = at_once(_chatter)
segfault = at_once(lambda: ctypes.string_at(0))
exit_3 = at_once(_exit)
kill = at_once(lambda: os.kill(os.getpid(), signal.SIGKILL))

verbs.VERBS |= {
    name: Verb(name, "", f"{__name__}:{model}", f"{__name__}:{function}")
    for name, model, function in (
        ("slow-extract", "SlowArguments", "slow_extract"),
        ("clock", "ClockArguments", "clock"),
        ("hang", "InRun", "hang"),
        ("fail", "InRun", "fail"),
        ("chatter", "InRun", "chatter"),
        ("segfault", "InRun", "segfault"),
        ("exit", "InRun", "exit_3"),
        ("kill", "InRun", "kill"),
    )
}

if __name__ == "__main__":
    main.main()
