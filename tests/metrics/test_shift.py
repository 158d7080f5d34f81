"""The displacement of two pictures against its slow twin, and what it says of pictures whose truth is known."""

import math

import cv2
import numpy as np
import pytest

from core.metrics import calls
from core.metrics.judge import SMOOTHING, judge
from core.metrics.quality import measure
from core.metrics.scratch import Scratch
from core.metrics.shift import cells_inside, displacement
from tests.metrics import slow_shift
from tests.metrics.test_judge import boxed, scene


def seen(plane):
    plane, scratch = np.ascontiguousarray(plane), Scratch()
    stats = measure(plane, plane.shape[1], full_range=True, scratch=scratch, phash=True)
    return judge(plane, plane.shape[1], full_range=True, laplacian=stats.laplacian, scratch=scratch)


def moved(plane, right=0.0, down=0.0, zoom=1.0, turn=0.0):
    """A picture moved by so many pixels, about its middle; the sides are mirrored."""
    height, width = plane.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, zoom)
    matrix[:, 2] += right, down
    flags = {"flags": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_REFLECT_101}
    return cv2.warpAffine(plane, matrix, (width, height), **flags)


def slowly(now, before):
    cells = [slow_shift.cells_of(box_of(plane)) for plane in (now, before)]
    height, width = now.shape
    return slow_shift.displacement(*cells, cells_inside(seen(now), seen(before)), width, height)


def box_of(plane):
    scratch = Scratch()
    measure(np.ascontiguousarray(plane), plane.shape[1], full_range=True, scratch=scratch, phash=True)
    return scratch.box.copy()


NOISY = np.clip(scene() + np.random.default_rng(3).normal(0, 6, (288, 512)), 0, 255).astype(np.uint8)
PAIRS = {
    "still": (scene(), scene()),
    "part of a pixel": (moved(scene(), 0.3, -0.2), scene()),
    "some pixels": (moved(scene(), 7.0, 3.0), scene()),
    "several cells": (moved(scene(), -70.0, 21.0), scene()),
    "zoom": (moved(scene(), zoom=1.04), scene()),
    "turn": (moved(scene(), turn=2.0, right=3.0), scene()),
    "noise": (NOISY, scene()),
    "upright": (moved(scene(501, 264), 2.0, 5.0), scene(501, 264)),
    "bars": (boxed(moved(scene(), 3.0, 2.0), 40, 40, 0, 0), boxed(scene(), 40, 40, 0, 0)),
    "a pillar": (boxed(moved(scene(), 3.0, 2.0), 0, 0, 190, 190), boxed(scene(), 0, 0, 190, 190)),
    "one direction": (moved(np.tile(scene()[100], (288, 1)), 4.0), np.tile(scene()[100], (288, 1))),
    "small": (moved(scene(33, 40), 1.0), scene(33, 40)),
    "another picture": (scene(seed=5), scene()),
    "flat": (np.full((288, 512), 90, np.uint8), np.full((288, 512), 90, np.uint8)),
    "to black": (np.full((288, 512), 2, np.uint8), scene()),
    "from black": (scene(), np.full((288, 512), 2, np.uint8)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_it_agrees_with_its_slow_twin(name):
    now, before = PAIRS[name]
    assert seen(now).cells == pytest.approx(slow_shift.cells_of(box_of(now)), abs=2e-4)
    ours, theirs = displacement(seen(now), seen(before)), slowly(now, before)
    assert (ours is None) == (theirs is None)
    assert ours is None or ours == pytest.approx(theirs, rel=2e-4, abs=2e-4)


@pytest.mark.parametrize("name", ["another picture", "to black", "from black"])
def test_another_picture_is_no_displacement(name):
    assert displacement(*map(seen, PAIRS[name])) is None


def test_the_one_before_is_not_known_or_of_another_size():
    assert displacement(seen(scene()), None) is None
    assert displacement(seen(scene()), seen(scene(144, 256))) is None


FINE = 8


@pytest.mark.parametrize("eighths", [(1, 0), (0, 2), (3, -5), (20, 9)])
def test_a_pan_of_parts_of_a_pixel(eighths):
    large = scene(FINE * 200, FINE * 340, scale=FINE)
    right, down = eighths
    now, before = (
        cv2.resize(large[y : y + FINE * 180, x : x + FINE * 320], (320, 180), interpolation=cv2.INTER_AREA)
        for x, y in ((60, 60), (60 + right, 60 + down))
    )
    found = displacement(seen(now), seen(before))
    assert found == pytest.approx(100 * math.hypot(right, down) / FINE / math.hypot(180, 320), rel=0.08)


@pytest.mark.parametrize("size", [(180, 320), (288, 512), (1080, 1920)])
@pytest.mark.parametrize("share", [0.003, 0.02, 0.1])
@pytest.mark.parametrize("angle", [0, 90, 200])
def test_a_pan_of_some_pixels_to_a_tenth_of_the_picture(size, share, angle):
    height, width = size
    plane, diagonal = scene(height * 2, width * 2, scale=height / 190), math.hypot(*size)
    right, down = (round(share * diagonal * f(math.radians(angle))) for f in (math.cos, math.sin))
    before, now = (
        plane[y : y + height, x : x + width]
        for x, y in ((width // 2, height // 2), (width // 2 - right, height // 2 - down))
    )
    found = displacement(seen(now), seen(before))
    assert found == pytest.approx(100 * math.hypot(right, down) / diagonal, rel=0.08)


@pytest.mark.parametrize("zoom", [0.97, 1.01, 1.05])
def test_a_zoom_is_the_root_mean_square_over_the_picture(zoom):
    found = displacement(seen(moved(scene(), zoom=zoom)), seen(scene()))
    assert found == pytest.approx(100 * abs(zoom - 1) / math.sqrt(12), rel=0.15)


def test_a_subject_that_moves_and_light_that_changes_are_no_displacement():
    before, after = scene(), scene()
    before[60:200, 100:240] = scene(140, 140, seed=7)
    after[60:200, 112:252] = scene(140, 140, seed=7)
    assert displacement(seen(after), seen(before)) == 0.0
    assert displacement(seen(np.clip(scene() + 9.0, 0, 255).astype(np.uint8)), seen(scene())) < 0.02


def test_a_title_over_a_pan_and_bars_around_it_hide_nothing():
    plane = scene()
    after = moved(plane, 4.0, 2.0)
    wanted = 100 * math.hypot(4, 2) / math.hypot(*plane.shape)
    for picture in (plane, after):
        picture[230:262, 120:400] = np.tile([20, 240], (32, 140))
    assert displacement(seen(after), seen(plane)) == pytest.approx(wanted, rel=0.1)
    bars = [seen(boxed(picture, 40, 41, 0, 0)) for picture in (after, plane)]
    assert displacement(*bars) == pytest.approx(wanted, rel=0.1)


def test_where_only_one_direction_can_be_told_nothing_is_seen_to_move():
    assert displacement(*map(seen, PAIRS["one direction"])) == 0.0
    assert displacement(*map(seen, PAIRS["flat"])) == 0.0


def test_smoothing_is_of_the_picture_and_not_of_its_mean():
    flat = calls.smooth(np.full((32, 32), 77.0), SMOOTHING)
    assert flat[0] == pytest.approx(77.0, rel=1e-5)
    assert np.abs(flat[1:]).max() < 1e-4
