"""A picture that is mixed of two others, far before and after it, and what is none."""

import cv2
import numpy as np
import pytest

from core.metrics.mixture import DIP, PART, coarse, is_mixture
from tests.metrics.test_judge import boxed, scene
from tests.metrics.test_shift import seen

FAR_BEFORE, FAR_AFTER = scene(360, 640), scene(360, 640, seed=7)


def mixed(a, b, share):
    return np.round(a * (1.0 - share) + b * share).astype(np.uint8)


def said(*planes):
    return is_mixture(*(coarse(seen(plane)) for plane in planes))


def moved(plane, x, y=0.0, turn=0.0, zoom=1.0):
    height, width = plane.shape
    by = cv2.getRotationMatrix2D((width / 2, height / 2), turn, zoom)
    by[:, 2] += x, y
    return cv2.warpAffine(plane, by, (width, height), borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("share", [0.35, 0.4, 0.5, 0.6, 0.65])
def test_a_mixture_is_told_from_what_it_is_mixed_of(share):
    assert said(FAR_BEFORE, mixed(FAR_BEFORE, FAR_AFTER, share), FAR_AFTER)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.95, 1.0])
def test_a_picture_with_hardly_anything_of_one_is_none(share):
    assert not said(FAR_BEFORE, mixed(FAR_BEFORE, FAR_AFTER, share), FAR_AFTER)


@pytest.mark.parametrize("pan", [8, 16, 24])
def test_a_mixture_of_moving_pictures_is_one_although_they_moved_on(pan):
    middle = mixed(moved(FAR_BEFORE, pan), moved(FAR_AFTER, -pan), 0.5)
    assert said(FAR_BEFORE, middle, FAR_AFTER)


MOTIONS = {
    "stands": lambda plane, t: plane,
    "slow pan": lambda plane, t: moved(plane, 10 * t),
    "pan": lambda plane, t: moved(plane, 60 * t, 9 * t),
    "fast pan": lambda plane, t: moved(plane, 260 * t),
    "zoom": lambda plane, t: moved(plane, 0, zoom=1.4 + 0.3 * t),
    "turn": lambda plane, t: moved(plane, 0, turn=12 * t, zoom=1.3),
    "darker": lambda plane, t: np.round(plane * (0.7 - 0.25 * t)).astype(np.uint8),
}


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("blur", [0, 6])
@pytest.mark.parametrize("seed", [0, 7, 21])
def test_no_movement_of_one_shot_is_a_mixture(motion, blur, seed):
    plane = scene(360, 640, seed=seed)
    plane = cv2.GaussianBlur(plane, (0, 0), blur) if blur else plane
    assert not said(*(MOTIONS[motion](plane, t) for t in (-1, 0, 1)))


def test_a_cut_and_a_third_picture_are_none():
    assert not said(FAR_BEFORE, FAR_BEFORE, FAR_AFTER)
    assert not said(FAR_BEFORE, FAR_AFTER, FAR_AFTER)
    assert not said(FAR_BEFORE, scene(360, 640, seed=3), FAR_AFTER)
    assert not said(FAR_BEFORE, cv2.GaussianBlur(scene(360, 640, seed=3), (0, 0), 20), FAR_AFTER)


def test_a_fade_to_black_and_flat_pictures_are_none():
    black, grey = np.full_like(FAR_BEFORE, 16), np.full_like(FAR_BEFORE, 120)
    assert not said(FAR_BEFORE, mixed(FAR_BEFORE, black, 0.5), black)
    assert not said(FAR_BEFORE, grey, FAR_AFTER)
    assert not said(grey, grey, grey)
    assert not said(FAR_BEFORE, FAR_BEFORE, FAR_BEFORE)


def test_bars_do_not_hide_a_mixture():
    planes = (FAR_BEFORE, mixed(FAR_BEFORE, FAR_AFTER, 0.5), FAR_AFTER)
    assert said(*(boxed(plane, 56, 56, 0, 0) for plane in planes))
    assert said(*(boxed(plane, 0, 0, 120, 120) for plane in planes))


def test_pictures_of_other_sizes_and_tiny_ones_are_none():
    middle = mixed(FAR_BEFORE, FAR_AFTER, 0.5)
    assert not said(FAR_BEFORE[:180], middle, FAR_AFTER)
    assert not said(*(np.full((7, 9), level, np.uint8) for level in (10, 60, 110)))


def test_the_variance_dips_as_the_formula_says():
    parts = [coarse(seen(plane)) for plane in (FAR_BEFORE, mixed(FAR_BEFORE, FAR_AFTER, 0.5), FAR_AFTER)]
    a, middle, b = (part.around_mean for part in parts)
    np.testing.assert_allclose(middle, (a + b) / 2, atol=0.6)
    expected = (parts[0].variance + parts[2].variance + 2 * np.mean(a * b)) / 4
    assert parts[1].variance == pytest.approx(expected, rel=0.02)
    assert parts[1].variance < DIP * (parts[0].variance + parts[2].variance) / 2
    weights = np.linalg.lstsq(np.stack([a, b], axis=1), middle, rcond=None)[0]
    assert min(weights) > PART
