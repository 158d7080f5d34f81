"""Which group has which id: an id never changes its meaning, whatever is detected, tracked or grouped anew.

Each id remembers anchors of the tracklets that it was the first to mean. A group takes the id whose anchors weigh most
in it; ids that go up in another group are forwarded, and come back when that group comes apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.pipeline.persons.anchors import Finder, anchors_of
from core.pipeline.persons.face_evidence import face_claims, faces_in, with_faces
from core.store.person_edits import MERGE, Edits
from core.store.persons import Tracklets

OF_A_FACE = 0.01
"""Weight of a face whose person is known, in boxes: it decides only where no body is known."""
KEPT = 1e12
"""Weight of the id that a person chose to keep: more than all boxes of a video."""


def with_ids(
    tracklets: Tracklets, label: NDArray[np.int64], edits: Edits, finder: Finder
) -> tuple[dict[int, int], Edits]:
    """Returns the id of each group, and the edits with what is known of ids now.

    Args:
        tracklets: that were grouped.
        label: (T,) int64 group of each, -1 = nobody.
        edits: with the ids that were given before.
        finder: of the same tracklets.
    """
    owners = [i for i, anchors in edits.known.items() for _ in anchors]
    places = finder.find([anchor for anchors in edits.known.values() for anchor in anchors])
    claims = _claims(tracklets, label, owners, places)
    for (place, person), faces in face_claims(finder, edits).items():
        if label[place] >= 0:
            key = int(label[place]), person
            claims[key] = claims.get(key, 0.0) + faces * OF_A_FACE
    for edit in edits.edits:
        if edit.kind == MERGE:
            kept = finder.find(next((side for side in edit.members if side), ()))
            groups = set(label[kept[kept >= 0]].tolist()) - {-1}
            if not any(edit.members):  # merged when only faces were known
                groups = {group for group, person in claims if person == edit.ids[0]}
            for group in groups:
                if (group, edit.ids[0]) in claims or edit.ids[0] in edits.faces:
                    claims[group, edit.ids[0]] = claims.get((group, edit.ids[0]), 0.0) + KEPT
    ids: dict[int, int] = {}
    given: set[int] = set()
    for (group, person), _ in sorted(claims.items(), key=lambda item: (-item[1], item[0][1])):
        if group not in ids and person not in given:
            ids[group] = person
            given.add(person)
    next_id = edits.next_id
    for group in _by_appearance(tracklets, label):
        if group not in ids:
            ids[group], next_id = next_id, next_id + 1
    forward = {}
    for (group, person), _ in sorted(claims.items(), key=lambda item: item[1]):
        if person not in given:
            forward[person] = ids[group]
    known = _known(tracklets, label, ids, edits, places, faces_in(finder, edits))
    edits = dataclasses.replace(edits, next_id=next_id, known=known)
    gone = {old: new for old, new in with_faces(edits, forward).items() if old not in given}
    return ids, dataclasses.replace(edits, forward=gone)


def _claims(
    tracklets: Tracklets, label: NDArray[np.int64], owners: list[int], places: NDArray[np.int64]
) -> dict[tuple[int, int], float]:
    """(Group, id) -> boxes of the tracklets in the group that the anchors of the id find."""
    sizes = np.diff(tracklets.indptr)
    owner = np.array(owners, np.int64)
    good = places >= 0
    good[good] = label[places[good]] >= 0
    pairs = set(zip(owner[good].tolist(), places[good].tolist(), strict=True))
    claims: dict[tuple[int, int], float] = {}
    for person, place in sorted(pairs):
        key = int(label[place]), person
        claims[key] = claims.get(key, 0.0) + float(sizes[place])
    return claims


def _by_appearance(tracklets: Tracklets, label: NDArray[np.int64]) -> list[int]:
    order = np.lexsort((np.arange(len(label)), tracklets.first))
    return list(dict.fromkeys(int(group) for group in label[order] if group >= 0))


def _known(
    tracklets: Tracklets,
    label: NDArray[np.int64],
    ids: Mapping[int, int],
    edits: Edits,
    places: NDArray[np.int64],
    by_face: Mapping[int, int],
) -> dict[int, tuple[tuple[int, float, float, float, float], ...]]:
    """What was known, with the tracklets that no id meant before; a new id means all tracklets of its group.

    Where persons were merged by their faces, each is the first to mean the bodies around them.
    """
    found = dict(edits.known)
    meant = np.zeros(len(tracklets), np.bool_)
    meant[places[places >= 0]] = True
    order = np.argsort(label, kind="stable")
    for group, person in ids.items():
        low, high = np.searchsorted(label[order], [group, group + 1])
        members = order[low:high]
        new = members[~meant[members]] if person in edits.ids else members
        whose = [by_face.get(place, person) for place in new.tolist()]
        whose = [one if one in _merged_by_faces(edits, person) else person for one in whose]
        for one in dict.fromkeys(whose):
            mine = sorted(place for place, owner in zip(new.tolist(), whose, strict=True) if owner == one)
            found[one] = (*found.get(one, ()), *anchors_of(tracklets, mine))
    return found


def _merged_by_faces(edits: Edits, person: int) -> set[int]:
    """Ids that somebody merged into this one when only faces were known."""
    merges = [edit for edit in edits.edits if edit.kind == MERGE and not any(edit.members) and edit.ids[0] == person]
    return {other for edit in merges for other in edit.ids[1:]}
