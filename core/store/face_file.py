"""faces.json: with which model the faces of a run were read, whose face is looked for, and who was found."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError
from core.store import files

SCHEMA = 1


@dataclass(frozen=True)
class Reference:
    """One face to compare with."""

    label: str
    """What was given: the path of a photo with ``#N``, ``person:3`` or ``face:17``."""
    vector: tuple[float, ...]
    """D numbers, unit length."""


@dataclass(frozen=True)
class Person:
    """A group of faces that look like one person; ids count from 0, the largest group first."""

    id: int
    rows: tuple[int, ...]
    """Of ``faces.jsonl``, ascending."""
    name: str = ""


@dataclass(frozen=True)
class FaceFile:
    """What ``faces.json`` holds."""

    model: str
    """Name of the pack or of its folder."""
    digest: str
    """Of the weights."""
    dimension: int
    min_confidence: float
    provider: str = "CPU"
    """What the model ran on last: ``"CPU"`` or ``"CUDA"``."""
    references: tuple[Reference, ...] = ()
    people: tuple[Person, ...] | None = None
    """``None`` = people were not looked for; faces in no group are single."""
    read_from: int | None = None
    """A pass over a finished run that has not ended: its first row."""
    read_to: int = -1
    """The last ordinal whose faces that pass has written."""
    second_look: bool = False
    """Whether faces that fill the picture were looked for: not in runs that an older program began."""

    @property
    def reference_vectors(self) -> NDArray[np.float32]:
        """(R, D) float32."""
        return np.array([r.vector for r in self.references], np.float32).reshape(-1, self.dimension)


def write(path: Path, faces: FaceFile, *, sync: bool = True) -> None:
    """Writes it atomically. Raises ``StorageError`` when it cannot."""
    values = {"schema": SCHEMA} | {f.name: _plain(getattr(faces, f.name)) for f in dataclasses.fields(faces)}
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
                f"{path} has schema {values['schema']}, this program reads up to {SCHEMA}; update the program."
            )
        return _parse(values)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise RunError(
            f"{path} is damaged ({error!r}); move it away with faces.jsonl and read the faces again."
        ) from error


MOST_DIMENSION, MOST_ID, MOST_NAME = 4096, 2**31, 1000
"""Numbers of a vector, rows and people, letters of a name: more than there can be, little enough to be handled."""


def _parse(values: Mapping[str, Any]) -> FaceFile:
    people = values["people"]
    dimension = int(values["dimension"])
    if not 1 <= dimension <= MOST_DIMENSION:
        raise ValueError(f"dimension is {dimension}")
    for person in people or ():
        _check_ids(person["id"], *person["rows"])
        if len(str(person["name"])) > MOST_NAME:
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
        people=None
        if people is None
        else tuple(Person(int(p["id"]), tuple(map(int, p["rows"])), str(p["name"])) for p in people),
        read_from=None if values["read_from"] is None else int(values["read_from"]),
        read_to=int(values["read_to"]),
        second_look=bool(values.get("second_look", False)),
    )


def _check_ids(*ids: Any) -> None:
    if not all(type(number) is int and 0 <= number < MOST_ID for number in ids):
        raise ValueError("a person or a row is no number from 0")


def _plain(value: Any) -> Any:
    if isinstance(value, (Reference, Person)):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
