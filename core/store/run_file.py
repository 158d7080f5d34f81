"""Reads and writes run.json: video, settings and program of a run. Fractions are stored as ``"30000/1001"``."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from core import __version__, files
from core.errors import RunError
from core.records import VideoInfo

SCHEMA = 1


@dataclass(frozen=True)
class RunFile:
    """What ``run.json`` holds."""

    video: VideoInfo
    settings: Mapping[str, Any]
    """Extract settings as plain JSON values (``settings.model.to_mapping``)."""
    digest: str
    """Of the settings; two runs with one digest have the same records."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Notes of the verb that made the run, for instance ``{"state": "complete"}``; plain JSON values."""
    program: str = __version__
    schema: int = SCHEMA
    title: str | None = None
    """What people call the run; the folder keeps its name, by which a later extraction finds it."""

    @property
    def fingerprint(self) -> str:
        """Of the video."""
        return self.video.fingerprint

    def matches(self, fingerprint: str, digest: str) -> bool:
        """Whether this run is of that video with these settings, so that it can be resumed."""
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
    files.write_json(path, values | ({} if run.title is None else {"title": run.title}))


def title_of(path: Path) -> str | None:
    """Returns the title that a ``run.json`` holds; ``None`` without one, or where it cannot be read."""
    try:
        return read(path).title
    except RunError:
        return None


def read(path: Path) -> RunFile:
    """Reads ``run.json``.

    Raises:
        RunError: it is absent, damaged, or of a newer program.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError as error:
        raise RunError(
            f"{path} is missing, so {path.parent} is not a run; run extract first.", code="no_run"
        ) from error
    try:
        return _parse(path, values)
    except ValueError as error:
        raise RunError(
            f"{path} is damaged ({error}); restore it from a copy, or move {path.parent} away and run extract again.",
            code="damaged",
        ) from error


def video_to_mapping(video: VideoInfo) -> dict[str, Any]:
    """Returns plain JSON values; fractions become ``"num/den"``."""
    values = {f.name: getattr(video, f.name) for f in dataclasses.fields(video)}
    return {k: f"{v.numerator}/{v.denominator}" if isinstance(v, Fraction) else v for k, v in values.items()}


def video_from_mapping(values: Mapping[str, Any]) -> VideoInfo:
    """Builds the VideoInfo that ``video_to_mapping`` wrote; unknown keys are ignored.

    A field that has a default may be absent: older programs did not write it.

    Raises:
        ValueError: a field is missing or of another type.
    """
    known = [f for f in dataclasses.fields(VideoInfo) if f.default is dataclasses.MISSING or f.name in values]
    return VideoInfo(**{f.name: _field(f.name, str(f.type), values) for f in known})


def _parse(path: Path, values: Any) -> RunFile:
    if not isinstance(values, dict):
        raise ValueError("it is not an object")
    schema = _field("schema", "int", values)
    if schema > SCHEMA:
        raise RunError(
            f"{path} has schema {schema}, this program reads up to {SCHEMA}; update the program.", code="newer_schema"
        )
    video = video_from_mapping(_field("video", "dict", values))
    if _field("fingerprint", "str", values) != video.fingerprint:
        raise ValueError("its two fingerprints disagree")
    return RunFile(
        video=video,
        settings=_field("settings", "dict", values),
        digest=_field("digest", "str", values),
        extra=_field("extra", "dict", {"extra": {}} | values),
        program=_field("program", "str", values),
        schema=schema,
        title=_field("title", "str | None", {"title": None} | values),
    )


def _field(name: str, wanted: str, values: Mapping[str, Any]) -> Any:
    kind, _, optional = wanted.partition(" | ")
    if name not in values:
        raise ValueError(f"{name} is missing")
    value = values[name]
    if value is None and optional == "None":
        return None
    if not IS[kind](value):
        raise ValueError(f"{name} = {json.dumps(value, ensure_ascii=False)[:60]} is not {WANTED[kind]}")
    return Fraction(value) if kind == "Fraction" else value


def _is_fraction(value: Any) -> bool:
    return isinstance(value, str) and FRACTION.fullmatch(value) is not None


FRACTION = re.compile(r"-?[0-9]{1,19}/[1-9][0-9]{0,18}")
LARGEST = 2**53
"""Up to here every JSON reader has whole numbers exactly, and no count, size or time of a video is larger."""
IS: dict[str, Callable[[Any], bool]] = {
    "str": lambda v: isinstance(v, str),
    "bool": lambda v: isinstance(v, bool),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool) and abs(v) <= LARGEST,
    "float": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) <= LARGEST,
    "Fraction": _is_fraction,
    "dict": lambda v: isinstance(v, dict),
}

WANTED = {
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "Fraction": 'a fraction such as "30000/1001"',
    "dict": "an object",
}
