"""The normalised metrics, their score and their error sentences."""

import threading

import numpy as np
import pytest

from core.errors import FramesieveError, SettingsError
from core.metrics.quality import METRICS, luma_difference, measure, measure_masked, quality_score, warm_up
from core.metrics.scratch import Scratch
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from tests import reference
from tests.raising import raises


def noise(height=72, width=130, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def smooth(height=72, width=130):
    y, x = np.mgrid[:height, :width]
    return (60 + x // 3 + y // 4).astype(np.uint8)


def test_metrics_stand_in_the_order_of_the_weights():
    assert tuple(m.name for m in METRICS) == METRIC_NAMES


def test_the_constants_of_the_settings_are_the_settings_defaults():
    for metric in METRICS:
        assert metric.setting is None or metric.full == getattr(ExtractSettings(), metric.setting)


@pytest.mark.parametrize("plane", [np.zeros((1, 1), np.uint8), np.zeros((40, 50), np.uint8), noise(), smooth()])
@pytest.mark.parametrize("full_range", [True, False])
def test_measure_is_the_reference_normalised(plane, full_range):
    picture = plane if full_range else reference.full_range(plane)
    stats = measure(plane, plane.shape[1], full_range=full_range)
    np.testing.assert_allclose(stats[:5], reference.percent(reference.statistics(picture)), rtol=1e-6, atol=1e-9)
    assert all(type(value) is float for value in stats[:5])
    assert stats.phash is None


def test_the_scales_are_what_counts_as_100():
    raw = reference.statistics(smooth())
    stats = measure(smooth(), 130, full_range=True, sharpness_scale=raw[0] * 4, edge_scale=raw[1] * 2)
    assert stats.sharpness == pytest.approx(25.0)
    assert stats.edge_strength == pytest.approx(50.0)


@pytest.mark.parametrize(("raw", "expected"), [(np.nan, np.nan), (-1.0, 0.0), (0.0, 0.0), (4.0, 50.0), (9.0, 100.0)])
def test_normalise_clips_and_keeps_nan(raw, expected):
    np.testing.assert_array_equal(METRICS[4].normalise(raw), expected)


def test_a_read_only_and_a_writable_plane_measure_alike():
    plane, locked = noise(), noise()
    locked.flags.writeable = False
    assert measure(plane, 130, full_range=False, phash=True) == measure(locked, 130, full_range=False, phash=True)
    assert plane.flags.writeable


def test_a_given_scratch_grows_with_the_picture():
    scratch = Scratch(8)
    assert measure(noise(), 130, full_range=True, scratch=scratch) == measure(noise(), 130, full_range=True)
    assert scratch.width == 130


def test_threads_without_a_scratch_do_not_disturb_each_other():
    planes = [noise(200, 301, seed) for seed in range(4)]
    expected = [measure(p, 301, full_range=False, phash=True) for p in planes]
    wrong = []

    def work(i):
        wrong.extend(1 for _ in range(40) if measure(planes[i], 301, full_range=False, phash=True) != expected[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    ("plane", "width"),
    [
        (np.zeros((0, 4), np.uint8), 4),
        (np.zeros((4, 4), np.uint8), 0),
        (np.zeros((4, 4), np.uint8), 5),
        (np.zeros((4, 4), np.float32), 4),
        (np.zeros((4, 4, 3), np.uint8), 4),
        (np.zeros((8, 8), np.uint8)[:, ::2], 4),
    ],
)
def test_what_is_not_a_plane_is_refused(plane, width):
    with pytest.raises(ValueError, match="plane"):
        measure(plane, width, full_range=True)


@pytest.mark.parametrize("pixels", [0, 1, 99])
def test_a_mask_under_100_pixels_is_an_error_sentence(pixels):
    mask = np.zeros((72, 130), np.uint8)
    mask.ravel()[:pixels] = 255
    with pytest.raises(FramesieveError, match=f"holds {pixels} pixels, at least 100 are wanted"):
        measure_masked(noise(), mask, 130, full_range=True)


def test_a_mask_of_100_pixels_in_one_line_has_no_sharpness():
    mask = np.zeros((72, 130), np.uint8)
    mask[5, :100] = 128
    stats = measure_masked(noise(), mask, 130, full_range=True)
    assert np.isnan(stats[:2]).all()
    assert np.isfinite(stats[2:5]).all()


def test_masked_measure_is_the_reference_normalised():
    mask = np.zeros((72, 130), np.uint8)
    mask[0:40, 60:130] = 200
    stats = measure_masked(smooth(), mask, 130, full_range=False)
    expected = reference.percent(reference.masked_statistics(reference.full_range(smooth()), mask))
    np.testing.assert_allclose(stats[:5], expected, rtol=1e-6)


def test_a_mask_of_another_height_is_refused():
    with pytest.raises(ValueError, match="one size"):
        measure_masked(noise(), np.ones((71, 130), np.uint8), 130, full_range=True)
    with pytest.raises(ValueError, match="one size"):
        luma_difference(noise(), np.ones((71, 130), np.uint8), 130)


def test_scores_of_no_frames_are_no_scores():
    assert quality_score(np.empty((0, 5)), (30, 20, 20, 10, 20)).shape == (0,)


def test_one_frame_and_many_score_exactly_alike():
    values = np.random.default_rng(0).uniform(0, 100, (500, 5))
    weights = (30.0, 20.0, 20.0, 10.0, 20.0)
    scores = quality_score(values, weights)
    np.testing.assert_allclose(scores, np.average(values, axis=1, weights=weights))
    assert [quality_score(tuple(row), weights) for row in values] == scores.tolist()
    assert type(quality_score(values[0], weights)) is float


def test_weights_need_not_sum_to_100_and_equal_values_score_that_value():
    assert quality_score((40.0,) * 5, (1, 2, 3, 4, 5)) == pytest.approx(40.0)
    assert quality_score((10.0, 0, 0, 0, 70.0), (0.5, 0, 0, 0, 0.5)) == pytest.approx(40.0)


def test_nan_counts_only_where_its_weight_is_above_zero():
    values = [[np.nan, 50, 50, 50, 50], [50, 50, 50, 50, 50]]
    np.testing.assert_array_equal(quality_score(values, (0, 1, 1, 1, 1)), [50, 50])
    np.testing.assert_array_equal(quality_score(values, (1, 1, 1, 1, 1)), [np.nan, 50])


@pytest.mark.parametrize("weights", [(), (1, 1, 1, 1), (0, 0, 0, 0, 0), (-1, 1, 1, 1, 1), (np.nan, 1, 1, 1, 1)])
def test_impossible_weights_are_a_settings_error(weights):
    with raises(SettingsError, field="quality_weights"):
        quality_score((1.0,) * 5, weights)


def test_values_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"\(F, 5\)"):
        quality_score(np.zeros((3, 4)), (1, 1, 1, 1, 1))


def test_warm_up_leaves_everything_compiled():
    warm_up()
    assert luma_difference(noise(), noise(), 130) == 0.0
