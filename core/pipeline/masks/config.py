"""The CONFIG of the original annotation tool, as JSON; its keys are fields of the arguments, some by other names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import files
from core.errors import RunError, SettingsError
from core.settings.masks import MaskArguments, MaskExport, MaskSettings
from core.settings.model import from_mapping, to_mapping
from core.settings.refusal import nearest

OTHER_NAMES = {
    "checkpoint": "weights",
    "sam2_weights_path": "weights",
    "model_config": "sam2_config",
    "sam2_model_config": "sam2_config",
}
"""Key of a CONFIG -> name of the field."""
PATHS = ("base_video_dir", "output_dir", "weights", "annotations", "run", "video")
TOP = tuple(name for name in MaskArguments.model_fields if name not in ("settings", "exports", "config"))


def with_config(arguments: MaskArguments) -> MaskArguments:
    """Returns the arguments with those of their CONFIG beneath: what was given itself wins.

    Relative paths are those of the working folder, else of the folder of the file.

    Raises:
        SettingsError: the file is absent, no JSON object, or a key or value of it means nothing.
    """
    if arguments.config is None:
        return arguments
    values = _placed(_read(arguments.config), arguments.config)
    whole = {name: value for name, value in to_mapping(arguments).items() if name in arguments.model_fields_set}
    for part in ("settings", "exports"):
        inner = getattr(arguments, part)
        given = {name: v for name, v in to_mapping(inner).items() if name in inner.model_fields_set}
        whole[part] = values.get(part, {}) | given
    top = {name: value for name, value in values.items() if name not in ("settings", "exports")}
    return from_mapping(MaskArguments, top | whole)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        raise SettingsError(
            f"{path} does not exist; name a CONFIG as JSON.", code="no_config", field="config"
        ) from None
    except RunError as error:
        raise SettingsError(f"{path} cannot be read as JSON; {error}", code="bad_config", field="config") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path} holds no JSON object of keys and values.", code="bad_config", field="config")
    return values


def _placed(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The values by where their fields lie."""
    placed: dict[str, Any] = {"settings": {}, "exports": {}}
    for key, value in values.items():
        name = OTHER_NAMES.get(key, key)
        if name in PATHS and isinstance(value, str):
            value = str(_found(value, path.parent))
        if name in MaskSettings.model_fields:
            placed["settings"][name] = value
        elif name in MaskExport.model_fields:
            placed["exports"][name] = value
        elif name in TOP:
            placed[name] = value
        else:
            known = (*TOP, *MaskSettings.model_fields, *MaskExport.model_fields, *OTHER_NAMES)
            raise SettingsError(
                f'"{key}" in {path} is not a key of a CONFIG{nearest(key, known)}.',
                code="bad_config",
                field="config",
                key=key,
            )
    return placed


def _found(text: str, folder: Path) -> Path:
    path = Path(text)
    return path if path.is_absolute() or path.exists() or not (folder / path).exists() else folder / path
