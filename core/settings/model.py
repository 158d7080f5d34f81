"""How a setting says what it is: default, range, unit and help, stated once; and how values become settings.

Pydantic checks the values. Not here: the settings themselves, and the sentences of their errors (refusal.py).
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, ClassVar, TypeVar

import pydantic
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError

from core.errors import SettingsError
from core.settings.refusal import LARGEST, nearest, refusal

__all__ = ["LARGEST", "Bound", "Facts", "Model", "Ordinal", "Percent", "changed", "differences", "facts_of"]
__all__ += ["from_mapping", "in_digest", "knob", "nearest", "to_mapping"]

Kind = TypeVar("Kind", bound="Model")
Percent = Annotated[float, pydantic.Field(ge=0.0, le=100.0)]
Ordinal = Annotated[int, pydantic.Field(ge=0, le=LARGEST)]
"""A frame or a shot, counted from 0, or the id of a person."""
Bound = Annotated[float, pydantic.Field(ge=-LARGEST, le=LARGEST)]


def knob(
    default: Any,
    text: str,
    *,
    label: str = "",
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
    in_digest: bool = True,
    newer: bool = False,
    flag: str | tuple[str, ...] | None = None,
    metavar: str | tuple[str, ...] | None = None,
    bare: Any = None,
    read_with: Mapping[str, tuple[Any, ...]] | None = None,
) -> Any:
    """Returns the field of a model, with all that people and programs are told of it.

    Args:
        default: ``...`` = it has to be given.
        text: what it is, in words.
        label: what the page writes beside its control; the name with blanks unless given.
        unit: of the number, or empty.
        low: least number, inclusive. Bounds of the numbers in a list or an object stand in their type (``Percent``).
        high: largest number, inclusive.
        choices: the texts that are taken.
        in_digest: whether records made with another value are other records.
        newer: older runs do not know it: it enters the digest only where it differs from its default, so that their
            digests still match.
        flag: of the command line, where it is not the name with dashes; several = the first one and other spellings of
            it; ``""`` = it has no flag and stands in its place; ``()`` = the command line does not offer it.
        metavar: what the command line's help writes for the value; as many as the list has to have.
        bare: the value where the flag is typed without one; ``None`` = it needs one.
        read_with: settings of the same model, and for each the values (none = any but its default) with which this one
            is read; one of them is enough. Nothing = it always is.
    """
    flags = (flag,) if isinstance(flag, str) else flag
    said = Said(text, label, unit, choices, in_digest, newer, flags, metavar, bare, read_with or {})
    shown: dict[str, Any] = {"ge": low, "le": high, "description": text, "json_schema_extra": said}
    if isinstance(default, Mapping):
        return pydantic.Field(default_factory=lambda: MappingProxyType(dict(default)), **shown)
    return pydantic.Field(default, **shown)


@dataclass(frozen=True)
class Said:
    """What is said of a field beside what pydantic keeps; adds to its JSON schema what belongs there."""

    help: str
    label: str
    unit: str
    choices: tuple[str, ...] | None
    in_digest: bool
    newer: bool
    flags: tuple[str, ...] | None
    metavar: str | tuple[str, ...] | None
    bare: Any
    read_with: Mapping[str, tuple[Any, ...]]

    def __call__(self, schema: dict[str, Any]) -> None:
        """Adds unit and choices to the schema of a field."""
        if self.unit:
            schema["unit"] = self.unit
        if self.choices is not None:
            schema["enum"] = [*self.choices, *([None] if "anyOf" in schema else [])]


class Model(pydantic.BaseModel):
    """Settings or arguments: unchangeable, checked when they are made. Lists are taken for tuples, objects for models.

    A wrong value raises ``SettingsError``, one sentence. ``model_fields_set`` holds the names of what was given.
    """

    model_config = pydantic.ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    noun: ClassVar[str] = "setting"
    """What a sentence calls a field."""

    def __init__(self, /, **values: Any) -> None:
        """Checks the values.

        Raises:
            SettingsError: the first one that is wrong, in the order of the fields; unknown names come before all.
        """
        try:
            super().__init__(**values)
        except pydantic.ValidationError as error:
            raise refusal(error, facts_of(type(self)), self.noun) from None

    def __reduce__(self) -> tuple[Any, ...]:
        return from_mapping, (type(self), _given(self))

    def __deepcopy__(self: Kind, memo: Any = None) -> Kind:
        return self

    @pydantic.field_validator("*", mode="wrap")
    @classmethod
    def _check(cls, value: Any, check: pydantic.ValidatorFunctionWrapHandler, info: pydantic.ValidationInfo) -> Any:
        checked = check(tuple(value) if isinstance(value, list) else value)
        choices = _said(cls.model_fields[str(info.field_name)]).choices
        if choices is not None and checked is not None and checked not in choices:
            raise PydanticKnownError("literal_error", {"expected": ", ".join(choices)})
        return _as_it_came(value, checked)


def _as_it_came(value: Any, checked: Any) -> Any:
    """Keeps whole numbers whole where fractions are taken too: the digests of older runs are made from their text.

    Objects become read-only.
    """
    if type(value) is int and isinstance(checked, float):
        return value
    if isinstance(checked, tuple):
        return tuple(map(_as_it_came, value, checked))
    if isinstance(checked, Mapping):
        return MappingProxyType({name: _as_it_came(value[name], item) for name, item in checked.items()})
    return checked


def from_mapping(kind: type[Kind], values: Mapping[str, Any]) -> Kind:
    """Builds settings from plain JSON values (a preset, a job, an API call).

    Raises:
        SettingsError: an unknown key (the nearest valid one is named) or a value out of range or of another type.
    """
    if not isinstance(values, Mapping):
        raise SettingsError("settings are wanted as an object of names and values.", code="setting_type")
    return kind(**{str(name): value for name, value in values.items()})


def to_mapping(settings: Model) -> dict[str, Any]:
    """Returns every field as plain JSON values."""
    return {name: _plain(value) for name, value in settings}


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return to_mapping(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return str(value) if isinstance(value, Path) else value


def differences(settings: Model | None) -> dict[str, Any]:
    """Returns only the fields that differ from the defaults, as plain JSON values: what a preset holds.

    ``None`` (a preset that says nothing about a verb) has none.
    """
    if settings is None:
        return {}
    facts = facts_of(type(settings))
    return {name: _plain(value) for name, value in settings if facts[name].required or value != facts[name].default}


def changed(settings: Kind, **values: Any) -> Kind:
    """Returns the same settings with other values of some fields, checked again. Raises ``SettingsError``."""
    return type(settings)(**_given(settings) | values)


def in_digest(settings: Model) -> dict[str, Any]:
    """Returns the fields that records depend on; a newer one only where it differs from its default."""
    facts = facts_of(type(settings))
    return {
        name: value
        for name, value in settings
        if facts[name].in_digest and not (facts[name].newer and value == facts[name].default)
    }


def _given(settings: Model) -> dict[str, Any]:
    given = ((name, value) for name, value in settings if name in settings.model_fields_set)
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in given}


@dataclass(frozen=True)
class Facts(Said):
    """What is known of one field, for the page, the command line and the tables of the documentation."""

    name: str
    low: float | None
    high: float | None
    """Both inclusive; of each number where the field holds several. ``None`` = no bound."""
    default: Any
    """``None`` where the field has to be given."""
    required: bool
    kind: type[Any]
    """``bool``, ``int``, ``float``, ``str``, ``Path`` or a ``Model``: of one item where the field holds several."""
    many: bool
    """Whether it is a list."""
    named: bool
    """Whether it is an object of names and values."""
    optional: bool
    """Whether it may be ``None``."""
    marks: tuple[Any, ...]
    """What the annotation says beside the type, such as what a path is for (``paths.py``)."""

    @property
    def title(self) -> str:
        """What the page writes beside its control."""
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def whole(self) -> bool:
        """Whether it is one whole number."""
        return self.kind is int and not self.many and not self.named


@functools.cache
def facts_of(kind: type[Model]) -> Mapping[str, Facts]:
    """Returns the facts of each field of a model, by its name, in their order."""
    return MappingProxyType({name: _facts(name, field) for name, field in kind.model_fields.items()})


def _facts(name: str, field: FieldInfo) -> Facts:
    parts = list(_parts(field.annotation))
    types = [part for part in parts if isinstance(part, type)]
    marks = [*field.metadata, *(part for part in parts if not isinstance(part, type))]
    marks = [mark for outer in marks for mark in (outer.metadata if isinstance(outer, FieldInfo) else (outer,))]
    low, high = (next((getattr(m, bound) for m in marks if hasattr(m, bound)), None) for bound in ("ge", "le"))
    bounded = low != -LARGEST
    return Facts(
        **vars(_said(field)),
        name=name,
        low=low if bounded else None,
        high=high if bounded else None,
        default=None if field.is_required() else field.get_default(call_default_factory=True),
        required=field.is_required(),
        kind=next(part for part in reversed(types) if part is not NoneType),
        many=tuple in types,
        named=Mapping in types,
        optional=NoneType in types,
        marks=tuple(marks),
    )


def _parts(annotation: Any) -> Iterator[Any]:
    """Yields the types in an annotation from the outermost to the innermost, and what is said beside them."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from _parts(annotation.__origin__)
        yield from annotation.__metadata__
        return
    if origin is not None and origin not in (UnionType, typing.Union):
        yield origin
    for part in typing.get_args(annotation):
        if part is not Ellipsis:
            yield from _parts(part)
    if origin is None:
        yield annotation


def _said(field: FieldInfo) -> Said:
    said = field.json_schema_extra
    if not isinstance(said, Said):
        raise TypeError("every field of a model is declared with knob().")
    return said
