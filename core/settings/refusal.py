"""What is wrong with a value, as one sentence: made once, from type, place and facts of pydantic's error."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from core.errors import SettingsError

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from core.settings.model import Facts

LARGEST = 2**63 - 1
"""Ordinals and shot numbers are 64-bit integers; no number is larger."""
NEAR = 0.6
"""Similarity (difflib ratio, 0-1) from which a name is taken for a typing error: "sharp" is, "face_count" is not."""
SHOWN = 60
"""Characters of a wrong value that a message shows."""


def refusal(error: ValidationError, facts: Mapping[str, Facts], noun: str = "setting") -> SettingsError:
    """Returns the error of the first wrong field, in the order of the fields; an unknown name comes before all.

    Its code is ``setting_unknown``, ``setting_missing``, ``setting_choice``, ``setting_type``, ``setting_range`` or
    ``setting_value``; its facts are ``value``, ``low``, ``high``, ``choices``, ``nearest`` as far as they are known,
    and ``key`` where the field is an object: which of its values it is.
    """
    errors = error.errors(include_url=False)
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    field, kind = str(first["loc"][0]), first["type"]
    if kind == "extra_forbidden":
        article = "an" if noun[0] in "aeiou" else "a"
        sentence = f'"{field}" is not {article} {noun}{nearest(field, facts)}.'
        return SettingsError(sentence, code="setting_unknown", field=field, nearest=closest(field, facts))
    if kind == "missing":
        sentence = f'"{field}" is missing; it is wanted: {facts[field].help}.'
        return SettingsError(sentence, code="setting_missing", field=field)
    if (choices := facts[field].choices) is not None:
        return _not_a_choice(field, first["input"], choices)
    return _wrong(field, first, facts[field])


def _not_a_choice(field: str, value: Any, choices: tuple[str, ...]) -> SettingsError:
    close = closest(str(value), choices)
    right = f'; the nearest valid one is "{close}"' if close else ""
    wanted = f"{field} = {shown(value)} is not one of {', '.join(choices)}{right}."
    told = {"value": _plain(value), "choices": list(choices), "nearest": close}
    return SettingsError(wanted, code="setting_choice", field=field, **told)


def _wrong(field: str, error: ErrorDetails, about: Facts) -> SettingsError:
    value, kind, place = error["input"], error["type"], error["loc"][1:]
    name = f"{field} {place[0]}" if place and about.named else field
    told = {"value": _plain(value), "low": about.low, "high": about.high}
    told |= {"key": str(place[0])} if place and about.named else {}
    if kind in ("greater_than_equal", "less_than_equal") or (kind == "float_type" and type(value) is int):
        return SettingsError(f"{name} = {_out_of_range(value, about)}.", code="setting_range", field=field, **told)
    if kind == "value_error":
        return SettingsError(f"{name}: {error['ctx']['error']}.", code="setting_value", field=field, **told)
    wanted = _wanted(error, about, bool(place))
    return SettingsError(f"{name} = {shown(value)} is not {wanted}.", code="setting_type", field=field, **told)


def _out_of_range(value: Any, about: Facts) -> str:
    low, high = about.low, about.high
    if about.kind is int and high == LARGEST:
        return f"{value} cannot be: frames and shots are counted from 0, up to {LARGEST}"
    if low is None or high is None:
        return f"{shown(value)} is too large; numbers go up to {LARGEST:.3g}"
    return f"{shown(value)} is out of range; it goes from {low:g} to {high:g}"


def _wanted(error: ErrorDetails, about: Facts, item: bool) -> str:
    if error["type"] == "float_type" and item:
        return TYPES["finite_number"]
    if error["type"] == "tuple_type" and about.kind is str:
        return "a list of texts"
    return TYPES.get(error["type"]) or f"what is wanted ({error['msg']})"


TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list of numbers",
    "dict_type": "an object of names and numbers",
    "model_type": "an object of settings",
    "model_attributes_type": "an object of settings",
}
"""Type of pydantic's error -> what is wanted."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns ``'; the nearest valid one is "x"'``, or the list of all names when none is near."""
    known = list(known)
    close = closest(name, known)
    return f'; the nearest valid one is "{close}"' if close else f"; valid ones are {', '.join(known)}"


def closest(name: str, known: Iterable[str]) -> str | None:
    """Returns the name that was probably meant, ``None`` when none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=NEAR)), None)


def shown(value: Any) -> str:
    """Returns a value as JSON writes it, cut where it is long."""
    plain = list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
    text = json.dumps(plain, default=repr, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _plain(value: Any) -> Any:
    """The value itself where any JSON can carry it, else its text."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and len(value) <= SHOWN):
        return value
    if isinstance(value, (int, float)) and abs(value) <= LARGEST:
        return value
    return shown(value)
