"""People that are grouped again keep their names, and references to them their meaning."""

from __future__ import annotations

import numpy as np

from core.pipeline.face_people import people_of, relabelled
from core.store.face_file import Person, Reference


def test_names_and_references_follow_the_faces() -> None:
    before = (Person(0, (0, 1, 2, 3), "Anna"), Person(1, (4, 5)), Person(2, (6, 7), "Gone"))
    label = np.array([1, 1, 1, 0, 0, 0, -1, -1, 0, 9])[:9]
    assert [(p.id, p.rows, p.name) for p in people_of(label, before)] == [(0, (3, 4, 5, 8), ""), (1, (0, 1, 2), "Anna")]
    references = [Reference(text, (1.0,)) for text in ("person:0", "person:1", "person:2", "face:3", "/a/person:0#1")]
    now = relabelled(references, label, before)
    assert [one.label for one in now] == ["person:1", "person:0", "former person:2", "face:3", "/a/person:0#1"]
    assert relabelled(references, label, None) == tuple(references)
