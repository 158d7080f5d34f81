"""Verbs as everybody calls them: plain values of their arguments in, steps and an outcome out."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from core.pipeline.verbs import verb_of
from core.step import Outcome, Step, follow


def steps_of(name: str, **values: Any) -> Generator[Step, None, Outcome]:
    """The generator of a verb."""
    verb = verb_of(name)
    return verb.steps(verb.read(values))


def outcome_of(name: str, **values: Any) -> Any:
    """Runs a verb to its end and returns its outcome."""
    return follow(steps_of(name, **values))
