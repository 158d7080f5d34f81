"""What a person at a terminal sees: progress bars with rate and time left, plain lines when it is no terminal.

Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from typing import Any, TypeVar

from core.progress import Progress

T = TypeVar("T")
PLAIN_EVERY_S = 5.0
BAR_EVERY_S = 0.1


def note(text: str) -> None:
    """Prints a line for the person, not for a program."""
    print(text, file=sys.stderr, flush=True)


def result(text: str) -> None:
    """Prints a line of the result."""
    print(text, flush=True)


def result_json(values: dict[str, Any]) -> None:
    """Prints the one JSON object that ends the output of a verb with ``--json``."""
    print(json.dumps(values, allow_nan=False), flush=True)


def watched(items: Iterable[T], progress: Progress, title: str) -> Iterator[T]:
    """Passes items through and shows how far they are."""
    with _display(progress, title) as show:
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
                print(f"\r\x1b[K{line}" if live else line, end="" if live else "\n", file=sys.stderr, flush=True)
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
        if self._progress.done:
            note(self._progress.line(f"{self._title} "))


class _Bar:
    """A rich progress bar."""

    def __init__(self, progress: Progress, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._progress = progress
        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}, {task.fields[rate]:.0f} frames/s,"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True),
            auto_refresh=False,
        )
        self._task = self._rich.add_task(title, total=progress.total or 0, rate=0.0)
        self._shown = 0.0

    def __enter__(self) -> _Bar:
        self._rich.start()
        return self

    def update(self) -> None:
        now = time.perf_counter()
        if now - self._shown >= BAR_EVERY_S or self._progress.done == self._progress.total:
            self._shown = now
            self._rich.update(self._task, completed=self._progress.done, rate=self._progress.per_second, refresh=True)

    def __exit__(self, kind: object, error: object, at: object) -> None:
        self._rich.update(self._task, completed=self._progress.done, rate=self._progress.per_second, refresh=True)
        self._rich.stop()
