"""The people of a run: groups of faces, their names, and the best pictures of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError, SettingsError
from core.store import face_file
from core.store.face_file import FaceFile, Person, Reference
from core.store.faces import FaceTable
from core.store.run import RunDir

BEST = 8
"""Pictures that show a person."""


def people_of(label: NDArray[np.int64], before: Sequence[Person] | None = None) -> tuple[Person, ...]:
    """Returns the groups as people; a name goes to the group that holds most of the faces it was given to.

    Args:
        label: (N,) from ``group_faces``.
        before: people of an earlier grouping of the same rows.
    """
    rows = {g: np.flatnonzero(label == g) for g in range(int(label.max(initial=-1)) + 1)}
    names: dict[int, str] = {}
    for person in before or ():
        if person.name and (group := _home(label, person)) is not None:
            names.setdefault(group, person.name)
    return tuple(Person(g, tuple(rows[g].tolist()), names.get(g, "")) for g in rows)


def relabelled(
    references: Sequence[Reference], label: NDArray[np.int64], before: Sequence[Person] | None
) -> tuple[Reference, ...]:
    """Returns the references with each ``person:ID`` as that person is numbered now; their vectors stay.

    Args:
        references: made while the people were those of ``before``.
        label: (N,) from ``group_faces``.
        before: people of an earlier grouping of the same rows.
    """
    groups = {f"person:{person.id}": _home(label, person) for person in before or ()}

    def now(reference: Reference) -> Reference:
        if reference.label not in groups:
            return reference
        group = groups[reference.label]
        text = f"former {reference.label}" if group is None else f"person:{group}"
        return dataclasses.replace(reference, label=text)

    return tuple(map(now, references))


def _home(label: NDArray[np.int64], person: Person) -> int | None:
    """The group that holds most of the faces of a person of an earlier grouping; ``None`` = they are all single."""
    at = label[[row for row in person.rows if row < len(label)]]
    held = at[at >= 0]
    return int(np.bincount(held).argmax()) if len(held) else None


def labels(faces: FaceFile, rows: int) -> NDArray[np.int64] | None:
    """Returns (rows,) int64: the person of each face, -1 = single; ``None`` when people were not looked for."""
    if faces.people is None:
        return None
    label = np.full(rows, -1, np.int64)
    for person in faces.people:
        label[[row for row in person.rows if row < rows]] = person.id
    return label


def renamed(faces: FaceFile, person: int, name: str) -> tuple[Person, ...]:
    """Returns the people with one of them named anew; an empty name takes the name away.

    Raises:
        SettingsError: there is no such person, or the name is longer than 80 characters.
    """
    people = faces.people or ()
    if all(p.id != person for p in people):
        raise SettingsError(f"there is no person {person}; this run has {len(people)}, counted from 0.")
    clean = " ".join(name.split())
    if len(clean) > LONGEST_NAME:
        raise SettingsError(f"a name of {len(clean)} characters came; up to {LONGEST_NAME} are possible.")
    return tuple(Person(p.id, p.rows, clean) if p.id == person else p for p in people)


LONGEST_NAME = 80


def name_person(run: RunDir, person: int, name: str) -> None:
    """Names one person of a run; no record changes by that.

    Raises:
        SettingsError: as ``renamed``. RunError: no faces were read in this run. RunBusy: somebody works in the run.
    """
    with run.lock():
        state = face_file.read(run.face_file)
        if state is None:
            raise RunError(f"no faces were read in {run.path}, so nobody can be named.")
        face_file.write(run.face_file, dataclasses.replace(state, people=renamed(state, person, name)))


def best_rows(table: FaceTable, rows: Sequence[int], most: int = BEST) -> list[int]:
    """Returns the rows of the best pictures, best first, spread over the frames in which the person is seen.

    Args:
        table: all faces.
        rows: faces of one person.
        most: how many are wanted.
    """
    rows = [row for row in rows if row < len(table)]
    ordered = np.array(sorted(rows, key=lambda row: int(table.frame[row])), np.int64)
    quality = table.quality()
    parts = [part for part in np.array_split(ordered, min(most, max(1, len(ordered)))) if len(part)]
    best = [int(part[np.argmax(quality[part])]) for part in parts]
    return sorted(best, key=lambda row: -quality[row])
