"""The configuration of training patches: the JSON of the original tool, and our keys beside its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import files
from core.errors import RunError, SettingsError
from core.pipeline.patches import formats
from core.pipeline.patches.formats import Format
from core.settings.model import from_mapping
from core.settings.patches import PatchFormat, PatchSettings
from core.settings.refusal import nearest
from core.step import Notice

FORM = Path("this form")
"""In place of a file, in the sentences of errors: the values of the page."""

TOP = ("base_settings", "category_targets", "category_paths", "format_config", "categories", "videos")
OURS = ("seed", "layout", "counts", "lr_filter")
"""Settings that may stand at the top, beside ``base_settings``."""
PLACES = ("max_workers", "output_base_dir", "status_file", "temp_dir")
"""Keys of ``base_settings`` that say where and by how many, not what."""
NOT_NEEDED = Notice("temp_dir", "temp_dir of the configuration is not needed: nothing is put aside on the disk.")
UNSAFE = re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True)
class Category:
    """Where the patches of a category go, and their sizes."""

    name: str
    path: str
    """Below the folder of the patches, with ``/``."""
    formats: tuple[Format, ...]
    target: int | None
    """Patches that are wanted; ``None`` = not said."""


@dataclass(frozen=True)
class PatchVideo:
    """A video and the weight of each category that it serves."""

    name: str
    path: Path
    weights: Mapping[str, float]

    @property
    def stem(self) -> str:
        """The name as it stands in names of files."""
        return UNSAFE.sub("_", self.name)


@dataclass(frozen=True)
class Config:
    """What a configuration says."""

    settings: PatchSettings
    categories: Mapping[str, Category]
    videos: tuple[PatchVideo, ...]
    out: Path
    workers: int | None
    status_name: str
    notices: tuple[Notice, ...] = field(default=())


def read(path: Path) -> Config:
    """Reads a configuration; paths in it are those of the working folder, else of the folder of the file.

    Raises:
        SettingsError: it is absent or no JSON object, a key or value means nothing, a category is served and not
            known, or two videos or categories would write the same files.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        raise SettingsError(f"there is no {path}; check the path.", code="no_config", field="config") from None
    except RunError as error:
        raise SettingsError(f"{path} cannot be read as JSON; {error}", code="bad_config", field="config") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path} holds no JSON object of keys and values.", code="bad_config", field="config")
    return from_values(values, path)


def from_values(values: Mapping[str, Any], path: Path) -> Config:
    """Returns what the values of a configuration say; ``path`` is the file that they come from. Raises as ``read``."""
    return _Reader(values, path).config()


class _Reader:
    def __init__(self, values: Mapping[str, Any], path: Path) -> None:
        self._values, self._path = values, path

    def config(self) -> Config:
        self._known(self._values, (*TOP, *OURS), "")
        base = self._part("base_settings")
        self._known(base, (*PLACES, *PatchSettings.model_fields), "base_settings.")
        chosen = {key: value for key, value in base.items() if key not in PLACES}
        settings = from_mapping(PatchSettings, chosen | {key: self._values[key] for key in OURS if key in self._values})
        videos = tuple(self._video(number, video) for number, video in enumerate(self._list("videos")))
        served = {name: None for video in videos for name in video.weights}
        categories = {name: self._category(name) for name in served}
        self._check_apart(videos, categories)
        out = base.get("output_base_dir", "patches")
        status = Path(str(base.get("status_file", ".generator_status.json"))).name
        notices = (NOT_NEEDED,) if "temp_dir" in base else ()
        return Config(settings, categories, videos, Path(str(out)), self._workers(base), status, notices)

    def _workers(self, base: Mapping[str, Any]) -> int | None:
        found = base.get("max_workers")
        if found is not None and (not isinstance(found, int) or isinstance(found, bool) or found < 1):
            raise self._wrong("base_settings.max_workers", found, "a whole number from 1")
        return found

    def _video(self, number: int, values: Any) -> PatchVideo:
        at = f"videos[{number}]"
        if not isinstance(values, dict):
            raise self._wrong(at, values, "an object with name, path and categories")
        self._known(values, ("name", "path", "categories"), f"{at}.")
        path, weights = values.get("path"), values.get("categories")
        if not isinstance(path, str) or not path:
            raise self._wrong(f"{at}.path", path, "the path of a video")
        if not isinstance(weights, dict) or not weights:
            raise self._wrong(f"{at}.categories", weights, "an object of categories and weights")
        for name, weight in weights.items():
            if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 < weight <= 1000:
                raise self._wrong(f"{at}.categories.{name}", weight, "a weight above 0, at most 1000")
        return PatchVideo(str(values.get("name") or Path(path).stem), self._found(path), weights)

    def _category(self, name: str) -> Category:
        ours = self._part("categories").get(name, {})
        if not isinstance(ours, dict):
            raise self._wrong(f"categories.{name}", ours, "an object with path and formats")
        self._known(ours, ("path", "formats"), f"categories.{name}.")
        usual = f"{name.capitalize()}/{name.capitalize()}Model/Learn"
        path = ours.get("path", self._part("category_paths").get(name, usual))
        if not isinstance(path, str) or not stays_below(path):
            raise self._wrong(f"path of {name}", path, "a path below the folder of the patches")
        target = self._part("category_targets").get(name)
        if target is not None and (not isinstance(target, int) or isinstance(target, bool) or target < 0):
            raise self._wrong(f"category_targets.{name}", target, "a number of patches")
        shares = ours.get("formats", self._part("format_config").get(name, formats.SHARES.get(name, formats.ANY_OTHER)))
        return Category(name, path.strip("/"), self._formats(name, shares), target)

    def _formats(self, category: str, shares: Any) -> tuple[Format, ...]:
        at = f"formats of {category}"
        if not isinstance(shares, dict) or not shares:
            raise self._wrong(at, shares, "an object of formats and shares")
        found = [self._format(f"{at}, {name}", name, share) for name, share in shares.items()]
        total = sum(one.share for one in found)
        if total <= 0:
            raise self._wrong(at, total, "shares that sum up to more than 0")
        return tuple(Format(one.name, one.gt, one.lr, one.share / total) for one in found)

    def _format(self, at: str, name: str, share: Any) -> Format:
        values = dict(share) if isinstance(share, dict) else {"probability": share}
        if "gt_size" not in values:
            if name not in formats.GT:
                raise self._wrong(at, share, f"gt_size and lr_size, as {name} is none of {', '.join(formats.GT)}")
            values["gt_size"] = list(formats.GT[name])
        if not _is_size(values["gt_size"]):
            raise self._wrong(f"{at}, gt_size", values["gt_size"], "[width, height] in pixels")
        values.setdefault("lr_size", list(formats.lr_of(tuple(values["gt_size"]))))
        try:
            checked = from_mapping(PatchFormat, values)
        except SettingsError as error:
            raise SettingsError(f"{self._path}: {at}: {error}", code="bad_config", field="config") from None
        return Format(name, checked.gt_size, checked.lr_size, float(checked.probability))

    def _check_apart(self, videos: tuple[PatchVideo, ...], categories: Mapping[str, Category]) -> None:
        if not videos:
            raise SettingsError(f"{self._path} names no videos; list them.", code="bad_config", field="config")
        for noun, named in (
            ("videos", [(video.stem, video.name) for video in videos]),
            ("categories", [(category.path, category.name) for category in categories.values()]),
        ):
            seen: dict[str, str] = {}
            for key, name in named:
                if key in seen:
                    raise SettingsError(
                        f'the {noun} "{seen[key]}" and "{name}" of {self._path} would write the same files '
                        f"({key}); give one of them another {'name' if noun == 'videos' else 'path'}.",
                        code="bad_config",
                        field="config",
                    )
                seen[key] = name

    def _part(self, name: str) -> Mapping[str, Any]:
        found = self._values.get(name, {})
        if not isinstance(found, dict):
            raise self._wrong(name, found, "an object")
        return found

    def _list(self, name: str) -> list[Any]:
        found = self._values.get(name, [])
        if not isinstance(found, list):
            raise self._wrong(name, found, "a list")
        return found

    def _known(self, values: Mapping[str, Any], known: tuple[str, ...], at: str) -> None:
        for key in values:
            if key not in known:
                raise SettingsError(
                    f'"{at}{key}" in {self._path} is not a key of a configuration{nearest(key, known)}.',
                    code="bad_config",
                    field="config",
                    key=key,
                )

    def _wrong(self, at: str, came: Any, wanted: str) -> SettingsError:
        return SettingsError(
            f"{at} in {self._path} is {came!r}; {wanted} is wanted.", code="bad_config", field="config"
        )

    def _found(self, text: str) -> Path:
        path, beside = Path(text), self._path.parent / text
        return (beside if not path.is_absolute() and not path.exists() and beside.exists() else path).absolute()


def stays_below(path: str) -> bool:
    """Whether a path with ``/`` names something below the folder that it is meant for."""
    parts = Path(path.strip("/")).parts
    return bool(parts) and not any(part in ("..", ".") for part in parts) and "\\" not in path and "\0" not in path


def _is_size(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(type(one) is int and one > 0 for one in value)
