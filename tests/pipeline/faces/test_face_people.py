"""Groups of faces show persons of the video: ids never change their meaning, whatever is grouped or joined anew."""

from __future__ import annotations

import dataclasses

import numpy as np

from core.pipeline.persons.face_evidence import assigned, named
from core.store.person_edits import MERGE, Anchor, Edit, Edits
from core.store.persons import Persons

ANNA, BEN, EVE = range(3)


def faces(who: int, frames: range) -> list[Anchor]:
    """Faces of 40 pixels; everybody has a place of his own."""
    return [(frame, 100.0 + 300 * who, 100.0, 140.0 + 300 * who, 140.0) for frame in frames]


def bodies(ids: dict[int, int], frames: int = 100) -> Persons:
    """Somebody -> id: a body of 120x400 pixels around each face."""
    order = sorted(ids, key=lambda who: ids[who])
    boxes = np.array([(60 + 300 * who, 60, 180 + 300 * who, 460) for who in order for _ in range(frames)], np.float32)
    count = len(boxes)
    return Persons(
        np.array([ids[who] for who in order], np.int64),
        np.arange(0, count + 1, frames, dtype=np.int64),
        np.tile(np.arange(frames, dtype=np.int64), len(order)),
        boxes,
        np.full(count, 0.9, np.float32),
        np.arange(count, dtype=np.int64),
        np.array([ids[who] for who in order], np.int64),
    )


def test_ids_follow_the_faces_whatever_is_larger_now() -> None:
    first, edits = assigned([faces(ANNA, range(50)), faces(BEN, range(20))], Edits(), None)
    assert first == [1, 2]
    edits = named(edits, 2, "Ben")
    again, edits = assigned([faces(EVE, range(90)), faces(BEN, range(60)), faces(ANNA, range(40))], edits, None)
    assert again == [3, 2, 1]
    assert edits.names() == {2: "Ben"}


def test_a_group_that_comes_apart_keeps_its_id_where_most_of_it_is_and_one_that_goes_up_is_forwarded() -> None:
    _, edits = assigned([faces(ANNA, range(50)), faces(BEN, range(20))], Edits(), None)
    apart, edits = assigned([faces(ANNA, range(30)), faces(ANNA, range(30, 50)), faces(BEN, range(20))], edits, None)
    assert apart == [1, 3, 2]
    joined, edits = assigned([faces(ANNA, range(50)) + faces(BEN, range(20))], edits, None)
    assert joined == [1]
    assert [edits.now(person) for person in (1, 2, 3)] == [1, 1, 1]
    back, edits = assigned([faces(ANNA, range(50)), faces(BEN, range(20))], edits, None)
    assert back == [1, 2]
    assert edits.now(2) == 2


def test_groups_within_the_boxes_of_a_person_show_that_person() -> None:
    persons = bodies({ANNA: 7, BEN: 4})
    groups = [faces(ANNA, range(50)), faces(ANNA, range(50, 60)), faces(BEN, range(20)), faces(EVE, range(10))]
    edits = Edits(next_id=8, known={7: (), 4: ()})
    assert assigned(groups, edits, persons)[0] == [7, 7, 4, 8]


def test_a_face_between_two_bodies_is_nobodys() -> None:
    persons = bodies({ANNA: 1, BEN: 2})
    persons.bboxes[persons.rows(2)] = persons.bboxes[persons.rows(1)] + np.float32(4)
    edits = Edits(next_id=3, known={1: (), 2: ()})
    assert assigned([faces(ANNA, range(50))], edits, persons)[0] == [3]


def test_people_of_an_older_program_keep_their_ids_where_nobody_has_them() -> None:
    ids, edits = assigned([faces(ANNA, range(50)), faces(BEN, range(20))], Edits(), None, [0, 1])
    assert ids == [0, 1]
    assert edits.next_id == 2
    taken = Edits(next_id=3, known={1: (), 2: ()})
    assert assigned([faces(ANNA, range(50)), faces(EVE, range(9))], taken, bodies({ANNA: 2}), [1, 5])[0] == [2, 5]


def test_who_is_merged_by_a_person_stays_one_and_undo_gives_both_back() -> None:
    groups = [faces(ANNA, range(50)), faces(BEN, range(20))]
    _, edits = assigned(groups, Edits(), None)
    merged = edits.made(Edit(MERGE, (2, 1), ((), ())))
    ids, merged = assigned(groups, merged, None)
    assert ids == [2, 2]
    assert assigned(groups, dataclasses.replace(merged.without_last()), None)[0] == [1, 2]
