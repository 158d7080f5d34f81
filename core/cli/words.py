"""What the words of a command line become: paths that are made whole once, bounds, and the values of a verb's model."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import RunError, SettingsError, SourceError, StorageError
from core.settings.faces import FACE_PACKS
from core.settings.model import Facts, Model, differences, facts_of
from core.settings.paths import PathKind, absolute, kind_of, paths_of, source

Read = Callable[[str], Any]


def flags_of(facts: Facts) -> tuple[str, ...]:
    """Returns the flags of a field, the first one first.

    ``("",)``: it stands in its place. None at all: it is not offered, or it is a model, whose fields have theirs.
    """
    if facts.flags is not None:
        return facts.flags
    return () if issubclass(facts.kind, Model) else (f"--{facts.name.replace('_', '-')}",)


def reader(facts: Facts) -> Read:
    """Returns what makes a value of one word for a field."""
    kind = kind_of(facts)
    return facts.kind if kind is None else _one_sentence(PATHS.get(kind, absolute))


def _one_sentence(read: Read) -> Read:
    def path(word: str) -> Any:
        try:
            return read(word)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return path


def face_model(word: str) -> str:
    """Returns the name of a pack, or the absolute path of a folder."""
    return word if word in FACE_PACKS or ("/" not in word and not Path(word).is_dir()) else str(absolute(word))


def reference(word: str) -> str:
    """Returns a photo (``IMG``, ``IMG#N``) with its absolute path; ``person:ID`` and ``face:ROW`` as they are."""
    return word if word.startswith(("person:", "face:")) and not Path(word).exists() else str(absolute(word))


PATHS: Mapping[PathKind, Read] = {
    PathKind.SOURCE: source,
    PathKind.WEB: str,
    PathKind.FACE_MODEL: face_model,
    PathKind.FACE_REFERENCE: reference,
}
"""Kind of a path -> what a word becomes where that is not just an absolute path."""

# --- the values of a model


def typed(args: Mapping[str, Any], kind: type[Model], within: str = "") -> dict[str, Any]:
    """Returns the values of a model that were really typed, as plain values.

    Args:
        args: by their places in the model, as ``settings.every``.
        kind: the model.
        within: the place of the model, with a dot at its end.

    Raises:
        SettingsError: a bound is not COLUMN=NUMBER, or a column came twice.
    """
    values: dict[str, Any] = {}
    for name, facts in facts_of(kind).items():
        place = within + name
        if issubclass(facts.kind, Model):
            inner = typed(args, facts.kind, f"{place}.")
            if inner or place in args:
                values[name] = inner
        elif place in args:
            values[name] = _named(args[place], facts) if facts.named else args[place]
    return values


def _named(words: list[str], facts: Facts) -> dict[str, Any]:
    """The object that ``NAME=VALUE`` words make."""
    values: dict[str, Any] = {}
    for word in words:
        name, value = _pair(word, facts)
        if name in values:
            both = " and ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in (values[name], value))
            sentence = f"{flags_of(facts)[0]} {name} came twice ({both}); give it once."
            raise SettingsError(sentence, field=facts.name, key=name)
        values[name] = value
    return values


def _pair(word: str, facts: Facts) -> tuple[str, Any]:
    name, equals, text = word.partition("=")
    with contextlib.suppress(ValueError):
        if equals:
            return name.strip(), facts.kind(text)
    flag, (wanted, example) = flags_of(facts)[0], NAMED[facts.kind]
    sentence = f'{flag} "{word}" is not {wanted}, for example {flag} {example}.'
    raise SettingsError(sentence, code="setting_value", field=facts.name, value=word)


NAMED = {float: ("COLUMN=NUMBER", "sharpness=20"), str: ("ID=NAME", "0=Anna")}
"""Kind of the values of an object -> how a word has to be written, and an example."""


def preset_part(kind: type[Model]) -> tuple[str, str] | None:
    """Returns the field of a verb's arguments that a preset fills, and the part of the preset; ``None`` = no field."""
    from core.settings.extract import ExtractSettings
    from core.settings.filter import FilterSettings

    parts: dict[type, str] = {ExtractSettings: "extract", FilterSettings: "filter"}
    return next(((name, parts[facts.kind]) for name, facts in facts_of(kind).items() if facts.kind in parts), None)


def with_preset(values: dict[str, Any], kind: type[Model], name: str | None) -> dict[str, Any]:
    """Returns the values with those of a preset beneath them. Raises ``SettingsError`` for an unknown one."""
    part = preset_part(kind)
    if name is None or part is None:
        return values
    from core.store import presets

    field, of = part
    beneath = differences(getattr(presets.load(name), of))
    merged = beneath | values.get(field, {})
    return values | ({field: merged} if merged else {})


def written_to(kind: type[Model]) -> str | None:
    """Returns the flag that says where a verb writes; ``None`` = it has none."""
    places = (facts for facts in facts_of(kind).values() if kind_of(facts) is PathKind.WRITE)
    return next((flag for facts in places for flag in flags_of(facts)), None)


# --- what is looked at before a verb starts


def check_paths(arguments: Model) -> None:
    """Says what is wrong with a path where a verb would only see that the system refuses it.

    Raises:
        FramesieveError: a URL for a video, a file for a run, a file for a folder to write to.
    """
    for name, kind, value in paths_of(arguments):
        if (check := CHECKS.get(kind)) is not None:
            check(name, value)


def _check_source(name: str, value: Path | str) -> None:
    if not str(value).strip():
        sentence = "an empty path came, perhaps from a variable that is not set; name a video."
        raise SourceError(sentence, field=name)
    if isinstance(value, str) and not value.lower().startswith(("http://", "https://")):
        sentence = f"{value} is neither a file nor a web address that starts with http or https; check it."
        raise SourceError(sentence, field=name)


def _check_run(name: str, value: Path | str) -> None:
    if Path(value).is_file():
        sentence = f"{value} is a file, not a run folder; name the folder that extract made."
        raise RunError(sentence, field=name)


def _check_folder(name: str, value: Path | str) -> None:
    if Path(value).is_file():
        sentence = f"{value} is a file and a folder is wanted; choose another name for --{name}."
        raise StorageError(sentence, field=name)


CHECKS: Mapping[PathKind, Callable[[str, Path | str], None]] = {
    PathKind.SOURCE: _check_source,
    PathKind.RUN: _check_run,
    PathKind.WRITE: _check_folder,
}
"""What a path is for -> what is looked at."""
