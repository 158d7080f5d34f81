"""run.json: which video, which settings, which program made a run. Fractions are stored as ``"30000/1001"``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from core import __version__
from core.errors import RunError
from core.records import VideoInfo
from core.store import files

SCHEMA = 1


@dataclass(frozen=True)
class RunFile:
    """What ``run.json`` holds."""

    video: VideoInfo
    settings: Mapping[str, Any]
    """Extract settings as plain JSON values (``config.to_mapping``)."""
    digest: str
    """Of the settings; two runs with one digest have the same records."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What a verb notes about itself, for instance ``{"state": "complete"}``; plain JSON values."""
    program: str = __version__
    schema: int = SCHEMA

    @property
    def fingerprint(self) -> str:
        """Of the video."""
        return self.video.fingerprint

    def matches(self, fingerprint: str, digest: str) -> bool:
        """Whether a run of this video with these settings can be resumed here."""
        return (self.fingerprint, self.digest) == (fingerprint, digest)


def write(path: Path, run: RunFile) -> None:
    """Writes ``run.json`` atomically. Raises ``StorageError`` when it cannot."""
    values = {
        "schema": run.schema,
        "program": run.program,
        "fingerprint": run.fingerprint,
        "digest": run.digest,
        "settings": dict(run.settings),
        "video": video_to_mapping(run.video),
        "extra": dict(run.extra),
    }
    files.write_json(path, values)


def read(path: Path) -> RunFile:
    """Reads ``run.json``.

    Raises:
        RunError: it is absent, damaged, or of a newer program.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing, so {path.parent} is not a run; run extract first.") from error
    try:
        return _parse(path, values)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError) as error:
        raise RunError(
            f"{path} is damaged ({_what(error)}); restore it from a copy, "
            f"or move {path.parent} away and run extract again."
        ) from error


def video_to_mapping(video: VideoInfo) -> dict[str, Any]:
    """Returns plain JSON values; fractions become ``"num/den"``."""
    values = {f.name: getattr(video, f.name) for f in dataclasses.fields(video)}
    return {k: f"{v.numerator}/{v.denominator}" if isinstance(v, Fraction) else v for k, v in values.items()}


def video_from_mapping(values: Mapping[str, Any]) -> VideoInfo:
    """Builds the VideoInfo that ``video_to_mapping`` wrote; keys that it does not know are left out.

    Raises:
        KeyError: a field is missing.
        ValueError: a field is of another type.
    """
    return VideoInfo(**{f.name: _field(f.name, str(f.type), values[f.name]) for f in dataclasses.fields(VideoInfo)})


def _parse(path: Path, values: Any) -> RunFile:
    if values["schema"] > SCHEMA:
        raise RunError(f"{path} has schema {values['schema']}, this program reads up to {SCHEMA}; update the program.")
    video = video_from_mapping(values["video"])
    if values["fingerprint"] != video.fingerprint:
        raise ValueError("its two fingerprints disagree")
    return RunFile(
        video=video,
        settings=_field("settings", "dict", values["settings"]),
        digest=_field("digest", "str", values["digest"]),
        extra=_field("extra", "dict", values.get("extra", {})),
        program=_field("program", "str", values["program"]),
        schema=values["schema"],
    )


def _field(name: str, wanted: str, value: Any) -> Any:
    kind, _, optional = wanted.partition(" | ")
    if value is None and optional == "None":
        return None
    if not IS[kind](value):
        raise ValueError(f"{name} = {value!r} is not of type {wanted}")
    return Fraction(value) if kind == "Fraction" else value


IS: dict[str, Callable[[Any], bool]] = {
    "str": lambda v: isinstance(v, str),
    "bool": lambda v: isinstance(v, bool),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "float": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "Fraction": lambda v: isinstance(v, str),
    "dict": lambda v: isinstance(v, dict),
}


def _what(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) and error.args else str(error)
