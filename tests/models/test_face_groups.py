"""Grouping of faces: empty first, then people made of noise around known directions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.face_groups import SAMPLE, group_faces


def people(count: int, faces: int, noise: float, dimension: int = 64) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    dice = np.random.default_rng(7)
    who = dice.integers(0, count, faces)
    directions = dice.normal(size=(count, dimension))
    vectors = directions[who] + noise * dice.normal(size=(faces, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), who


def test_no_face_one_face_two_faces() -> None:
    one = np.eye(3, dtype=np.float32)
    assert group_faces(one[:0], 0.5).tolist() == []
    assert group_faces(one[:1], 0.5).tolist() == [-1]
    assert group_faces(one[:2], 0.5).tolist() == [-1, -1]
    assert group_faces(one[[0, 0]], 0.5).tolist() == [0, 0]
    assert group_faces(one[[0, 1, 1, 2, 1, 0]], 0.5).tolist() == [1, 0, 0, -1, 0, 1]


@pytest.mark.parametrize("faces", [40, 700, SAMPLE + 1, 2 * SAMPLE])
def test_each_person_is_one_group(faces: int) -> None:
    vectors, who = people(6, faces, 0.5)
    label = group_faces(vectors, 0.55)
    assert label.max() == 5
    for group in range(6):
        assert len(set(who[label == group])) == 1
    sizes = np.bincount(label[label >= 0])
    assert (np.diff(sizes) <= 0).all()


def test_a_person_seen_twice_among_thousands_is_kept() -> None:
    vectors, _ = people(3, 3 * SAMPLE, 0.4)
    rare = np.random.default_rng(1).normal(size=64).astype(np.float32)
    vectors[[17, 4711]] = rare / np.linalg.norm(rare)
    vectors[5000] = -vectors[17]
    label = group_faces(vectors, 0.55)
    assert label[17] == label[4711] == 3
    assert label[5000] == -1
