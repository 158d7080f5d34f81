"""Tracklets that go over to somebody else are cut; second boxes of one body are nobody; looks of crops are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import RunError
from core.metrics import appearance
from core.pipeline.persons.anchors import cut_up
from core.pipeline.persons.changes import changes_of, vectors_of
from core.pipeline.persons.doubles import Bodies
from core.store import persons
from core.store.persons import Appearances, Tracklets


def tracklets(*lives: tuple[range, tuple[float, float, float, float]]) -> Tracklets:
    """Tracklets that stand still."""
    frames = [frame for life, _ in lives for frame in life]
    boxes = [box for life, box in lives for _ in life]
    edges = np.cumsum([0, *(len(life) for life, _ in lives)])
    rows = np.arange(len(frames))
    sure = np.full(len(frames), 0.9, np.float32)
    ids = np.arange(1, len(lives) + 1)
    return Tracklets(ids, edges, np.array(frames), np.array(boxes, np.float32), sure, rows, "x")


def looks(found: Tracklets, who: list[int], every: int = 5) -> Appearances:
    """Every fifth crop described; the person of each of these crops."""
    rows = np.arange(0, len(found.frame_numbers), every)
    base = np.eye(3, dtype=np.float32)[who] + np.float32(0.1)
    of_rows = base / np.linalg.norm(base, axis=1, keepdims=True)
    return Appearances(np.ones((len(found), 3), np.float32), "test", rows, of_rows.astype(np.float32))


BOX = (10.0, 10.0, 50.0, 90.0)


def test_a_tracklet_that_goes_over_is_cut_where_its_looks_change() -> None:
    found = tracklets((range(40), BOX))
    changes = changes_of(found, looks(found, [0, 0, 0, 1, 1, 1, 1, 1]))
    assert changes.cuts(0.86) == {(0, 13)}
    assert changes.cuts(0.0) == set()


def test_one_person_is_not_cut_and_one_odd_crop_is_no_change() -> None:
    found = tracklets((range(40), BOX))
    assert not changes_of(found, looks(found, [0] * 8)).cuts(0.86)
    assert not changes_of(found, looks(found, [0, 0, 0, 0, 1, 0, 0, 0])).cuts(0.86)
    assert not changes_of(found, Appearances(np.ones((1, 3), np.float32), "old")).cuts(1.0)


def test_each_side_of_a_cut_is_known_by_its_own_crops() -> None:
    found = tracklets((range(40), BOX), (range(50, 70), BOX))
    known = looks(found, [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2])
    pieces, whole = cut_up(found, {(0, 13)})
    vectors = vectors_of(pieces, whole, known)
    assert vectors.argmax(axis=1).tolist() == [0, 1, 0]
    np.testing.assert_allclose(np.linalg.norm(vectors[:2], axis=1), 1, rtol=1e-3)
    np.testing.assert_array_equal(vectors[2], known.vectors[1])


def test_a_box_within_a_box_for_life_is_a_double() -> None:
    inner, beside = (12.0, 12.0, 49.0, 80.0), (100.0, 10.0, 140.0, 90.0)
    found = tracklets((range(40), BOX), (range(10, 30), inner), (range(40), beside))
    assert Bodies(found).doubles(None).tolist() == [False, True, False]


def test_a_child_before_a_grown_up_is_no_double() -> None:
    child = (20.0, 60.0, 35.0, 90.0)
    found = tracklets((range(40), BOX), (range(10, 30), child))
    other = np.array([[1, 0], [0, 1]], np.float32)
    assert not Bodies(found).doubles(other).any()
    assert Bodies(found).doubles(np.ones((2, 1), np.float32)).tolist() == [False, True]


def test_two_bodies_are_never_one_and_one_body_with_two_boxes_may_be() -> None:
    inner, beside = (12.0, 12.0, 49.0, 80.0), (100.0, 10.0, 140.0, 90.0)
    found = tracklets((range(20), BOX), (range(18, 40), inner), (range(40), beside), (range(50, 60), BOX))
    bodies = Bodies(found)
    first, second, third, later = (np.array([place]) for place in range(4))
    assert bodies.are_one(first, second)
    assert not bodies.are_one(first, third)
    assert bodies.are_one(first, later)
    assert not bodies.are_one(np.array([0, 3]), third)


def test_vectors_of_crops_come_back_and_damage_is_told(tmp_path: Path) -> None:
    path, found = tmp_path / "looks.npz", tracklets((range(40), BOX))
    known = looks(found, [0, 0, 0, 1, 1, 1, 1, 1])
    persons.write_appearances(path, known, found.digest())
    back = persons.read_appearances(path, found)
    np.testing.assert_array_equal(back.rows, known.rows)
    np.testing.assert_allclose(back.of_rows, known.of_rows, atol=1e-3)
    persons.write_appearances(path, Appearances(known.vectors, "x", known.rows + 30, known.of_rows), found.digest())
    with pytest.raises(RunError, match="rows that are not there"):
        persons.read_appearances(path, found)


def test_stripes_and_spots_of_one_colour_look_different() -> None:
    across, down = np.zeros((256, 128, 3), np.uint8), np.zeros((256, 128, 3), np.uint8)
    across[(np.arange(256) // 16) % 2 == 0], down[:, (np.arange(128) // 16) % 2 == 0] = 200, 200
    one, other = appearance.describe(across), appearance.describe(down)
    assert one.shape == (appearance.LENGTH,)
    np.testing.assert_allclose(np.linalg.norm([one, other], axis=1), 1, rtol=1e-5)
    assert one @ other < 0.9
