"""What may be decided about persons with bodies on the page: the body of a question becomes edits.

Not here: what an edit does (``pipeline.persons.edits``), persons who are known by faces alone (``persons_faces``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import SettingsError

MOST_PERSONS = 200
"""Persons of one question."""


def numbers(body: Mapping[str, Any], name: str, most: int) -> list[int]:
    """Returns whole numbers from 0 of a body. Raises ``SettingsError``: they are none, or more than ``most``."""
    values = body.get(name)
    if not isinstance(values, list) or len(values) > most or not all(_is_number(value) for value in values):
        raise SettingsError(f"{name} is wanted as a list of up to {most} whole numbers.", field=name)
    return values


def number(body: Mapping[str, Any], name: str, most: int = 2**53) -> int:
    """Returns a whole number from 0 of a body. Raises ``SettingsError``: it is none, or larger than ``most``."""
    value = body.get(name)
    if not _is_number(value) or int(str(value)) > most:
        raise SettingsError(f"{name} is wanted as a whole number.", field=name)
    return int(str(value))


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _merge(grouped: Any, body: Mapping[str, Any]) -> Any:
    from core.pipeline.persons import edits

    return edits.merge(grouped, numbers(body, "persons", MOST_PERSONS))


def _split(grouped: Any, body: Mapping[str, Any]) -> Any:
    from core.pipeline.persons import edits

    person = number(body, "person")
    if body.get("tracklets") is not None:
        return edits.split_off(grouped, person, numbers(body, "tracklets", 100_000))
    return edits.split_at(grouped, person, number(body, "at"))


def _apart(grouped: Any, body: Mapping[str, Any]) -> Any:
    from core.pipeline.persons.working import keep_apart

    two = numbers(body, "persons", 2)
    if len(two) != 2:
        raise SettingsError("two persons are wanted to keep apart.", field="persons")
    return keep_apart(grouped, *two)


def _nobody(grouped: Any, body: Mapping[str, Any]) -> Any:
    from core.pipeline.persons import edits

    for person in numbers(body, "persons", MOST_PERSONS):
        made = edits.not_a_person(grouped, person)
        grouped = _with(grouped, made)
    return grouped.edits


def _rename(grouped: Any, body: Mapping[str, Any]) -> Any:
    from core.pipeline.persons import edits

    name = body.get("name")
    if not isinstance(name, str):
        raise SettingsError("name is wanted as text.", field="name")
    return edits.rename(grouped, number(body, "person"), name)


def _with(grouped: Any, made: Any) -> Any:
    return dataclasses.replace(grouped, edits=made)


DECISIONS: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "merge": _merge,
    "split": _split,
    "apart": _apart,
    "not_a_person": _nobody,
    "name": _rename,
    "undo": lambda grouped, body: grouped.edits.without_last(),
    "redo": lambda grouped, body: grouped.edits.with_last_undone(),
}
"""What can be decided -> what makes the edits of it."""
