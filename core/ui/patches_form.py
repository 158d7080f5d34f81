"""Between the form of Training Patches and a configuration: rows of videos, categories and formats, and the settings.

Everything that a person typed is checked here, so that an error names the row and the box that it speaks of. Not here:
the controls (``patches_tab``), what a configuration means (``core.pipeline.patches.config``).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from core import files
from core.errors import SettingsError, SourceError
from core.pipeline.patches import config as configuration
from core.pipeline.patches import formats
from core.pipeline.patches.config import FORM, Config, PatchVideo, stays_below
from core.settings.model import Model, differences, from_mapping
from core.settings.patches import CategoryRow, FormatRow, PatchSettings, VideoRow
from core.ui.places import Places
from core.video.folder import videos_below

Row = TypeVar("Row", bound=Model)
ROWS: Mapping[str, type[Model]] = {"videos": VideoRow, "categories": CategoryRow, "formats": FormatRow}
"""Table of the form -> what a row of it holds."""
SIZE = re.compile(r"\s*(\d{1,5})\s*[xX×]\s*(\d{1,5})\s*")
WEIGHT = re.compile(r"(.+?)[\s:=]+([0-9.]+)")
LEAST, MOST = 8, 16384
"""Pixels of a side of a patch."""


def values_of(form: Mapping[str, Any], settings: Mapping[str, Any], out: Path, places: Places) -> dict[str, Any]:
    """Returns the configuration that a form says, as plain JSON values; all paths in it are absolute.

    Args:
        form: ``videos``, ``categories`` and ``formats`` as lists of rows; a video may be its path alone, the categories
            an object of names and weights.
        settings: those of ``PatchSettings`` that are not to be as usual.
        out: the folder of the patches.
        places: the folders that may be read.

    Raises:
        SettingsError, SourceError: what is wrong, and where: ``field`` is the table, the facts ``row`` and ``column``.
    """
    categories = [(at, row) for at, row in _rows("categories", CategoryRow, form) if row.name or row.path]
    _names("categories", [(at, row.name) for at, row in categories])
    weights = {row.name.strip(): row.weight for _, row in categories if row.weight > 0}
    videos = _videos(form, weights, places)
    served = {name for video in videos for name in video["categories"]}
    values: dict[str, Any] = {
        "base_settings": {**differences(from_mapping(PatchSettings, settings)), "output_base_dir": str(out)},
        "category_targets": {row.name.strip(): row.target for _, row in categories if row.target is not None},
        "category_paths": {row.name.strip(): _below(at, row) for at, row in categories if row.path.strip()},
        "format_config": _formats(form, sorted(served)),
        "videos": videos,
    }
    configuration_of(values)
    return values


def configuration_of(values: Mapping[str, Any]) -> Config:
    """Returns the configuration of a form; what the tables did not show to be wrong is said of the whole form."""
    try:
        return configuration.from_values(values, FORM)
    except SettingsError as error:
        field = None if error.field == "config" else error.field
        raise SettingsError(str(error), code=error.code, field=field) from None


def form_of(path: Path) -> dict[str, Any]:
    """Returns what the form shows of a configuration file: its tables, ``settings`` by name, ``out``, ``workers``.

    Raises:
        SettingsError: it cannot be read, or means nothing.
    """
    config, raw = configuration.read(path), files.read_json(path)
    usual = _usual_weights(config)
    own = {**raw.get("categories", {}), **raw.get("format_config", {})}
    paths = {
        **raw.get("category_paths", {}),
        **{n: c["path"] for n, c in raw.get("categories", {}).items() if "path" in c},
    }
    return {
        "videos": [
            {
                "path": str(video.path),
                "name": "" if video.name == video.path.stem else video.name,
                "weights": "" if dict(video.weights) == usual else _told(video.weights),
            }
            for video in config.videos
        ],
        "categories": [
            {"name": name, "weight": usual.get(name, 0), "target": one.target, "path": paths.get(name, "")}
            for name, one in config.categories.items()
        ],
        "formats": [
            {"category": name, "name": size.name, "gt": _size(size.gt), "lr": _size(size.lr), "share": size.share}
            for name, one in config.categories.items()
            if name in own
            for size in one.formats
        ],
        "settings": differences(config.settings),
        "out": str(raw.get("base_settings", {}).get("output_base_dir", "")),
        "workers": config.workers,
    }


# --- the tables


def _rows(name: str, kind: type[Row], form: Mapping[str, Any]) -> list[tuple[int, Row]]:
    """Rows that say something, each with its place; rows that are empty are passed over."""
    given = form.get(name) or []
    if name == "categories" and isinstance(given, Mapping):
        given = [{"name": category, "weight": weight} for category, weight in given.items()]
    if not isinstance(given, list):
        raise SettingsError(f"{name} are wanted as a list of rows.", code="setting_type", field=name)
    found = []
    for at, row in enumerate(given):
        said = {"path": row} if isinstance(row, str) and name == "videos" else row
        if not isinstance(said, Mapping):
            raise SettingsError(f"row {at + 1} of {name} is no object.", code="setting_type", field=name, row=at)
        kept = {key: value for key, value in said.items() if value is not None}
        try:
            checked = from_mapping(kind, kept)
        except SettingsError as error:
            _wrong(name, at, error.field or "", str(error), error.code)
        found.append((at, checked))
    return found


def _wrong(table: str, row: int, column: str, sentence: str, code: str = "setting_range") -> NoReturn:
    raise SettingsError(sentence, code=code, field=table, row=row, column=column)


def _names(table: str, named: Iterable[tuple[int, str]]) -> None:
    seen: set[str] = set()
    for at, name in named:
        if not name.strip():
            _wrong(table, at, "name", "A name is wanted.")
        if name.strip() in seen:
            _wrong(table, at, "name", f'"{name.strip()}" stands here twice; give one of them another name.')
        seen.add(name.strip())


def _videos(form: Mapping[str, Any], weights: Mapping[str, float], places: Places) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for at, row in _rows("videos", VideoRow, form):
        if not row.path.strip():
            if row.name.strip() or row.weights.strip():
                _wrong("videos", at, "path", "A path is wanted: that of a video, or of a folder of videos.")
            continue
        own = _weights(at, row.weights) if row.weights.strip() else dict(weights)
        if not own:
            sentence = "No category has a weight above 0: name one, or give this video weights of its own."
            _wrong("categories", 0, "weight", sentence)
        for name, path in _paths(at, row, places):
            _same_name(at, found, name, path)
            found.append({"name": name, "path": str(path), "categories": own})
    if not found:
        _wrong("videos", 0, "path", "Name a video, or a folder of videos; or open a run.", "no_video")
    return found


def _same_name(at: int, found: list[dict[str, Any]], name: str, path: Path) -> None:
    """Refuses a video whose files would be called as those of an earlier one."""
    stem = PatchVideo(name, path, {}).stem
    other = next((one for one in found if PatchVideo(one["name"], path, {}).stem == stem), None)
    if other is not None:
        sentence = (
            f"{path.name} would write the files of {Path(other['path']).name}, patch_{stem}_...; name one of them."
        )
        _wrong("videos", at, "name", sentence)


def _paths(at: int, row: VideoRow, places: Places) -> list[tuple[str, Path]]:
    """The videos of a row with what they are called."""
    text = row.path.strip()
    try:
        if os.path.isdir(os.path.expanduser(text)) and places.allows(os.path.expanduser(text)):
            folder = Path(os.path.realpath(os.path.expanduser(text)))
            found = sorted(videos_below(folder, lambda _: None))
            if not found:
                _wrong("videos", at, "path", f"{text} holds no videos; name another folder.", "no_video")
            return [(path.relative_to(folder).with_suffix("").as_posix(), path) for path in found]
        path = places.source(text)
    except SourceError as error:
        _wrong("videos", at, "path", str(error), error.code)
    if not isinstance(path, Path):
        _wrong("videos", at, "path", f"{text} is a web address; download it first (Video Source).", "web_address")
    return [(row.name.strip() or path.stem, path)]


def _weights(at: int, text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in filter(None, (one.strip() for one in re.split(r"[,;]", text))):
        read = WEIGHT.fullmatch(part)
        weight = _number(read[2]) if read else None
        if read is None or weight is None or not 0 < weight <= 1000:
            _wrong("videos", at, "weights", f'"{part}" is no category and weight; master 0.25, toon 1 would be some.')
        found[read[1].strip()] = weight
    return found


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return int(found) if found.is_integer() else found


def _below(at: int, row: CategoryRow) -> str:
    if not stays_below(row.path.strip()):
        _wrong("categories", at, "path", f"{row.path} is no folder below that of the patches; Toon/Learn would be one.")
    return row.path.strip()


def _formats(form: Mapping[str, Any], served: list[str]) -> dict[str, Any]:
    """Sizes by category; those of no category are of all that have none of their own."""
    rows = [(at, row) for at, row in _rows("formats", FormatRow, form) if row.name.strip() or row.gt.strip()]
    found: dict[str, dict[str, Any]] = {}
    for at, row in rows:
        name, of = row.name.strip() or row.gt.strip().replace("×", "x"), row.category.strip()
        if of and of not in served:
            _wrong("formats", at, "category", f'no video serves the category "{of}"; empty means all of them.')
        if name in found.setdefault(of, {}):
            _wrong("formats", at, "name", f'"{name}" stands here twice; give one of them another name.')
        if not row.gt.strip() and name not in formats.GT:
            _wrong("formats", at, "gt", "A size is wanted, as in 540x540.")
        gt = _pixels(at, "gt", row.gt) if row.gt.strip() else formats.GT[name]
        lr = _pixels(at, "lr", row.lr) if row.lr.strip() else formats.lr_of(gt)
        if lr[0] > gt[0] or lr[1] > gt[1]:
            _wrong("formats", at, "lr", f"{row.lr} is larger than {row.gt}; a small picture is wanted.")
        found[of][name] = {"gt_size": list(gt), "lr_size": list(lr), "probability": row.share}
    for of, sizes in found.items():
        if not any(size["probability"] for size in sizes.values()):
            first = next(at for at, row in rows if row.category.strip() == of)
            _wrong("formats", first, "share", "One of the shares has to be above 0.")
    of_all = found.pop("", None)
    return {name: found.get(name, of_all) for name in served if name in found or of_all}


def _pixels(at: int, column: str, text: str) -> tuple[int, int]:
    read = SIZE.fullmatch(text)
    if read is None or not all(LEAST <= int(side) <= MOST for side in read.groups()):
        _wrong("formats", at, column, f'"{text}" is no size; width x height from {LEAST} to {MOST}, as in 540x540.')
    return int(read[1]), int(read[2])


# --- from a configuration


def _usual_weights(config: Config) -> dict[str, float]:
    """The weights that most videos have; of as many, those of the first."""
    counted = Counter(tuple(video.weights.items()) for video in config.videos)
    return dict(counted.most_common(1)[0][0])


def _told(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items())


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
