"""Presets: named settings in presets/<name>.json. Only what differs from the defaults is stored.

A preset may hold settings of ``extract``, of ``filter``, or of both, and ``about``, a text that says what it is for.
What belongs to one video (people, shots, frames kept or rejected by hand) is never part of a preset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import files
from core.errors import RunError, SettingsError
from core.settings.columns import RANKED_BEFORE
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.settings.model import differences, from_mapping, nearest

SHIPPED = Path(__file__).resolve().parents[2] / "presets"
"""The presets that come with the program."""

NAME = re.compile(r"\w[\w .()+-]{0,62}(?<![ .])")
OF_ONE_VIDEO = ("person_ids", "shots", "keep", "reject")
KINDS: dict[str, Any] = {"extract": ExtractSettings, "filter": FilterSettings}
BEFORE: dict[str, dict[str, Any]] = {"filter": {"rank_by": RANKED_BEFORE}}
"""What a preset means that does not say it: it was saved before another default came. New ones always say it."""


@dataclass(frozen=True)
class Preset:
    """Settings under one name; ``None`` = the preset says nothing about that verb."""

    extract: ExtractSettings | None = None
    filter: FilterSettings | None = None
    about: str = ""
    """What it is for, in a sentence or two that people see."""


def names(folder: Path = SHIPPED) -> list[str]:
    """Returns the names of all presets, sorted; none when the folder is absent."""
    found = (path.stem for path in Path(folder).glob("*.json"))
    return sorted(name for name in found if NAME.fullmatch(name))


def load(name: str, folder: Path = SHIPPED) -> Preset:
    """Reads a preset.

    Raises:
        SettingsError: there is no such preset, it is not JSON, or it has an unknown key or a value out of range.
    """
    path = preset_path(name, folder)
    try:
        values = files.read_json(path)
    except FileNotFoundError as error:
        raise _no_preset(name, folder) from error
    except RunError as error:
        raise SettingsError(f'preset "{name}": {error}', code="bad_preset") from error
    return _parse(name, values)


def save(name: str, preset: Preset, folder: Path = SHIPPED) -> Path:
    """Writes a preset atomically, over an older one of that name, and returns its path.

    Raises:
        SettingsError: the name cannot be a file name.
        StorageError: the folder cannot be written.
    """
    path = preset_path(name, folder)
    values: dict[str, Any] = {"about": preset.about} if preset.about else {}
    for kind in KINDS:
        settings = getattr(preset, kind)
        if settings is not None:
            different = differences(settings)
            values[kind] = {k: v for k, v in different.items() if k not in OF_ONE_VIDEO}
            values[kind] |= {"rank_by": settings.rank_by} if kind == "filter" else {}
    files.make_folder(path.parent)
    files.write_json(path, values)
    return path


def delete(name: str, folder: Path = SHIPPED) -> None:
    """Removes a preset.

    Raises:
        SettingsError: there is no such preset.
        StorageError: the folder cannot be written.
    """
    path = preset_path(name, folder)
    if not path.is_file():
        raise _no_preset(name, folder)
    with files.storage_errors(path):
        path.unlink()


def _no_preset(name: str, folder: Path) -> SettingsError:
    sentence = f'there is no preset "{name}"{nearest(name, names(folder))}.'
    return SettingsError(sentence, code="no_preset", field="preset")


def preset_path(name: str, folder: Path = SHIPPED) -> Path:
    """Returns where a preset of this name lives.

    Raises:
        SettingsError: the name has a path separator, starts with a dot, or is longer than 63 characters.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(
            f'"{name}" cannot name a preset; use up to 63 letters, digits, blanks and any of . _ - + ( ), '
            "starting with a letter or a digit.",
            code="preset_name",
            field="name",
        )
    return Path(folder) / f"{name}.json"


def _parse(name: str, values: Any) -> Preset:
    if not isinstance(values, dict):
        raise SettingsError(f'preset "{name}" is not a JSON object with "extract" or "filter".', code="bad_preset")
    found: dict[str, Any] = {"about": values.get("about", "")}
    if not isinstance(found["about"], str):
        raise SettingsError(f'preset "{name}": "about" is not text.', code="bad_preset", field="about")
    for key, part in values.items():
        if key == "about":
            continue
        if key not in KINDS:
            known = ("about", *KINDS)
            raise SettingsError(
                f'preset "{name}": "{key}" is not a part of a preset{nearest(key, known)}.',
                code="bad_preset",
                field=key,
            )
        if not isinstance(part, dict):
            raise SettingsError(
                f'preset "{name}": "{key}" is not a JSON object of settings.', code="bad_preset", field=key
            )
        try:
            found[key] = from_mapping(KINDS[key], BEFORE.get(key, {}) | part)
        except SettingsError as error:
            raise error.reworded(f'preset "{name}": {error}') from error
    return Preset(**found)
