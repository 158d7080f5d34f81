"""Displacement of encoded clips whose camera's path is known: photos that are panned, zoomed, or stand still.

A path is the number of pixels that the picture has moved at each frame; all percentages are of the diagonal.
"""

from __future__ import annotations

import importlib.util
import math
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.pipeline.extraction import extract_records
from core.pipeline.notes import notes
from core.pipeline.select import select
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.store.table import load_table
from core.video.encode import encode

FRAMES = 72
LARGER = 3
"""A photo is taken so many times as large as a frame shows it: a pixel of it is a third of one."""
ALL = ExtractSettings(method="all", save_frames=False)
PHOTOS = {
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "coffee": ("skimage", "data/coffee.png"),
}


def photo(name):
    package, path = PHOTOS[name]
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed, which ships the photo")
    grey = cv2.imread(str(Path(found.origin).parent / path), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    return grey


def path_of(width):
    """Still, slow (a third of a pixel), fast, slow again: pixels of the photo, whole ones."""
    steps = np.repeat([0, 1, round(LARGER * width * 0.009), round(LARGER * width * 0.002)], FRAMES // 4)
    return np.cumsum(np.concatenate([[0], steps[1:]]))


def pan(name, width, height, down=False):
    """Frames and how far each has moved, %."""
    path = path_of(width)
    margin = int(path[-1]) + 8
    need = LARGER * width + (0 if down else margin), LARGER * height + (margin if down else 0)
    grey = photo(name)
    scale = max(need[0] / grey.shape[1], need[1] / grey.shape[0])
    large = cv2.resize(grey, None, fx=scale * 1.001, fy=scale * 1.001, interpolation=cv2.INTER_CUBIC)
    frames = []
    for at in path.tolist():
        x, y = (0, at) if down else (at, 0)
        window = large[y : y + LARGER * height, x : x + LARGER * width]
        frames.append(cv2.resize(window, (width, height), interpolation=cv2.INTER_AREA))
    return frames, path / LARGER / math.hypot(width, height) * 100


def zoom(name, width, height):
    """Frames that come nearer, at first not at all, and how far a picture has moved, root mean square, %."""
    rates = np.repeat([0.0, 0.0, 0.006, 0.002], FRAMES // 4)
    zooms = np.exp(np.cumsum(rates))
    large = cv2.resize(photo(name), (width * 2, height * 2), interpolation=cv2.INTER_AREA)
    frames = []
    for one in zooms.tolist():
        matrix = np.array([[one / 2, 0, width / 2 * (1 - one)], [0, one / 2, height / 2 * (1 - one)]])
        frames.append(cv2.warpAffine(large, matrix, (width, height), flags=cv2.INTER_AREA))
    return frames, np.cumsum(rates) / math.sqrt(12) * 100


def passing(name, width, height):
    """A camera that stands still while somebody, a tenth of the picture's width, walks and jumps through it."""
    ground = cv2.resize(photo(name), (width, height), interpolation=cv2.INTER_AREA)
    who = cv2.resize(photo("coffee")[100:250, 150:300], (width // 10, height // 4), interpolation=cv2.INTER_AREA)
    frames = []
    for i in range(FRAMES):
        x, y = i * (width - width // 10) // FRAMES, int(height * (0.4 + 0.1 * math.sin(i / 3)))
        frame = ground.copy()
        frame[y : y + who.shape[0], x : x + who.shape[1]] = who
        frames.append(frame)
    return frames, np.zeros(FRAMES)


def noisy(frames, sigma, light=1.0):
    rng = np.random.default_rng(1)
    return [np.clip(frame * light + rng.normal(0, sigma, frame.shape), 0, 255).astype(np.uint8) for frame in frames]


def run_of(frames, folder, rate=25, crf=20):
    colour = (np.repeat(frame[:, :, None], 3, axis=2) for frame in frames)
    encode(colour, folder / "clip.mp4", Fraction(rate), crf=crf)
    list(extract_records(folder / "clip.mp4", ALL, out=folder / "run"))
    return load_table(folder / "run")


def followed(table):
    steps = table.values["displacement"]
    assert not np.isnan(steps).any()
    assert steps[0] == 0
    return np.cumsum(steps)


def steps_are_even(table, path, stills, spread="motion"):
    """Whether each part of the path, of as many as stills are wanted, holds one of them."""
    kept = select(table, FilterSettings(best=stills, spread=spread, dedup=0, rank_by="sharpness")).kept
    span = path[-1] * len(path) / (len(path) - 1)
    return len({int(path[at] / span * stills) for at in kept.tolist()})


@pytest.mark.parametrize(("width", "height", "rate"), [(320, 180, 24), (640, 360, 30), (960, 540, 60)])
@pytest.mark.parametrize("name", ["china", "flower"])
@pytest.mark.parametrize("down", [False, True], ids=["across", "down"])
def test_a_pan_of_varying_speed_is_followed_within_two_percent(tmp_path, name, width, height, rate, down):
    frames, path = pan(name, width, height, down)
    table = run_of(frames, tmp_path, rate)
    found = followed(table)
    assert np.abs(found - path).max() <= 0.02 * path[-1]
    assert found[FRAMES // 4 - 1] <= 0.02  # it stood still
    assert steps_are_even(table, path, 12) >= 11


HARD = [(8, 1.0, 20, 0.03), (3, 0.3, 20, 0.03), (3, 0.15, 20, 0.05), (0, 1.0, 36, 0.03)]
"""Noise (grey levels), light, rate factor of x264, and the share of the path by which it may be missed."""


@pytest.mark.parametrize(("sigma", "light", "crf", "most"), HARD)
@pytest.mark.parametrize("name", PHOTOS)
def test_noise_darkness_and_a_low_bitrate_cost_little(tmp_path, name, sigma, light, crf, most):
    frames, path = pan(name, 640, 360)
    table = run_of(noisy(frames, sigma, light), tmp_path, crf=crf)
    assert np.abs(followed(table) - path).max() <= most * path[-1]
    assert steps_are_even(table, path, 12) >= 10


@pytest.mark.parametrize(("pixels", "least"), [(0.2, 0.65), (0.35, 0.9)])
@pytest.mark.parametrize("name", PHOTOS)
def test_what_is_too_slow_and_dark_to_be_seen_from_frame_to_frame_is_seen_over_more(tmp_path, name, pixels, least):
    width, height = 640, 360
    path = np.cumsum(np.repeat([0, pixels, 0], FRAMES // 3))
    large = photo(name)
    scale = max((2 * width + 40) / large.shape[1], 2 * height / large.shape[0])
    large = cv2.resize(large, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    frames = []
    for at in path.tolist():
        window = cv2.warpAffine(large, np.array([[1, 0, -2 * at], [0, 1, 0]]), (2 * width, 2 * height))
        frames.append(cv2.resize(window, (width, height), interpolation=cv2.INTER_AREA))
    table = run_of(noisy(frames, 3, 0.15), tmp_path)
    steps = table.values["displacement"]
    whole = path[-1] / math.hypot(width, height) * 100
    assert followed(table)[-1] == pytest.approx(whole, abs=0.12 * whole + 0.25)  # noise alone: up to 0.3 %
    moving = slice(FRAMES // 3, 2 * FRAMES // 3)
    assert steps[moving].sum() >= least * whole


@pytest.mark.parametrize("width", [320, 640, 960])
@pytest.mark.parametrize("name", ["china", "flower"])
def test_a_zoom_is_followed(tmp_path, name, width):
    frames, path = zoom(name, width, width * 9 // 16)
    table = run_of(frames, tmp_path)
    found = followed(table)
    assert np.abs(found - path).max() <= 0.12 * path[-1]
    assert found[FRAMES // 2 - 1] <= 0.02
    assert steps_are_even(table, path, 8) >= 7


@pytest.mark.parametrize(("sigma", "light", "most"), [(0, 1.0, 0.02), (8, 1.0, 0.8), (3, 0.15, 0.4)])
@pytest.mark.parametrize("name", ["china", "flower"])
def test_somebody_who_walks_through_is_no_displacement(tmp_path, name, sigma, light, most):
    frames, _ = passing(name, 640, 360)
    assert followed(run_of(noisy(frames, sigma, light), tmp_path))[-1] <= most


def test_a_cut_is_not_known_and_counts_as_a_mean_step(tmp_path):
    first, path = pan("china", 320, 180)
    second, _ = pan("flower", 320, 180)
    table = run_of(first + second, tmp_path)
    steps = table.values["displacement"]
    assert np.flatnonzero(np.isnan(steps)).tolist() == [FRAMES]
    assert np.nansum(steps) == pytest.approx(2 * path[-1], rel=0.03)


def test_where_frames_between_were_not_decoded_looks_are_followed_and_it_is_said(tmp_path):
    frames, _ = pan("china", 320, 180)
    table = run_of(frames, tmp_path)
    steps = ExtractSettings(method="every_nth", every=3, save_frames=False)
    list(extract_records(tmp_path / "clip.mp4", steps, out=tmp_path / "steps"))
    sampled = load_table(tmp_path / "steps")
    assert np.isnan(sampled.values["displacement"][1:]).all()
    wanted = FilterSettings(best=6, spread="motion")
    assert any("known of 0 of 24 frames" in note for note in notes(sampled, wanted))
    assert len(select(sampled, wanted).kept)
    assert not any("motion follows" in note for note in notes(table, wanted))
    assert not any("motion follows" in note for note in notes(sampled, FilterSettings(best=6)))
