"""Settings that were given and that nothing reads beside the others: said in a sentence, never passed over in silence.

Which setting is read beside which other one is stated where it is declared (``knob(read_with=...)``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import SettingsError
from core.settings.model import Facts, Model, differences, facts_of
from core.settings.refusal import shown


@dataclass(frozen=True)
class Unread:
    """A setting that changes nothing."""

    name: str
    value: Any
    is_default: bool
    beside: tuple[tuple[Facts, Any], ...]
    """The settings of which one would have to be another, and their values now."""
    wanted: tuple[tuple[Any, ...], ...]
    """Of each the values that would do; none = any but the default."""

    @property
    def of_other_way(self) -> bool:
        """Whether it belongs to another way than the one that is gone, such as another method; else it is a detail."""
        return any(facts.choices for facts, _ in self.beside)

    @property
    def sentence(self) -> str:
        """What is wrong, and what to do."""
        now = " and ".join(_now(facts, value) for facts, value in self.beside)
        give = " or ".join(_give(facts, values) for (facts, _), values in zip(self.beside, self.wanted, strict=True))
        return f"{self.name} = {_text(self.value)} changes nothing, since {now}; give {give}, or leave {self.name} out."


def unread(settings: Model) -> Iterator[Unread]:
    """Yields what was given and changes nothing, of models within this one too."""
    facts = facts_of(type(settings))
    for name in facts:
        value = getattr(settings, name)
        if name not in settings.model_fields_set:
            continue
        beside = facts[name].read_with
        if beside and not any(_reads(facts[other], getattr(settings, other), beside[other]) for other in beside):
            now = tuple((facts[other], getattr(settings, other)) for other in beside)
            yield Unread(name, value, value == facts[name].default, now, tuple(beside.values()))
        elif isinstance(value, Model):
            yield from unread(value)


def check_typed(settings: Model, typed: Mapping[str, Any]) -> None:
    """Refuses what somebody typed for another way than the usual one without naming that way: it would not be gone.

    Who names both (``--method all --interval 2``) gets what the way says, and a notice (``unread``).

    Args:
        settings: what came of the words, and perhaps of a preset beneath them.
        typed: the values that were typed, as plain values.

    Raises:
        SettingsError: the first one.
    """
    names = {*typed, *(name for part in typed.values() if isinstance(part, Mapping) for name in part)}
    for one in unread(settings):
        if one.of_other_way and one.name in names and not any(facts.name in names for facts, _ in one.beside):
            raise SettingsError(one.sentence, code="setting_unread", field=one.name, value=one.value)


def _reads(facts: Facts, value: Any, wanted: tuple[Any, ...]) -> bool:
    return value in wanted if wanted else value != facts.default


def _now(facts: Facts, value: Any) -> str:
    if value is None or isinstance(value, (bool, Model)) or value == ():
        return f"{facts.name} is {'on' if value is True else 'off' if value is False else 'not given'}"
    return f"{facts.name} is {_text(value)}"


def _give(facts: Facts, wanted: tuple[Any, ...]) -> str:
    if not wanted or wanted == (True,):
        return facts.name
    return f"{facts.name} = {' or '.join(_text(value) for value in wanted)}"


def _text(value: Any) -> str:
    if isinstance(value, Model):
        return shown(differences(value))
    return str(value) if isinstance(value, (str, Path)) else shown(value)
