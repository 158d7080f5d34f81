"""Whom groups of faces show: persons of the video, found by the bodies around the faces, else by faces known before.

An id never changes its meaning: a group of which most faces lie in the boxes of one person shows that person; without
bodies it takes the id that most of its faces had before; a group of which nothing was known gets a new id.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.geometry import iou_of_pairs
from core.pipeline.persons.anchors import SAME, Finder
from core.store.person_edits import MERGE, NAME, Anchor, Edit, Edits
from core.store.persons import Persons

MOST_ANCHORS = 200
"""Faces of a person that are remembered, spread over its groups."""
MOST_FACES = 0.5
"""Share of a group's faces that has to lie in the boxes of one person."""


def assigned(
    groups: Sequence[Sequence[Anchor]],
    edits: Edits,
    persons: Persons | None,
    wanted: Sequence[int | None] | None = None,
) -> tuple[list[int], Edits]:
    """Returns the id of the person of each group, and the edits with what is known of ids now.

    Args:
        groups: the faces of each group, in the order in which new ids are given.
        edits: with the ids that were given before.
        persons: of stage 4; ``None`` = no bodies were looked for.
        wanted: ids that groups had in an older program; one that nobody has yet is given to its group.
    """
    bodies = _by_bodies(groups, persons)
    claims = _claims(groups, edits)
    ids: dict[int, int] = {group: edits.now(person) for group, person in bodies.items()}
    given: set[int] = set()
    for (group, person), _ in sorted(claims.items(), key=lambda item: (-item[1], item[0][1], item[0][0])):
        if group not in ids and person not in given:
            ids[group] = person
            given.add(person)
    next_id = edits.next_id
    for group, old in enumerate(wanted or ()):
        if group not in ids and old is not None and old not in edits.ids and old not in ids.values():
            ids[group], next_id = old, max(next_id, old + 1)
    for group in range(len(groups)):
        if group not in ids:
            ids[group], next_id = next_id, next_id + 1
    best: dict[int, int] = {}
    for (group, person), _ in sorted(claims.items(), key=lambda item: item[1]):
        best[person] = ids[group]
    forward = {old: new for old, new in edits.face_forward.items() if old not in best}
    forward |= {old: new for old, new in best.items() if old not in ids.values() and old != new}
    faces = dict(edits.faces)
    for group, person in sorted(ids.items()):
        new = _unknown(groups[group], edits.faces) if person in edits.ids else tuple(groups[group])
        faces[person] = _thinned((*faces.get(person, ()), *new))
    made = dataclasses.replace(edits, faces=faces, face_forward=forward, next_id=next_id)
    made = forwarded(made)
    return [made.now(ids[group]) for group in range(len(groups))], made


def forwarded(edits: Edits) -> Edits:
    """Returns the edits with ids forwarded as faces and decisions say now; what bodies said stays."""
    return dataclasses.replace(edits, forward=with_faces(edits, _without_faces(edits)))


def named(edits: Edits, person: int, name: str) -> Edits:
    """Returns the edits with a person named; the caller has checked both."""
    return edits.made(Edit(NAME, (person,), name=name))


def with_faces(edits: Edits, forward: Mapping[int, int]) -> dict[int, int]:
    """Returns where ids are forwarded to: as bodies say, then as people and groups of faces say of those without."""
    found = {old: new for old, new in edits.face_forward.items() if old != new} | dict(forward)
    for edit in edits.edits:
        if edit.kind == MERGE:
            for other in edit.ids[1:]:
                if other in edits.faces and other not in edits.known and other != edit.ids[0]:
                    found[other] = edit.ids[0]
    return found


def face_claims(finder: Finder, edits: Edits) -> dict[tuple[int, int], int]:
    """(Place of a tracklet or person, id) -> faces of that id that lie in its boxes, where they are most of them."""
    found: dict[tuple[int, int], int] = {}
    for person, anchors in edits.faces.items():
        places = finder.bodies_of(anchors)
        for place, count in zip(*np.unique(places[places >= 0], return_counts=True), strict=True):
            found[int(place), person] = int(count)
    return found


def faces_in(finder: Finder, edits: Edits) -> dict[int, int]:
    """Place of a tracklet or person -> the id of which most faces lie in its boxes; of as many the lower id."""
    claims = face_claims(finder, edits)
    return dict(sorted(claims, key=lambda key: (claims[key], -key[1])))


def _without_faces(edits: Edits) -> dict[int, int]:
    """What bodies say of forwarded ids."""
    return {old: new for old, new in edits.forward.items() if old in edits.known}


def _by_bodies(groups: Sequence[Sequence[Anchor]], persons: Persons | None) -> dict[int, int]:
    if persons is None or not len(persons):
        return {}
    finder, found = Finder(persons), {}
    for group, anchors in enumerate(groups):
        places = finder.bodies_of(anchors)
        counts = np.bincount(places[places >= 0], minlength=len(persons))
        best = int(counts.argmax())
        if counts[best] > MOST_FACES * len(anchors):
            found[group] = int(persons.person_ids[best])
    return found


def _claims(groups: Sequence[Sequence[Anchor]], edits: Edits) -> dict[tuple[int, int], int]:
    """(Group, id) -> faces of the group that this id had before."""
    known = _Known(edits.faces)
    found: dict[tuple[int, int], int] = {}
    for group, anchors in enumerate(groups):
        _, owner = known.owners(anchors)
        for person, count in zip(*np.unique(owner, return_counts=True), strict=True):
            found[group, int(person)] = int(count)
    return found


def _unknown(anchors: Sequence[Anchor], faces: Mapping[int, tuple[Anchor, ...]]) -> tuple[Anchor, ...]:
    known = set(_Known(faces).owners(anchors)[0].tolist())
    return tuple(anchor for at, anchor in enumerate(anchors) if at not in known)


def _thinned(anchors: tuple[Anchor, ...]) -> tuple[Anchor, ...]:
    if len(anchors) <= MOST_ANCHORS:
        return anchors
    return tuple(anchors[at] for at in np.linspace(0, len(anchors) - 1, MOST_ANCHORS).astype(int).tolist())


class _Known:
    """Faces whose person is known, found by frame and box."""

    def __init__(self, faces: Mapping[int, tuple[Anchor, ...]]) -> None:
        rows = [(person, *anchor) for person, anchors in faces.items() for anchor in anchors]
        table = np.array(rows, np.float64).reshape(-1, 6)
        table = table[np.argsort(table[:, 1], kind="stable")]
        self._owner, self._frames = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
        self._boxes = table[:, 2:].astype(np.float32)

    def owners(self, anchors: Sequence[Anchor]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns (K,) places of faces and (K,) the id of each: a face may have had several, or none."""
        if not len(anchors) or not len(self._frames):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        table = np.array(anchors, np.float64)
        frames = table[:, 0].astype(np.int64)
        low, high = (np.searchsorted(self._frames, frames, side) for side in ("left", "right"))
        which = np.repeat(np.arange(len(anchors)), high - low)
        rows = np.arange(len(which)) - np.repeat(np.cumsum(high - low) - (high - low), high - low) + low[which]
        same = iou_of_pairs(table[which, 1:].astype(np.float32), self._boxes[rows]) >= SAME
        return which[same], self._owner[rows[same]]
