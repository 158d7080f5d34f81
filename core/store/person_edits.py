"""``edits.json``: what people decided about persons, with undo, and which ids were ever given.

Tracklets are named by boxes that they hold (*anchors*), never by their numbers, which change whenever stage 2 runs.
Not here: what an edit does to a grouping (``pipeline/persons``).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import files
from core.errors import RunError

SCHEMA = 1
MERGE, SPLIT, NOBODY, NAME = "merge", "split", "not_a_person", "name"
KINDS = (MERGE, SPLIT, NOBODY, NAME)
Anchor = tuple[int, float, float, float, float]
"""Ordinal and xyxy, source pixels."""


@dataclass(frozen=True)
class Edit:
    """One decision."""

    kind: str
    ids: tuple[int, ...]
    """The persons that it was about, as they were called then; of a merge the first one is kept."""
    members: tuple[tuple[Anchor, ...], ...] = ()
    """Anchors of each side: of every person of a merge, of both parts of a split, of who is none."""
    at: int | None = None
    """Of a split at a moment: the first ordinal of the second part."""
    name: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Returns plain JSON values."""
        values: dict[str, Any] = {"kind": self.kind, "ids": list(self.ids)}
        if self.kind == NAME:
            return values | {"name": self.name}
        values["members"] = [[list(anchor) for anchor in side] for side in self.members]
        return values if self.at is None else values | {"at": self.at}


@dataclass(frozen=True)
class Edits:
    """What ``edits.json`` holds."""

    edits: tuple[Edit, ...] = ()
    """In force, in the order in which they were made; where two contradict each other, the later one wins."""
    undone: tuple[Edit, ...] = ()
    """Taken back, the last one first to come again; a new edit forgets them."""
    forward: Mapping[int, int] = field(default_factory=dict)
    """Id that went up in another person -> that person's id now."""
    next_id: int = 1
    known: Mapping[int, tuple[Anchor, ...]] = field(default_factory=dict)
    """Id -> anchors of all that this id has ever been the first to mean; ids of persons who are gone stay."""
    faces: Mapping[int, tuple[Anchor, ...]] = field(default_factory=dict)
    """Id -> boxes of faces of this person, where groups of faces were evidence for it."""
    face_forward: Mapping[int, int] = field(default_factory=dict)
    """The part of ``forward`` that a grouping of faces gave: id that went up in another group -> that group's id."""

    def made(self, edit: Edit) -> Edits:
        """Returns these edits and one more."""
        return dataclasses.replace(self, edits=(*self.edits, edit), undone=())

    @property
    def ids(self) -> frozenset[int]:
        """All ids that were ever given."""
        return frozenset(self.known) | frozenset(self.faces)

    def without_last(self) -> Edits:
        """Returns them with the last edit taken back; the same where there is none."""
        if not self.edits:
            return self
        return dataclasses.replace(self, edits=self.edits[:-1], undone=(*self.undone, self.edits[-1]))

    def with_last_undone(self) -> Edits:
        """Returns them with the edit in force that was taken back last; the same where there is none."""
        if not self.undone:
            return self
        return dataclasses.replace(self, edits=(*self.edits, self.undone[-1]), undone=self.undone[:-1])

    def now(self, person: int) -> int:
        """Returns the id of whom an old id means now; the same id where it was never forwarded."""
        for _ in range(len(self.forward) + 1):
            if person not in self.forward:
                break
            person = self.forward[person]
        return person

    def names(self) -> dict[int, str]:
        """Returns id -> name of all who have one; a name given to the id itself wins over one that came by a merge."""
        found: dict[int, str] = {}
        for direct in (False, True):
            for edit in self.edits:
                if edit.kind == NAME and (edit.ids[0] not in self.forward) == direct:
                    found[self.now(edit.ids[0])] = edit.name
        return {person: name for person, name in found.items() if name}


def write(path: Path, edits: Edits) -> None:
    """Writes ``edits.json`` atomically. Raises ``StorageError``."""
    values = {
        "schema": SCHEMA,
        "edits": [edit.to_mapping() for edit in edits.edits],
        "undone": [edit.to_mapping() for edit in edits.undone],
        "forward": {str(old): new for old, new in sorted(edits.forward.items())},
        "next_id": edits.next_id,
        "known": _plain(edits.known),
        "faces": _plain(edits.faces),
        "face_forward": {str(old): new for old, new in sorted(edits.face_forward.items())},
    }
    files.write_json(path, values, indent=None)


def _plain(anchors_of: Mapping[int, tuple[Anchor, ...]]) -> dict[str, list[list[float]]]:
    return {str(i): [list(anchor) for anchor in anchors] for i, anchors in sorted(anchors_of.items())}


def read(path: Path) -> Edits:
    """Reads ``edits.json``; none where there is no such file.

    Raises:
        RunError: it is damaged: nothing is regrouped, so that no decision is lost.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        return Edits()
    try:
        return _parse(values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError(
            f"{path} is damaged ({error}); restore it, or move it away, which forgets merges, names and ids.",
            code="damaged",
        ) from error


def _parse(values: Any) -> Edits:
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise ValueError(f"it is no object of schema {SCHEMA}")
    known, faces = (_anchors(values.get(name, {})) for name in ("known", "faces"))
    forward, by_faces = (
        {_id(old): _id(new) for old, new in values.get(name, {}).items()} for name in ("forward", "face_forward")
    )
    edits, undone = (tuple(map(_edit, values[name])) for name in ("edits", "undone"))
    next_id = max([_id(values["next_id"]), *(i + 1 for i in (*known, *faces))])
    return Edits(edits, undone, forward, next_id, known, faces, by_faces)


def _anchors(values: Mapping[str, Any]) -> dict[int, tuple[Anchor, ...]]:
    return {_id(i): tuple(map(_anchor, anchors)) for i, anchors in values.items()}


def _edit(value: Mapping[str, Any]) -> Edit:
    if value["kind"] not in KINDS:
        raise ValueError(f"an edit is of the kind {value['kind']!r}")
    ids = tuple(map(_id, value["ids"]))
    if not ids:
        raise ValueError("an edit names nobody")
    members = tuple(tuple(map(_anchor, side)) for side in value.get("members", ()))
    at = value.get("at")
    return Edit(value["kind"], ids, members, None if at is None else _id(at), str(value.get("name", "")))


def _id(value: Any) -> int:
    number = int(value) if isinstance(value, str) else value
    if type(number) is not int or not 0 <= number < 2**53:
        raise ValueError(f"{value!r} is not a whole number from 0")
    return number


def _anchor(value: Sequence[Any]) -> Anchor:
    frame, *box = value
    if len(box) != 4 or not all(type(v) in (int, float) and math.isfinite(v) for v in box):
        raise ValueError("an anchor is wanted as [frame, x1, y1, x2, y2]")
    return _id(frame), float(box[0]), float(box[1]), float(box[2]), float(box[3])
