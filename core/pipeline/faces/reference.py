"""Whose face is looked for: photos, people of the run or single faces of it become vectors to compare with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.advice import advice
from core.errors import SettingsError, SourceError
from core.models import FaceReader
from core.pipeline.faces.advice import why_no_face
from core.pipeline.faces.people import Person
from core.records import Faces
from core.store.face_file import Reference
from core.video.photos import read_photo

OF_THE_RUN = re.compile(r"(person|face):(\d{1,9})")
CHOSEN = re.compile(r"(.+)#(\d{1,3})")


def faces_in(photo: Path, reader: FaceReader) -> tuple[NDArray[np.uint8], Faces]:
    """Returns a photo, (H, W, 3) uint8 RGB, and its faces from left to right: the order in which people number them.

    Raises:
        SourceError: it is not a picture.
    """
    rgb = read_photo(photo)
    faces = reader.read(rgb, "photo")
    return rgb, faces[np.argsort(faces.boxes[:, 0] + faces.boxes[:, 2], kind="stable")]


def from_photo(text: str, reader: FaceReader) -> Reference:
    """Returns the face of a photo, ``IMG`` or ``IMG#N`` (N counts from 1, from the left).

    Raises:
        SourceError: not a picture, or nobody's face is on it.
        SettingsError: several faces and none chosen, or there is no such face.
    """
    path, number = split(text)
    rgb, faces = faces_in(path, reader)
    if not len(faces):
        sentence = f"no face was found on {path}: {why_no_face(rgb, reader)}."
        raise SourceError(sentence, code="no_face", field="face_refs", photo=text)
    if number is None and len(faces) > 1:
        raise SettingsError(
            f"{path} shows {len(faces)} faces; choose one with #1 to #{len(faces)} behind the name, or with --face "
            "(counted from the left).",
            code="several_faces",
            field="face_refs",
            photo=text,
            faces=len(faces),
        )
    if number is not None and not 1 <= number <= len(faces):
        shows = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        raise SettingsError(
            f"{path} shows {shows}, so there is no face {number}; they are counted from 1, from the left.",
            code="no_face",
            field="face_refs",
            photo=text,
            faces=len(faces),
        )
    vector = faces.vectors[(number or 1) - 1]
    return Reference(f"{path}#{number or 1}", tuple(vector.tolist()))


def split(text: str) -> tuple[Path, int | None]:
    """Returns the path of ``IMG`` or ``IMG#N``, and N; a file whose own name ends in #N is that file."""
    found = CHOSEN.fullmatch(text)
    if found is None or Path(text).exists():
        return Path(text), None
    return Path(found[1]), int(found[2])


def is_photo(text: str) -> bool:
    """Whether a reference is a photo, not a person or a face of the run."""
    return OF_THE_RUN.fullmatch(text) is None


def from_run(text: str, people: Sequence[Person] | None, vectors: NDArray[np.float32]) -> Reference:
    """Returns ``person:ID`` (the mean direction of the faces of that person) or ``face:ROW`` of a run.

    Raises:
        SettingsError: there is no such person or face.
    """
    found = OF_THE_RUN.fullmatch(text)
    assert found is not None
    number = int(found[2])
    if found[1] == "face":
        if number >= len(vectors):
            sentence = f"this run has {len(vectors)} faces, so there is no {text}; they are counted from 0."
            raise SettingsError(sentence, code="no_face", field="face_refs", faces=len(vectors))
        return Reference(text, tuple(vectors[number].tolist()))
    person = next((p for p in people or () if p.id == number), None)
    if person is None:
        what = "people were not looked for in this run" if people is None else f"it has {len(people)}"
        find = advice("run faces with --people and see who is there", "choose Find people, or another reference")
        sentence = f"there is no {text}: {what}; {find}."
        raise SettingsError(sentence, code="no_person", field="face_refs")
    mean = np.asarray(vectors[list(person.rows)], np.float64).mean(axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-12)
    return Reference(text, tuple(mean.astype(np.float32).tolist()))


def references(
    texts: Sequence[str],
    reader: Callable[[], FaceReader],
    run: Callable[[], tuple[Sequence[Person] | None, NDArray[np.float32]]],
) -> tuple[Reference, ...]:
    """Returns one reference for each text; the model is only opened for photos, the run's faces only for its own."""
    return tuple(from_photo(text, reader()) if is_photo(text) else from_run(text, *run()) for text in texts)
