"""What a person at a terminal sees: progress bars with rate and time left, plain lines when it is no terminal.

Results go to standard output, everything else to standard error. Whatever a file is called and whatever the terminal
can show, nothing here raises because of a character.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import Any, TextIO

from core import log
from core.errors import StorageError
from core.log import printable
from core.progress import Progress
from core.step import Outcome, Step

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


def answer(verb: str, outcome: Outcome, *, as_json: bool) -> None:
    """Ends a verb: one JSON object, or its lines; the first line goes to the log."""
    lines = outcome.lines()
    if lines:
        log.remember(f"{verb}: {lines[0]}")
    if as_json:
        result_json(outcome.to_mapping())
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


class Display:
    """Shows the steps of a verb: a bar on a terminal, else a line now and then; notices as they come."""

    def __init__(self, *, quiet: bool = False) -> None:
        """``quiet``: lines of the result are not printed, because one JSON object will say it all."""
        self._quiet = quiet
        self._phase: tuple[str, str] | None = None
        self._view: _Plain | _Bar | None = None
        self._progress = Progress(None)

    def __enter__(self) -> Display:
        return self

    def __exit__(self, kind: object, error: object, at: object) -> None:
        self._end()

    def show(self, step: Step) -> None:
        """Takes in one step."""
        begins = (step.phase, step.unit) != self._phase or step.counts is not None
        if begins:
            self._end()
            self._phase = (step.phase, step.unit)
            already = {"done": step.before, "skipped": step.before, "first": step.done}
            self._progress = Progress(step.total, unit=step.unit, **already)
            if step.unit == "bytes":
                note(step.phase)  # a site may be silent for long
        if step.notices or step.line:
            self._say(step)
        moved = step.done != self._progress.done
        self._progress.total, self._progress.done = step.total, step.done
        if moved:
            if self._view is None:
                self._view = _display(self._progress, step.phase).__enter__()
            self._view.update(step.detail)

    def _say(self, step: Step) -> None:
        if isinstance(self._view, _Bar):
            self._end()  # a bar and a line do not share the screen
        for notice in step.notices:
            note_and_log(notice.text)
        if step.line is not None and not self._quiet:
            result(step.line)

    def _end(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.__exit__(None, None, None)


def _display(progress: Progress, title: str) -> _Plain | _Bar:
    return _Bar(progress, title) if sys.stderr.isatty() else _Plain(progress, title)


class _Plain:
    """A line every few seconds and one at the end."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress, self._title = progress, title
        self._shown = time.perf_counter()

    def __enter__(self) -> _Plain:
        return self

    def update(self, detail: str = "") -> None:
        now = time.perf_counter()
        if now - self._shown >= PLAIN_EVERY_S:
            self._shown = now
            note(self._progress.line(f"{self._title} ") + (f" ({detail})" if detail else ""))

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
        done = "{task.fields[done]}"
        columns = (
            (TextColumn(done), BarColumn(bar_width=None), TimeRemainingColumn(compact=True))
            if console.width < NARROW
            else (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn(f"{done}, {{task.fields[rate]}},"),
                TimeRemainingColumn(),
                TextColumn("left"),
            )
        )
        self._progress = progress
        self._rich = _with_line(RichProgress)(
            *columns, console=console, auto_refresh=False, expand=console.width < NARROW
        )
        self._task = self._rich.add_task(title, total=progress.total or 0, rate="", done="")
        self._started = False
        self._shown = 0.0

    def __enter__(self) -> _Bar:
        return self

    def update(self, detail: str = "") -> None:
        self._rich.line = detail
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
        progress = self._progress
        total = "" if progress.total is None else f"/{progress.amount(progress.total)}"
        done = f"{progress.amount(progress.done)}{total}{' MB' if progress.unit == 'bytes' else ''}"
        self._rich.update(
            self._task,
            completed=progress.done,
            total=progress.total or 0,
            refresh=True,
            rate=progress.rate,
            done=done,
        )


def _with_line(kind: Any) -> Any:
    """A progress of rich that shows a line of text below its bars."""

    class Lined(kind):  # type: ignore[misc]
        line = ""

        def get_renderables(self) -> Any:
            yield from super().get_renderables()
            if self.line:
                from rich.text import Text

                yield Text(self.line, overflow="ellipsis", no_wrap=True)

    return Lined
