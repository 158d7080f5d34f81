"""What edits say about tracklets: who has to be together, who must not be, and who is nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.pipeline.persons.anchors import Finder
from core.pipeline.persons.face_evidence import faces_in
from core.store.person_edits import MERGE, NOBODY, SPLIT, Edit, Edits
from core.store.persons import Tracklets

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Constraints:
    """Of T tracklets."""

    together: NDArray[np.int64]
    """(T,) int64: those of one number are one person."""
    apart: tuple[tuple[Places, Places], ...]
    """Places of tracklets, none of the first with one of the second."""
    nobody: NDArray[np.bool_]
    """(T,) bool."""
    decided: NDArray[np.bool_]
    """(T,) bool: some edit is about them."""

    @classmethod
    def none(cls, count: int) -> Constraints:
        """Returns what nobody has edited."""
        off = np.zeros(count, np.bool_)
        return cls(np.arange(count, dtype=np.int64), (), off, off.copy())


def cuts_of(tracklets: Tracklets, edits: Iterable[Edit]) -> set[tuple[int, int]]:
    """Returns where splits at a moment cut tracklets: (place, first ordinal of the second part)."""
    moments = [edit for edit in edits if edit.kind == SPLIT and edit.at is not None]
    if not moments:
        return set()
    finder, cuts = Finder(tracklets), set()
    for edit in moments:
        assert edit.at is not None
        for t in np.unique(finder.find([a for side in edit.members for a in side])).tolist():
            if t >= 0 and tracklets.first[t] < edit.at <= tracklets.last[t]:
                cuts.add((t, edit.at))
    return cuts


def constraints_of(tracklets: Tracklets, edits: Edits, finder: Finder | None = None) -> Constraints:
    """Returns what edits demand of tracklets; the later edit wins.

    Args:
        tracklets: cut at the moments of splits (``anchors.cut_up``).
        edits: those in force; and the faces by which persons were known when they were merged without a body.
        finder: of the same tracklets.
    """
    found = Constraints.none(len(tracklets))
    together, nobody, decided = found.together, found.nobody, found.decided
    apart: list[tuple[Places, Places]] = []
    finder = finder or Finder(tracklets)
    free, bodies = len(tracklets), _Bodies(finder, edits)
    for edit in edits.edits:
        sides = [np.unique(places[places >= 0]) for places in map(finder.find, edit.members)]
        if edit.kind == MERGE:
            told = zip(edit.ids, edit.members, sides, strict=False)
            sides = [side if members else bodies.of(person) for person, members, side in told]
        everybody = np.unique(np.concatenate([np.zeros(0, np.int64), *sides]))
        if not len(everybody):
            continue
        decided[everybody] = True
        if edit.kind == NOBODY:
            nobody[everybody] = True
        elif edit.kind == MERGE:
            nobody[everybody] = False
            together[np.isin(together, together[everybody])] = together[everybody[0]]
            apart = [pair for two in apart for pair in _without(two, everybody)]
        elif edit.kind == SPLIT and len(sides) == 2:
            first, second = sides[0], np.setdiff1d(sides[1], sides[0])
            for number in np.unique(together[second]).tolist():
                together[second[together[second] == number]] = free
                free += 1
            apart.append((first, second))
    return Constraints(together, tuple(apart), nobody, decided)


class _Bodies:
    """Tracklets by the faces in them."""

    def __init__(self, finder: Finder, edits: Edits) -> None:
        self._finder, self._edits = finder, edits
        self._owner: Mapping[int, int] | None = None

    def of(self, person: int) -> Places:
        """Returns places of the tracklets in which most faces are of this person."""
        if self._owner is None:
            self._owner = faces_in(self._finder, self._edits)
        return np.array(sorted(place for place, whose in self._owner.items() if whose == person), np.int64)


def _without(two: tuple[Places, Places], merged: Places) -> list[tuple[Places, Places]]:
    """What stays apart of two sides when some of both are joined."""
    a, b = two
    rests = [(np.setdiff1d(a, merged), b), (np.intersect1d(a, merged), np.setdiff1d(b, merged))]
    return [(x, y) for x, y in rests if len(x) and len(y)]
