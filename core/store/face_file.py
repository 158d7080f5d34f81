"""Reads and writes faces.json: a run's face model, the references to compare with, and groups of its faces.

Whom a group shows is a person of the video: names and ids are kept beside its persons (``person_edits``), not here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError

SCHEMA = 2
"""1: groups were called people, and had ids and names of their own."""


@dataclass(frozen=True)
class Reference:
    """One face to compare with."""

    label: str
    """As it was given: the path of a photo with ``#N``, ``person:3`` or ``face:17``."""
    vector: tuple[float, ...]
    """D numbers, unit length."""


@dataclass(frozen=True)
class FaceGroup:
    """A group of faces that look like one person: evidence for that person."""

    person: int
    """Id of a person of the video, as it was when the faces were grouped."""
    rows: tuple[int, ...]
    """Row numbers in ``faces.jsonl``, ascending."""


@dataclass(frozen=True)
class FaceFile:
    """What ``faces.json`` holds."""

    model: str
    """Name of the pack or of its folder."""
    digest: str
    """16 hex digits over the weights; vectors of two models are never compared."""
    dimension: int
    min_confidence: float
    provider: str = "CPU"
    """Where the model ran last: ``"CPU"`` or ``"CUDA"``."""
    references: tuple[Reference, ...] = ()
    face_groups: tuple[FaceGroup, ...] | None = None
    """The largest first; ``None`` = faces were not grouped yet; faces in no group are single."""
    read_from: int | None = None
    """First row of an unfinished pass over a finished run; ``None`` = there is no such pass."""
    read_to: int = -1
    """Last ordinal whose faces that pass has written."""
    second_look: bool = False
    """Whether the detector's second look (``models.face_detector``) was used; ``False`` in runs of older programs."""
    old_names: Mapping[int, str] | None = None
    """Of a file of schema 1: names by the ids of its own; ``None`` = the ids are those of persons of the video."""

    @property
    def reference_vectors(self) -> NDArray[np.float32]:
        """(R, D) float32."""
        return np.array([r.vector for r in self.references], np.float32).reshape(-1, self.dimension)


def write(path: Path, faces: FaceFile, *, sync: bool = True) -> None:
    """Writes it atomically. Raises ``StorageError`` when it cannot."""
    values = {"schema": SCHEMA} | {f.name: _plain(getattr(faces, f.name)) for f in dataclasses.fields(faces)}
    if (names := values.pop("old_names")) is not None:  # as it was until its ids are those of persons
        groups = values.pop("face_groups")
        people = groups and [{"id": g["person"], "rows": g["rows"], "name": names.get(g["person"], "")} for g in groups]
        values |= {"schema": 1, "people": people}
    if sync:
        files.write_json(path, values, indent=None)
    else:
        import json

        files.write_bytes(path, json.dumps(values, allow_nan=False).encode(), sync=False)


def read(path: Path) -> FaceFile | None:
    """Reads it; ``None`` = no faces were read in this run.

    Raises:
        RunError: it is damaged or of a newer program.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        return None
    try:
        if values["schema"] > SCHEMA:
            raise RunError(
                f"{path} has schema {values['schema']}, this program reads up to {SCHEMA}; update the program.",
                code="newer_schema",
            )
        return _parse(values)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise RunError(
            f"{path} is damaged ({error!r}); move it away with faces.jsonl and read the faces again.", code="damaged"
        ) from error


MOST_DIMENSION, MOST_ID, MOST_NAME = 4096, 2**31, 1000
"""Limits of the length of a vector, of row and person numbers, of the letters of a name, against files made by hand."""


def _parse(values: Mapping[str, Any]) -> FaceFile:
    old = values["schema"] < SCHEMA
    groups = values["people" if old else "face_groups"]
    who = "id" if old else "person"
    dimension = int(values["dimension"])
    if not 1 <= dimension <= MOST_DIMENSION:
        raise ValueError(f"dimension is {dimension}")
    for group in groups or ():
        _check_ids(group[who], *group["rows"])
        if old and len(str(group["name"])) > MOST_NAME:
            raise ValueError("a name is too long")
    for reference in values["references"]:
        if len(reference["vector"]) != dimension or not all(map(math.isfinite, reference["vector"])):
            raise ValueError("a reference has not its numbers")
    return FaceFile(
        model=str(values["model"]),
        digest=str(values["digest"]),
        dimension=dimension,
        min_confidence=float(values["min_confidence"]),
        provider=str(values["provider"]),
        references=tuple(Reference(str(r["label"]), tuple(map(float, r["vector"]))) for r in values["references"]),
        face_groups=None
        if groups is None
        else tuple(FaceGroup(int(group[who]), tuple(map(int, group["rows"]))) for group in groups),
        read_from=None if values["read_from"] is None else int(values["read_from"]),
        read_to=int(values["read_to"]),
        second_look=bool(values.get("second_look", False)),
        old_names={int(group["id"]): str(group["name"]) for group in groups} if old and groups else None,
    )


def _check_ids(*ids: Any) -> None:
    if not all(type(number) is int and 0 <= number < MOST_ID for number in ids):
        raise ValueError("a person or a row is no number from 0")


def _plain(value: Any) -> Any:
    if isinstance(value, (Reference, FaceGroup)):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
