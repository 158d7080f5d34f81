"""The landmark networks of a pack: small ones of the same signature. The published ones are not here to be tried."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.metrics.face_pose import eyes_open, pose_of_solid
from core.models.face_landmarks import MOST, SMALLEST_PX
from core.models.faces import open_reader
from core.video.photos import read_photo
from tests.faces import LANDMARK_NUMBERS, make_landmarks, make_pack, mean_face, six_people, turned

pytestmark = pytest.mark.weights


@pytest.fixture
def pack(assets: Path, tmp_path: Path) -> Path:
    return make_pack(assets, tmp_path / "own")


def test_a_pack_without_landmarks_gives_none(pack: Path) -> None:
    found = open_reader(str(pack)).read(read_photo(six_people()))
    assert found.dense is None
    assert found.solid is None


def test_points_are_those_of_the_bare_library(pack: Path) -> None:
    """The slow twin: insightface's own call, one face after the other."""
    from insightface.app.common import Face
    from insightface.model_zoo import get_model

    paths = [make_landmarks(pack / f"{name}.onnx") for name in LANDMARK_NUMBERS]
    rgb = read_photo(six_people())
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    found = open_reader(str(pack)).read(rgb)
    for path, ours in zip(paths, (found.dense, found.solid), strict=True):
        theirs = get_model(str(path), providers=["CPUExecutionProvider"])
        assert ours is not None
        for box, points in zip(found.boxes, ours, strict=True):
            assert np.abs(theirs.get(bgr, Face(bbox=box)) - points).max() < 0.5
    assert found[:2].solid is not None
    assert len(found[:2].solid) == 2


def test_a_face_that_is_drawn_is_read_as_it_was_drawn(pack: Path) -> None:
    make_landmarks(pack / "1k3d68.onnx", turned(mean_face(), 20, 10, -15) * 0.5)
    found = open_reader(str(pack)).read(read_photo(six_people()))
    assert found.solid is not None
    pose = pose_of_solid(found.solid)
    assert pose == pytest.approx(np.tile([20, 10, -15], (6, 1)), abs=1)
    assert (eyes_open(found.solid, pose[:, 0]) > 60).all()
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    sides = (found.boxes[:, 2:] - found.boxes[:, :2]).max(axis=1)
    assert (np.abs(found.solid[:, :, :2].mean(axis=1) - middles) < sides[:, None] / 2).all()


def test_small_faces_and_those_of_a_crowd_are_not_looked_at(pack: Path) -> None:
    make_landmarks(pack / "2d106det.onnx")
    network = open_reader(str(pack))._landmarks[0]
    assert network is not None
    rgb = np.zeros((400, 400, 3), np.uint8)
    assert network.find(rgb, np.zeros((0, 4), np.float32)).shape == (0, 106, 2)
    sides = np.arange(SMALLEST_PX - 2, SMALLEST_PX + MOST + 4)
    boxes = np.stack([sides * 0, sides * 0, sides, sides], axis=1).astype(np.float32)
    looked = np.isfinite(network.find(rgb, boxes)).all(axis=(1, 2))
    assert looked.tolist() == [False] * (len(sides) - MOST) + [True] * MOST
