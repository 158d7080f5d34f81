"""Sharpness inside boxes is that of the metric on the part alone; frontality follows the nose."""

from __future__ import annotations

import numpy as np
import pytest

from core.metrics.face_quality import face_sharpness, frontality
from core.metrics.quality import measure


def test_no_faces_have_no_quality() -> None:
    assert frontality(np.zeros((0, 5, 2), np.float32)).shape == (0,)
    assert face_sharpness(np.zeros((9, 9), np.uint8), 9, np.zeros((0, 4), np.float32), full_range=True).shape == (0,)


def test_sharpness_is_that_of_the_box_alone() -> None:
    dice = np.random.default_rng(3)
    luma = dice.integers(16, 236, (90, 128), dtype=np.uint8)
    boxes = np.array(
        [[10, 20, 50, 70], [-5, -5, 40, 30], [90, 60, 300, 300], [3, 3, 8, 60], [70, 70, 71, 71]], np.float32
    )
    found = face_sharpness(luma, 120, boxes, full_range=False)
    for got, (x1, y1, x2, y2) in zip(found[:3], ((10, 20, 50, 70), (0, 0, 40, 30), (90, 60, 120, 90)), strict=True):
        part = np.ascontiguousarray(luma[y1:y2, x1:x2])
        assert got == measure(part, x2 - x1, full_range=False).sharpness
    assert np.isnan(found[3:]).all()


@pytest.mark.parametrize(("nose", "wanted"), [(0.0, 100.0), (5.0, 50.0), (-5.0, 50.0), (10.0, 0.0), (30.0, 0.0)])
@pytest.mark.parametrize("degrees", [0, 33, -90])
def test_frontality_follows_the_nose_however_the_head_is_tilted(nose: float, wanted: float, degrees: int) -> None:
    points = np.array([[-10, -10], [10, -10], [nose, 0], [-8, 10], [8, 10]], np.float64)
    turn = np.exp(1j * np.deg2rad(degrees)) * (points[:, 0] + 1j * points[:, 1]) * 3 + (100 + 50j)
    turned = np.stack([turn.real, turn.imag], axis=1).astype(np.float32)
    assert frontality(turned[None])[0] == pytest.approx(wanted, abs=0.01)


def test_points_that_fall_together_are_no_error() -> None:
    assert 0 <= frontality(np.zeros((1, 5, 2), np.float32))[0] <= 100
