"""Angles and open eyes of drawn faces: of the mean face of insightface, turned, and of eyes drawn as ellipses."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.metrics.face_pose import eyes_open, pose_of_five, pose_of_solid
from tests.faces import mean_face, turned

POSES = [(0, 0, 0), (25, 0, 0), (-40, 10, 0), (0, -15, 30), (20, 15, -45), (0, 0, 170)]


def drawn_eyes(opening: float, other: float, yaw: float = 0, lean: float = 0) -> NDArray[np.float32]:
    """(1, 106, 2): rims as ellipses so many widths high, with pupils; each eye leans outwards, as real ones do."""
    points = np.full((106, 2), 50.0)
    around = np.arange(8) / 8 * 2 * np.pi
    for first, x, high, outwards in ((33, 30, opening, -0.1), (87, 70, other, 0.1)):
        rim = 10 * np.cos(around) + 1j * 10 * high * np.sin(around)
        eye = np.append(rim, [0, 0]) * np.exp(1j * outwards)
        points[first : first + 10] = np.stack([x + eye.real, 40 + eye.imag], axis=1)
    points[:, 0] *= np.cos(np.deg2rad(yaw))
    whole = (points[:, 0] + 1j * points[:, 1]) * np.exp(1j * np.deg2rad(lean))
    return np.stack([whole.real, whole.imag], axis=1)[None].astype(np.float32)


def test_no_faces_look_nowhere() -> None:
    assert pose_of_five(np.zeros((0, 5, 2), np.float32)).shape == (0, 3)
    assert pose_of_solid(np.zeros((0, 68, 3), np.float32)).shape == (0, 3)
    assert eyes_open(np.zeros((0, 106, 2), np.float32), np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("pose", POSES)
def test_a_turned_head_says_how_far_it_was_turned(pose: tuple[float, float, float]) -> None:
    solid = turned(mean_face(), *pose)
    assert pose_of_solid(solid[None])[0] == pytest.approx(pose, abs=1)
    assert pose_of_solid(solid[None] * 3 + 500)[0] == pytest.approx(pose, abs=1)


@pytest.mark.parametrize("pose", POSES)
def test_five_points_tell_yaw_and_roll_nearly_as_well(pose: tuple[float, float, float]) -> None:
    solid = turned(mean_face(), *pose)
    eyes = [solid[36:42].mean(axis=0), solid[42:48].mean(axis=0)]
    five = np.array([*eyes, solid[30], solid[48], solid[54]], np.float32)[None, :, :2]
    yaw, pitch, roll = pose_of_five(five)[0]
    assert (yaw, roll) == pytest.approx((pose[0], pose[2]), abs=8)
    assert np.sign(round(yaw, -1)) == np.sign(pose[0])
    assert np.isnan(pitch)


@pytest.mark.parametrize("lean", [0, 30, -100])
@pytest.mark.parametrize(("opening", "wanted"), [(0.02, 0), (0.1, 0), (0.2, 50), (0.3, 100), (0.5, 100)])
def test_eyes_are_as_open_as_they_were_drawn(opening: float, wanted: float, lean: float) -> None:
    found = eyes_open(drawn_eyes(opening, opening, lean=lean), np.zeros(1))
    assert found[0] == pytest.approx(wanted, abs=1)


def test_one_closed_eye_decides_unless_it_is_on_the_far_side() -> None:
    assert eyes_open(drawn_eyes(0.3, 0.05), np.zeros(1))[0] == 0
    far = drawn_eyes(0.35, 0.35, yaw=40)
    far[0, 87:97] = far[0, 87:97].mean(axis=0) + 0.3 * (far[0, 87:97] - far[0, 87:97].mean(axis=0))
    far[0, 87:97, 1] = far[0, 87:97, 1].mean()
    assert eyes_open(far, np.full(1, 40.0))[0] == pytest.approx(100, abs=1)


def test_a_face_seen_from_the_side_has_no_wider_eyes() -> None:
    assert eyes_open(drawn_eyes(0.2, 0.2, yaw=25), np.full(1, 25.0))[0] == pytest.approx(50, abs=2)


def test_the_mean_face_has_open_eyes_and_closed_ones_when_they_are_drawn_so() -> None:
    face = mean_face()
    assert eyes_open(face[None], np.zeros(1))[0] > 80
    for eye in (slice(36, 42), slice(42, 48)):
        face[eye, 1] = face[eye, 1].mean() + 0.1 * (face[eye, 1] - face[eye, 1].mean())
    assert eyes_open(face[None], np.zeros(1))[0] == 0


def test_points_that_are_not_there_or_fall_together_are_no_error() -> None:
    gone = np.full((1, 68, 3), np.nan, np.float32)
    assert np.isnan(pose_of_solid(gone)).all()
    assert np.isnan(eyes_open(gone, np.zeros(1))).all()
    assert np.isfinite(pose_of_solid(np.zeros((1, 68, 3), np.float32))).all()
    assert np.isfinite(pose_of_five(np.zeros((1, 5, 2), np.float32))[:, [0, 2]]).all()
    assert eyes_open(np.zeros((1, 106, 2), np.float32), np.zeros(1))[0] == 0
