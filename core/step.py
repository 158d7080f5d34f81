"""What every verb yields while it works, and the one way to drive it to its end.

A verb is a generator of ``Step`` that returns its result. Not here: the verbs, and what shows their steps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from core.errors import FramesieveError, plain

Result = TypeVar("Result")
Inner = TypeVar("Inner")
Outer = TypeVar("Outer")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know and that stops nothing."""

    code: str
    """Stable name of the kind, for programs: ``"cut_off"``."""
    text: str
    """One sentence."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values that the sentence was made from."""

    def to_mapping(self) -> dict[str, Any]:
        """Returns plain JSON values: ``code``, ``text``, ``facts``."""
        return {"code": self.code, "text": self.text, "facts": plain(self.facts)}


@dataclass(frozen=True, slots=True)
class Step:
    """How far a verb is, after the last thing that it has made durable."""

    phase: str
    """What it does now, for people: ``"extracting"``."""
    done: int = 0
    """Items of this phase that are done, those of an earlier start included."""
    total: int | None = None
    """Items of this phase; ``None`` = unknown."""
    before: int = 0
    """Items of this phase that an earlier, interrupted start had done; they do not count for the rate."""
    unit: str = "frames"
    """What is counted: ``"frames"``, ``"bytes"``, ``"faces"``, ``"videos"``."""
    item: Any = None
    """The durable thing itself, such as a ``FrameRecord``; ``None`` where a step carries none."""
    preview: bool = False
    """Whether the run has a small picture of the item."""
    counts: Mapping[str, int] | None = None
    """Status -> items of it that are recorded, all starts together; only where a phase begins, ``None`` otherwise."""
    detail: str = ""
    """What the bar shows beneath it, while it runs: ``"master 31 of 60, toon 12; 0.12 GB"``."""
    line: str | None = None
    """A line of the result that is known already, of one of many things; ``Outcome.lines`` does not say it again."""
    notices: tuple[Notice, ...] = ()
    run: Path | None = None
    """The run folder that the verb works in, from the step on that opened it."""


@dataclass(frozen=True)
class Outcome:
    """What a verb returns: base of the result of each verb, whose fields are plain JSON values."""

    def to_mapping(self) -> dict[str, Any]:
        """Returns every field; what ``--json`` prints."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}

    def brief(self) -> dict[str, Any]:
        """Returns what a job keeps of it: a few short values."""
        return self.to_mapping()

    def lines(self) -> list[str]:
        """Returns what a person reads; the first line says it all."""
        raise NotImplementedError

    def shortfall(self) -> FramesieveError | None:
        """Returns what keeps the result from being whole although there is one; ``None`` = nothing."""
        return None


class Stopped(Exception):
    """The verb was closed before its end because ``stopped`` said so; what it had made durable stays."""


def follow(
    steps: Generator[Inner, None, Result],
    show: Callable[[Inner], None] = lambda step: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Result:
    """Drives a verb to its end, in the thread of the caller, and returns its result.

    Args:
        steps: the verb; it is closed whatever happens.
        show: is given each step.
        stopped: asked after each step whether the verb is to be closed.

    Raises:
        Stopped: ``stopped`` returned true.
    """
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                result: Result = end.value
                return result
            show(step)
            if stopped():
                raise Stopped


def each(
    inner: Generator[Inner, None, Result], make: Callable[[Inner], Outer | None]
) -> Generator[Outer, None, Result]:
    """Passes on what ``make`` returns for each item (``None`` is left out), and the result of ``inner``.

    The inner generator is closed with this one.
    """
    with closing(inner):
        while True:
            try:
                item = next(inner)
            except StopIteration as end:
                result: Result = end.value
                return result
            if (outer := make(item)) is not None:
                yield outer
