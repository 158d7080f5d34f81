"""What a person at a terminal sees: progress bars with rate and time left, plain lines when it is no terminal.

Results go to standard output, everything else to standard error. Whatever a file is called and whatever the terminal
can show, nothing here raises because of a character.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, TextIO, TypeVar

from core import log
from core.errors import StorageError
from core.log import printable
from core.progress import Progress

T = TypeVar("T")
PLAIN_EVERY_S = 5.0
BAR_EVERY_S = 0.1


def prepare() -> None:
    """Makes both streams show what their encoding lacks as escapes; a stream that was closed swallows everything."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def note(text: str) -> None:
    """Prints a line for the person, not for a program; it is lost when standard error cannot be written."""
    with contextlib.suppress(OSError):
        _print(text, sys.stderr)


def note_and_log(text: str) -> None:
    """Prints a line for the person and keeps it in the log."""
    log.remember(text)
    note(text)


def answer(args: argparse.Namespace, values: dict[str, Any], lines: Sequence[str]) -> None:
    """Ends a verb: with ``--json`` one object, else the lines; the first line goes to the log."""
    log.remember(f"{args.verb}: {lines[0]}")
    if args.json:
        result_json(values)
        return
    for line in lines:
        result(line)


def result(text: str) -> None:
    """Prints a line of the result.

    Raises:
        StorageError: standard output cannot be written. A reader that has closed it, as ``head`` does, is no error.
    """
    try:
        _print(text, sys.stdout)
    except BrokenPipeError:
        return
    except OSError as error:
        raise StorageError(_unwritten(error)) from None


def result_json(values: dict[str, Any]) -> None:
    """Prints the one JSON object that ends the output of a verb with ``--json``. Raises as ``result``."""
    result(json.dumps(values, allow_nan=False))


def finish(code: int) -> int:
    """Writes what still waits in the streams, such as a help text; returns the exit code, another when that fails."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop(sys.stdout)
    except OSError as error:
        _drop(sys.stdout)
        note(f"error: {_unwritten(error)}")
        return StorageError.exit_code
    return code


def _print(text: str, stream: TextIO) -> None:
    try:
        print(printable(text), file=stream, flush=True)
    except OSError:
        _drop(stream)
        raise


def _drop(stream: TextIO) -> None:
    """Lets the stream lead nowhere: what waits in it would fail again when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _unwritten(error: OSError) -> str:
    return (
        f"the result could not be written to standard output ({error.strerror}); send it elsewhere or free some space."
    )


def plural(count: int, noun: str) -> str:
    """Returns ``"1 frame"``, ``"2 frames"``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def ranges(numbers: list[int], shown: int = 8) -> str:
    """Returns ``"3, 7-9 and 2 more"`` for ascending numbers."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:shown]]
    return ", ".join(texts) + (f" and {len(runs) - shown} more" if len(runs) > shown else "")


def watched(items: Iterable[T], progress: Progress, title: str) -> Iterator[T]:
    """Passes items through and shows how far they are."""
    with _display(progress, title) as show:
        if progress.total != progress.done:
            show.update()
        for item in items:
            progress.advance()
            show.update()
            yield item


def counted(steps: Generator[int, None, T], progress: Progress, title: str) -> T:
    """Runs a generator that yields how many frames are done, shows it, and returns what the generator returns."""
    with _display(progress, title) as show:
        while True:
            try:
                progress.done = next(steps)
            except StopIteration as end:
                value: T = end.value
                return value
            show.update()


def followed(steps: Generator[Any, None, T]) -> T:
    """Runs a generator whose items have a ``line()``, shows the latest one, and returns what the generator returns."""
    live, said, said_at = sys.stderr.isatty(), "", 0.0
    with contextlib.closing(steps):
        while True:
            try:
                line = next(steps).line()
            except StopIteration as end:
                if live and said:
                    print(file=sys.stderr)
                value: T = end.value
                return value
            new_phase = line.split(" ")[0] != said.split(" ")[0]
            if line != said and (live or new_phase or time.perf_counter() - said_at >= PLAIN_EVERY_S):
                shown = printable(line)
                with contextlib.suppress(OSError):
                    print(f"\r\x1b[K{shown}" if live else shown, end="" if live else "\n", file=sys.stderr, flush=True)
                said, said_at = line, time.perf_counter()


def _display(progress: Progress, title: str) -> _Plain | _Bar:
    return _Bar(progress, title) if sys.stderr.isatty() else _Plain(progress, title)


class _Plain:
    """A line every few seconds and one at the end."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress, self._title = progress, title
        self._shown = time.perf_counter()

    def __enter__(self) -> _Plain:
        return self

    def update(self) -> None:
        now = time.perf_counter()
        if now - self._shown >= PLAIN_EVERY_S:
            self._shown = now
            note(self._progress.line(f"{self._title} "))

    def __exit__(self, kind: object, error: object, at: object) -> None:
        if self._progress.done > self._progress.skipped:
            note(self._progress.line(f"{self._title} "))


NARROW = 70
"""Columns below which the bar leaves out its words."""


class _Bar:
    """A rich progress bar; it appears with the first update, so work that needs no time shows none."""

    def __init__(self, progress: Progress, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        console = Console(stderr=True)
        done = "{task.completed:.0f}/{task.total:.0f}"
        columns = (
            (TextColumn(done), BarColumn(bar_width=None), TimeRemainingColumn(compact=True))
            if console.width < NARROW
            else (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn(f"{done}, {{task.fields[rate]:.0f}} frames/s,"),
                TimeRemainingColumn(),
                TextColumn("left"),
            )
        )
        self._progress = progress
        self._rich = RichProgress(*columns, console=console, auto_refresh=False, expand=console.width < NARROW)
        self._task = self._rich.add_task(title, total=progress.total or 0, rate=0.0)
        self._started = False
        self._shown = 0.0

    def __enter__(self) -> _Bar:
        return self

    def update(self) -> None:
        if not self._started:
            self._rich.start()
            self._started = True
        now = time.perf_counter()
        if now - self._shown >= BAR_EVERY_S or self._progress.done == self._progress.total:
            self._shown = now
            self._refresh()

    def __exit__(self, kind: object, error: object, at: object) -> None:
        if self._started:
            self._refresh()
            self._rich.stop()

    def _refresh(self) -> None:
        self._rich.update(self._task, completed=self._progress.done, rate=self._progress.per_second, refresh=True)
