"""Persons of a video who are known by faces alone: no body of theirs was found, or none was looked for.

Not here: which person a group of faces shows (``face_evidence``), what is decided of persons with bodies (``edits``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import log
from core.errors import RunError, SettingsError
from core.pipeline.faces.people import best_rows
from core.pipeline.persons.edits import clean_name
from core.pipeline.persons.face_evidence import forwarded, named
from core.pipeline.persons.home import runs_of
from core.store import face_file, person_edits, run_file
from core.store import faces as face_store
from core.store.faces import FaceTable
from core.store.person_dir import PersonDir
from core.store.person_edits import MERGE, Edit, Edits
from core.store.run import RunDir


@dataclasses.dataclass(frozen=True, eq=False)
class ByFaces:
    """Somebody of whom only faces are known."""

    person: int
    name: str
    frames: NDArray[np.int64]
    """(F,) ordinals in which a face was read, ascending."""
    largest: int
    """Height of the largest face, source pixels."""
    certainty: float
    """Mean confidence of the faces, 0-1."""
    pictures: tuple[tuple[Path, int, int], ...]
    """(Folder of the run, row, ordinal) of the best faces that have a picture, in the order of time."""
    vector: NDArray[np.float32]
    """(D,) mean direction of the faces."""


@dataclasses.dataclass(frozen=True, eq=False)
class FaceRuns:
    """The runs of a video whose faces were grouped, all read by one model."""

    digest: str
    parts: tuple[tuple[RunDir, FaceTable, Mapping[int, tuple[int, ...]]], ...]
    """Of each run: its faces, and the rows of each person, by the id when they were grouped."""


def runs_with_faces(folder: PersonDir, also: RunDir | None = None) -> list[RunDir]:
    """Returns the runs of the video that this folder of persons belongs to; none where it lies in no run.

    Args:
        folder: of the persons.
        also: a run of the video that may be named otherwise than runs are.
    """
    home = RunDir(folder.path.parent)
    if home.persons != folder.path or not home.run_json.exists():
        return []
    runs = runs_of(run_file.read(home.run_json).video, home.path.parent)
    if also is not None and also.path not in [run.path for run in runs]:
        runs.append(also)
    return [run for run in runs if run.face_file.exists()]


def read_groups(runs: Sequence[RunDir]) -> FaceRuns | None:
    """Returns the groups of faces of these runs; of several models those of most faces. ``None`` = there are none."""
    found: dict[str, list[tuple[RunDir, FaceTable, dict[int, tuple[int, ...]]]]] = {}
    for run in runs:
        try:
            state = face_file.read(run.face_file)
            if state is None or not state.face_groups or state.old_names is not None:
                continue
            table = face_store.load(run, state.dimension)
        except RunError as error:
            log.get().warning("faces of %s are not shown: %s", run.path, error)
            continue
        rows: dict[int, tuple[int, ...]] = {}
        for group in state.face_groups:
            there = tuple(row for row in group.rows if row < len(table))
            rows[group.person] = (*rows.get(group.person, ()), *there)
        found.setdefault(state.digest, []).append((run, table, rows))
    if not found:
        return None
    digest = max(found, key=lambda key: (sum(len(table) for _, table, _ in found[key]), key))
    return FaceRuns(digest, tuple(found[digest]))


def by_faces(groups: FaceRuns | None, edits: Edits, bodies: Collection[int]) -> list[ByFaces]:
    """Returns who is known by faces alone, whoever is seen in most frames first.

    Args:
        groups: from ``read_groups``.
        edits: of the video.
        bodies: ids of persons who have boxes.
    """
    mine: dict[int, list[tuple[RunDir, FaceTable, tuple[int, ...]]]] = {}
    for run, table, rows_of in groups.parts if groups is not None else ():
        now: dict[int, tuple[int, ...]] = {}
        for person, rows in rows_of.items():
            now[edits.now(person)] = (*now.get(edits.now(person), ()), *rows)
        for person, rows in now.items():
            if rows and is_by_faces(edits, person) and person not in bodies:
                mine.setdefault(person, []).append((run, table, rows))
    names = edits.names()
    found = [_one(person, names.get(person, ""), parts) for person, parts in mine.items()]
    return sorted(found, key=lambda one: (-len(one.frames), one.person))


def is_by_faces(edits: Edits, person: int) -> bool:
    """Whether an id was given to groups of faces, and never to a body."""
    return person in edits.faces and person not in edits.known


def _one(person: int, name: str, parts: Sequence[tuple[RunDir, FaceTable, tuple[int, ...]]]) -> ByFaces:
    frames = np.unique(np.concatenate([table.frame[list(rows)] for _, table, rows in parts]))
    boxes = np.concatenate([table.boxes[list(rows)] for _, table, rows in parts])
    sure = np.concatenate([table.confidence[list(rows)] for _, table, rows in parts])
    total = np.sum(
        [np.asarray(table.vectors[sorted(rows)], np.float64).sum(axis=0) for _, table, rows in parts], axis=0
    )
    vector = np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)
    pictures: list[tuple[Path, int, int]] = []
    for run, table, rows in parts:
        if not pictures:  # runs of one video show the same faces
            cut = [row for row in best_rows(table, rows) if run.face_crop(row).exists()]
            pictures = sorted(((run.path, row, int(table.frame[row])) for row in cut), key=lambda one: one[2])
    largest = round(float((boxes[:, 3] - boxes[:, 1]).max()))
    return ByFaces(person, name, frames, largest, float(sure.mean()), tuple(pictures), vector)


def decide(folder: PersonDir, make: Callable[[Edits], Edits]) -> Edits:
    """Does what somebody decided of persons of a video in which no bodies were looked for, and writes it.

    Args:
        folder: without persons of stage 4.
        make: ``merged``, ``renamed`` or undo, of the edits now.

    Raises:
        SettingsError: it cannot be done. RunBusy: somebody works in the folder. RunError: the edits are damaged.
    """
    with RunDir(folder.path).lock():
        made = forwarded(make(person_edits.read(folder.edits)))
        person_edits.write(folder.edits, made)
        return made


def merged(edits: Edits, persons: Sequence[int]) -> Edits:
    """Makes one of several persons, under the first id. Raises ``SettingsError``: fewer than two, or no such person."""
    wanted = list(dict.fromkeys(_known(edits, person) for person in persons))
    if len(wanted) < 2:
        raise SettingsError("two persons or more are wanted to merge; name another id.", field="person_id")
    return edits.made(Edit(MERGE, tuple(wanted), ((),) * len(wanted)))


def renamed(edits: Edits, person: int, name: str) -> Edits:
    """Names a person; an empty name takes it away. Raises ``SettingsError``: no such person, or too long a name."""
    return named(edits, _known(edits, person), clean_name(name))


def _known(edits: Edits, person: int) -> int:
    now = edits.now(person)
    if not is_by_faces(edits, now):
        sentence = f"there is no person {person} among those who are known by faces."
        raise SettingsError(sentence, code="no_person", field="person_id", person=person)
    return now
