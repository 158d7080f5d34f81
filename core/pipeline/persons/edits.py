"""What people decide about persons: merge, split, "not a person", rename; undo and redo.

Each function returns edits; ``Material.grouped`` does what they say, ``Material.write`` keeps them. Not here: how they
are kept (``store.person_edits``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from core.errors import SettingsError
from core.pipeline.persons.anchors import anchors_between, anchors_of
from core.pipeline.persons.canonical import Grouped, shared_frames
from core.store.person_edits import MERGE, NAME, NOBODY, SPLIT, Edit, Edits
from core.wording import plural, ranges

LONGEST_NAME = 80


def merge(grouped: Grouped, persons: Sequence[int]) -> Edits:
    """Makes one of several persons, under the first id.

    Raises:
        SettingsError: fewer than two came, or there is no such person.
    """
    wanted = list(dict.fromkeys(known(grouped, person) for person in persons))
    if len(wanted) < 2:
        raise SettingsError("two persons or more are wanted to merge; name another id.", field="person_id")
    members = tuple(anchors_of(grouped.pieces, _places(grouped, person)) for person in wanted)
    return grouped.edits.made(Edit(MERGE, tuple(wanted), members))


def overlap_sentence(grouped: Grouped, persons: Sequence[int]) -> str | None:
    """Returns what to say before persons are merged who are seen at the same time; ``None`` = they never are."""
    shared: set[int] = set()
    for at, one in enumerate(persons):
        for other in persons[at + 1 :]:
            shared |= set(shared_frames(grouped, one, other).tolist())
    if not shared:
        return None
    said = " and ".join(map(str, persons))
    return (
        f"persons {said} are both seen in {plural(len(shared), 'frame')} ({ranges(sorted(shared))}); there the surer "
        "box counts, the other one stays in the tracklets."
    )


def split_off(grouped: Grouped, person: int, tracklets: Iterable[int]) -> Edits:
    """Makes another person of some tracklets of one.

    Args:
        grouped: as it is now.
        person: whose they are.
        tracklets: ids of the tracklets that go.

    Raises:
        SettingsError: there is no such person, or nothing or everything would go.
    """
    person = known(grouped, person)
    places = _places(grouped, person)
    if not len(places):
        sentence = f"person {person} is known by faces only: there is no body to split."
        raise SettingsError(sentence, code="no_body", field="person_id", person=person)
    going = np.isin(grouped.pieces.tracklet_ids[places], list(tracklets))
    if not going.any() or going.all():
        sentence = f"some tracklets of person {person} are wanted, not none and not all; choose others."
        raise SettingsError(sentence, code="no_split", field="tracklets", person=person)
    members = tuple(anchors_of(grouped.pieces, some.tolist()) for some in (places[~going], places[going]))
    return grouped.edits.made(Edit(SPLIT, (person,), members))


def split_at(grouped: Grouped, person: int, ordinal: int) -> Edits:
    """Makes two persons of one: what is before a frame, and what is from this frame on.

    Raises:
        SettingsError: there is no such person, or one part would be empty.
    """
    person = known(grouped, person)
    places = _places(grouped, person).tolist()
    before = anchors_between(grouped.pieces, places, 0, ordinal)
    after = anchors_between(grouped.pieces, places, ordinal, np.iinfo(np.int64).max)
    if not before or not after:
        sentence = f"person {person} is not there both before frame {ordinal} and from it on; choose a frame between."
        raise SettingsError(sentence, code="no_split", field="at", person=person, frame=ordinal)
    return grouped.edits.made(Edit(SPLIT, (person,), (before, after), at=ordinal))


def not_a_person(grouped: Grouped, person: int) -> Edits:
    """Takes somebody away who is none. Raises ``SettingsError``: there is no such person, or none with a body."""
    person = known(grouped, person)
    if not len(_places(grouped, person)):
        sentence = f"person {person} is known by faces only: there is no body to take away."
        raise SettingsError(sentence, code="no_body", field="person_id", person=person)
    members = (anchors_of(grouped.pieces, _places(grouped, person).tolist()),)
    return grouped.edits.made(Edit(NOBODY, (person,), members))


def rename(grouped: Grouped, person: int, name: str) -> Edits:
    """Names a person; an empty name takes the name away.

    Raises:
        SettingsError: there is no such person, or the name is longer than ``LONGEST_NAME`` characters.
    """
    return grouped.edits.made(Edit(NAME, (known(grouped, person),), name=clean_name(name)))


def clean_name(name: str) -> str:
    """Returns a name as it is kept. Raises ``SettingsError``: it is longer than ``LONGEST_NAME`` characters."""
    clean = " ".join(name.split())
    if len(clean) > LONGEST_NAME:
        raise SettingsError(f"a name of {len(clean)} characters came; up to {LONGEST_NAME} are possible.", field="name")
    return clean


def known(grouped: Grouped, person: int) -> int:
    """Returns the id that a person has now, who may be known by faces alone.

    Raises:
        SettingsError: there is no such person.
    """
    now = grouped.edits.now(person)
    if not np.any(grouped.who == now) and (now not in grouped.edits.faces or now in grouped.edits.known):
        ids = np.unique(grouped.who[grouped.who >= 0]).tolist()
        there = f"persons are {ranges(ids, 30)}" if ids else "nobody was found"
        raise SettingsError(
            f"there is no person {person}; {there}.", code="no_person", field="person_id", person=person
        )
    return now


def _places(grouped: Grouped, person: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(grouped.who == person)
