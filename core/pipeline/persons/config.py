"""``pipeline_config.yaml`` of older scripts, and our own sections in it: what it says of video, weights and stages.

``${var}`` stands for a key of ``global``, for ``outputs_dir`` or ``current_video``, or for a path of keys
(``${global.repo_root}``). Keys that are not known get a notice by name. Nothing is ever downloaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import inside
from core.errors import SettingsError, SourceError, WeightsError
from core.settings.model import changed, from_mapping, to_mapping
from core.settings.persons import PersonDetect, PersonGroup, PersonRank, PersonSettings, PersonTrack
from core.step import Notice

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
VARIABLE = re.compile(r"\$\{([^{}]*)\}")
SECTIONS: Mapping[str, type[PersonDetect | PersonTrack | PersonGroup | PersonRank]] = {
    "detect": PersonDetect,
    "track": PersonTrack,
    "group": PersonGroup,
    "rank": PersonRank,
}
"""Our own sections: settings by the names that the command line has."""
SILENT = ("stage7_select_person", "stage7_create_selection_table")
"""Sections that say nothing."""
WRITTEN = {"detections_file": "detections_raw.npz", "crops_cache_file": "crops_cache.pkl"}


@dataclass
class Config:
    """What the file says; ``None`` = nothing."""

    video: Path | None = None
    model: str | None = None
    models_dir: Path | None = None
    out: Path | None = None
    """The folder of the files of the video."""
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Section -> values that differ from the defaults."""
    notices: list[Notice] = field(default_factory=list)

    def applied(self, settings: PersonSettings) -> PersonSettings:
        """Returns settings with what the file says beneath what was given."""
        merged: dict[str, Any] = {}
        for name, kind in SECTIONS.items():
            given = getattr(settings, name)
            typed = {key: value for key, value in to_mapping(given).items() if key in given.model_fields_set}
            merged[name] = from_mapping(kind, self.settings.get(name, {}) | typed)
        return changed(settings, **merged)

    def weights(self) -> Path | None:
        """Returns the file of the model: itself where it is a path, else below ``models_dir``.

        Raises:
            WeightsError: it is not there; nothing is fetched.
        """
        if self.model is None:
            return None
        named = Path(self.model)
        places = [named] if named.is_absolute() else [*([self.models_dir / named] if self.models_dir else []), named]
        for path in places:
            if path.is_file():
                return path.absolute()
        if self.models_dir is not None and self.models_dir.is_dir():
            below = sorted(self.models_dir.rglob(named.name))
            if len(below) == 1:
                return below[0].absolute()
        looked = " or ".join(str(path) for path in places)
        raise WeightsError(
            f"the configuration names the model {self.model}, and there is no {looked}; copy it there, or name another "
            "one with --weights.",
            code="no_weights",
        )


def read(path: Path) -> Config:
    """Reads a configuration.

    Raises:
        SettingsError: it is no YAML of names and values, or a ``${var}`` means nothing or itself.
    """
    import yaml

    try:
        data = inside.read_bytes(path, inside.confined_to(), MOST_BYTES)
        values = yaml.safe_load(data)
    except FileNotFoundError:
        raise SettingsError(f"there is no {path}; check the path.", code="no_config", field="config") from None
    except OSError as error:
        why = error.strerror or error
        raise SettingsError(f"{path} cannot be read ({why}).", code="no_config", field="config") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        at = getattr(error, "problem_mark", None)
        where = f" (line {at.line + 1})" if at is not None else ""
        raise SettingsError(f"{path} is not YAML{where}; correct it.", code="bad_config", field="config") from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path} holds no names and values; correct it.", code="bad_config", field="config")
    return _Reader(path, values).config()


class _Reader:
    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self._path, self._values = path, values
        self._known: set[str] = set()
        """Dotted keys that were understood."""

    def config(self) -> Config:
        found = Config()
        video = self._text("global.video_file")
        found.video = None if video is None else Path(video).absolute()
        models = self._text("global.models_dir")
        self._take("global.repo_root")  # only variables lead to it
        found.models_dir = None if models is None else Path(models).absolute()
        found.model = self._text("stage1_detect.detector.model")
        self._confidence(found)
        self._folder(found)
        ratio = self._take("stage3_analyze.tracklet_merging.area_ratio_range")
        if ratio is not None:
            found.settings.setdefault("group", {})["area_ratio"] = self._numbers(ratio)
        for section in (*SILENT, "stage4a_reid_recovery", "stage3_analyze"):
            self._known.add(section)
        for name, kind in SECTIONS.items():
            own: Any = self._values.get(name)
            if isinstance(own, dict):
                self._known |= {f"{name}.{key}" for key in own} | {name}
                values = {key: self._resolved(value) for key, value in own.items()}
                from_mapping(kind, values)
                found.settings[name] = found.settings.get(name, {}) | values
        for key in self._unknown():
            text = f'{self._path.name}: the key "{key}" is not known here and changes nothing.'
            found.notices.append(Notice("config_key_unknown", text, {"key": key}))
        return found

    def _confidence(self, found: Config) -> None:
        confidence = self._take("stage1_detect.detector.confidence")
        if confidence is None:
            return
        if isinstance(confidence, bool) or not isinstance(confidence, (int, float)):
            raise self._wrong("stage1_detect.detector.confidence", confidence, "a number")
        usual = PersonDetect().confidence
        found.settings["detect"] = {"confidence": float(confidence)}
        if confidence > usual:
            text = (
                f"persons surer than {confidence:g} are found, as {self._path.name} says; {usual:g} loses fewer, and "
                "the tracker copes with weak boxes."
            )
            found.notices.append(Notice("high_confidence", text, {"confidence": confidence, "usual": usual}))

    def _folder(self, found: Config) -> None:
        keys = ("stage1_detect.output.detections_file", "stage1_detect.output.crops_cache_file")
        named = {key: self._text(key) for key in (*keys, "stage4a_reid_recovery.input.crops_cache_file")}
        outputs = self._text("global.outputs_dir") or self._text("outputs_dir") or "outputs"
        files = [Path(text) for text in named.values() if text]
        if files:
            found.out = files[0].absolute().parent
        elif found.video is not None:
            found.out = (Path(outputs) / found.video.stem).absolute()
        for key, text in named.items():
            usual = WRITTEN[key.rsplit(".", 1)[1]]
            if text and (Path(text).name != usual or Path(text).absolute().parent != found.out):
                said = f"{self._path.name}: {key} is {text}; it is {usual} in {found.out} here."
                found.notices.append(Notice("config_path", said, {"key": key}))

    # --- keys and variables

    def _take(self, dotted: str) -> Any:
        value: Any = self._values
        parts = dotted.split(".")
        for depth, part in enumerate(parts, 1):
            if not isinstance(value, dict) or part not in value:
                return None
            self._known.add(".".join(parts[:depth]))
            value = value[part]
        return value

    def _text(self, dotted: str) -> str | None:
        value = self._take(dotted)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(dotted, value, "text")
        text: str = self._resolved(value)
        return text if text.strip() else None

    def _resolved(self, value: Any, within: tuple[str, ...] = ()) -> Any:
        if isinstance(value, list):
            return [self._resolved(item, within) for item in value]
        if not isinstance(value, str):
            return value
        return VARIABLE.sub(lambda found: self._variable(found[1].strip(), within), value)

    def _variable(self, name: str, within: tuple[str, ...]) -> str:
        if name in within or len(within) > MOST_DEPTH:
            chain = " -> ".join((*within, name))
            raise SettingsError(
                f"{self._path}: ${{{name}}} means itself ({chain}); correct it.", code="bad_config", field="config"
            )
        for key in (f"global.{name}", name):
            value = self._take(key)
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                return str(self._resolved(str(value), (*within, name)))
        if name == "outputs_dir":
            return "outputs"
        if name == "current_video":
            video = self._take("global.video_file")
            if isinstance(video, str):
                return Path(self._resolved(video, (*within, name))).stem
        raise SettingsError(
            f"{self._path}: ${{{name}}} is not defined; put {name} under global.", code="bad_config", field="config"
        )

    def _numbers(self, value: Any) -> list[float]:
        numbers = value if isinstance(value, list) else []
        if len(numbers) != 2 or any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in numbers):
            raise self._wrong("stage3_analyze.tracklet_merging.area_ratio_range", value, "two numbers")
        return [float(n) for n in numbers]

    def _wrong(self, key: str, value: Any, wanted: str) -> SettingsError:
        sentence = f"{self._path}: {key} = {str(value)[:60]} is not {wanted}."
        return SettingsError(sentence, code="bad_config", field="config", key=key)

    def _unknown(self) -> list[str]:
        return [key for key in _leaves(self._values) if key not in self._known and not key.startswith("global.")] + [
            key for key in _leaves(self._values) if key.startswith("global.") and key not in self._known
        ]


def _leaves(values: Mapping[Any, Any], within: str = "", depth: int = 0) -> Iterator[str]:
    """Dotted keys of everything that holds no keys itself."""
    for key, value in values.items():
        name = f"{within}{key}"
        if isinstance(value, dict) and value and depth < MOST_DEPTH:
            yield from _leaves(value, f"{name}.", depth + 1)
        else:
            yield name


def videos_missing(config: Config, path: Path) -> SourceError:
    """Returns the error of a configuration that names no video."""
    sentence = f"{path} names no video (global.video_file), and none was given; name one."
    return SourceError(sentence, code="no_video", field="video")
