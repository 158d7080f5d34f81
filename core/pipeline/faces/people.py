"""The people of a run: the persons of its video that groups of its faces show, and the best pictures of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import SettingsError
from core.pipeline.persons.edits import clean_name
from core.pipeline.persons.face_evidence import assigned, named
from core.pipeline.persons.home import persons_of_run
from core.step import Notice
from core.store import person_edits, persons
from core.store.face_file import FaceFile, FaceGroup
from core.store.faces import FaceTable
from core.store.person_dir import PersonDir
from core.store.person_edits import Anchor, Edits
from core.store.persons import Persons
from core.store.run import RunDir
from core.wording import plural

BEST = 8
"""Pictures that show a person."""


@dataclass(frozen=True)
class Person:
    """Somebody whose face is seen in a run."""

    id: int
    """Of the person of the video."""
    rows: tuple[int, ...]
    """Rows of all groups of faces that show this person, ascending."""
    name: str = ""


def people_of(run: RunDir, state: FaceFile) -> tuple[Person, ...] | None:
    """Returns the people of a run, whoever has most faces first; ``None`` = its faces were not grouped yet.

    Raises:
        RunError: the persons of the video cannot be read.
    """
    if state.face_groups is None:
        return None
    if state.old_names is not None:
        return tuple(Person(group.person, group.rows, state.old_names[group.person]) for group in state.face_groups)
    edits = person_edits.read(persons_of_run(run).edits)
    names, rows = edits.names(), dict[int, list[int]]()
    for group in state.face_groups:
        rows.setdefault(edits.now(group.person), []).extend(group.rows)
    found = [Person(person, tuple(sorted(some)), names.get(person, "")) for person, some in rows.items()]
    return tuple(sorted(found, key=lambda person: (-len(person.rows), person.id)))


def labels(people: Sequence[Person] | None, rows: int) -> NDArray[np.int64] | None:
    """Returns (rows,) int64: the person of each face, -1 = single; ``None`` when faces were not grouped."""
    if people is None:
        return None
    label = np.full(rows, -1, np.int64)
    for person in people:
        label[[row for row in person.rows if row < rows]] = person.id
    return label


def grouped(run: RunDir, state: FaceFile, table: FaceTable, label: NDArray[np.int64]) -> FaceFile:
    """Returns the state with groups of faces, each of a person of the video; remembers who has which id.

    Args:
        run: whose lock the caller holds.
        state: before.
        table: all faces.
        label: (N,) from ``group_faces``.

    Raises:
        RunBusy: somebody works with the persons of the video. RunError: they cannot be read. StorageError.
    """
    state = adopted(run, state, table)[0]
    rows = [np.flatnonzero(label == group) for group in range(int(label.max(initial=-1)) + 1)]
    ids, _ = _given(run, [_anchors(table, some) for some in rows])
    groups = tuple(FaceGroup(person, tuple(some.tolist())) for person, some in zip(ids, rows, strict=True))
    return dataclasses.replace(state, face_groups=groups)


def adopted(run: RunDir, state: FaceFile, table: FaceTable) -> tuple[FaceFile, list[Notice]]:
    """Returns the state of a run of an older program with the people of its own as persons of the video; says so."""
    if state.old_names is None or state.face_groups is None:
        return dataclasses.replace(state, old_names=None), []
    old = [group.person for group in state.face_groups]
    anchors = [_anchors(table, np.array(group.rows, np.int64)) for group in state.face_groups]
    ids, changed = _given(run, anchors, old, state.old_names)
    said = "; ".join(f"person {before} is person {now} now" for before, now in changed)
    text = (
        f"the {plural(len(old), 'person')} of this run, found by an older program, are groups of faces now, and their "
        f"ids and names those of persons of the video{': ' + said if said else ''}."
    )
    groups = tuple(FaceGroup(person, group.rows) for person, group in zip(ids, state.face_groups, strict=True))
    labels_now = {f"person:{before}": f"person:{now}" for before, now in changed}
    references = tuple(
        dataclasses.replace(reference, label=labels_now.get(reference.label, reference.label))
        for reference in state.references
    )
    made = dataclasses.replace(state, face_groups=groups, references=references, old_names=None)
    return made, [Notice("people_renamed", text, {"changed": [list(pair) for pair in changed]})]


def name_persons(run: RunDir, people: Sequence[Person] | None, names: Mapping[int, str]) -> None:
    """Names persons of the video of a run; an empty name takes the name away. No record changes by that.

    Raises:
        SettingsError: there is no such person, or a name is too long. RunBusy: somebody works with the persons.
    """
    if not names:
        return
    folder = persons_of_run(run)
    files.make_folder(folder.path)
    with RunDir(folder.path).lock():
        edits = person_edits.read(folder.edits)
        for person, name in names.items():
            now = edits.now(person)
            if now not in edits.ids:
                known = ", ".join(str(p.id) for p in people or ()) or "nobody yet"
                sentence = f"there is no person {person}; this run has {known}."
                raise SettingsError(sentence, code="no_person", person=person)
            edits = named(edits, now, clean_name(name))
        person_edits.write(folder.edits, edits)


def _given(
    run: RunDir,
    groups: Sequence[Sequence[Anchor]],
    wanted: Sequence[int] | None = None,
    names: Mapping[int, str] | None = None,
) -> tuple[list[int], list[tuple[int, int]]]:
    """The ids of the persons of groups, written down; and which of the wanted ids are others now."""
    folder = persons_of_run(run)
    files.make_folder(folder.path)
    with RunDir(folder.path).lock():
        ids, edits = assigned(groups, person_edits.read(folder.edits), _bodies(folder), wanted)
        there = edits.names()
        for before, now in zip(wanted or (), ids, strict=False):
            if (name := (names or {}).get(before)) and not there.get(now):
                edits = named(edits, now, name)
        person_edits.write(folder.edits, edits)
    return ids, [(before, now) for before, now in zip(wanted or (), ids, strict=False) if before != now]


def _bodies(folder: PersonDir) -> Persons | None:
    return persons.read_persons(folder.persons) if folder.persons.exists() else None


def _anchors(table: FaceTable, rows: NDArray[np.int64]) -> list[Anchor]:
    rows = rows[rows < len(table)]
    found: list[Anchor] = []
    for frame, box in zip(table.frame[rows].tolist(), table.boxes[rows].tolist(), strict=True):
        x1, y1, x2, y2 = (round(v, 2) for v in box)
        found.append((frame, x1, y1, x2, y2))
    return found


def edits_of(run: RunDir) -> Edits:
    """Returns what is known of the ids and names of the video's persons. Raises ``RunError``: it is damaged."""
    return person_edits.read(persons_of_run(run).edits)


def label_now(label: str, edits: Edits) -> str:
    """Returns the label of a reference; ``person:ID`` with the id that the person has now."""
    kind, _, number = label.partition(":")
    return f"person:{edits.now(int(number))}" if kind == "person" and number.isdecimal() else label


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
