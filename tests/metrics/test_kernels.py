"""Every kernel against its slow twin, on any size, stride and content."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.metrics import calls, kernels_histogram
from core.metrics.quality import luma_difference
from core.metrics.scratch import Scratch
from tests import reference

SIZES = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 77), (77, 1), (3, 3), (31, 33), (64, 32), (101, 333), (540, 961)]


def picture(height, width, *, padding=0, seed=0, kind="noise"):
    """Returns a read-only (height, width + padding) plane; what lies in the padding must not matter."""
    rng = np.random.default_rng(seed)
    plane = rng.integers(0, 256, (height, width + padding), dtype=np.uint8)
    y, x = np.mgrid[:height, :width]
    if kind == "flat":
        plane[:, :width] = seed % 256
    elif kind == "ramp":
        plane[:, :width] = (3 * x + 5 * y) % 256
    elif kind == "extremes":
        plane[:, :width] = 255 * ((x // 3 + y // 3) % 2)
    plane.flags.writeable = False
    return plane


def mask_of(height, width, *, seed=0, blocks=8):
    """Returns a read-only blocky mask with values around the threshold."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice(np.array([0, 127, 128, 255], np.uint8), (height // blocks + 1, width // blocks + 1))
    mask = np.ascontiguousarray(np.kron(coarse, np.ones((blocks, blocks), np.uint8))[:height, :width])
    mask.flags.writeable = False
    return mask


def run(plane, width, full_range, scratch=None):
    scratch = scratch or Scratch(width)
    raw = calls.frame(plane, width, full_range, scratch, True)
    assert not scratch.pairs.any()
    return raw, scratch.box


def run_masked(plane, mask, width, full_range):
    return calls.masked(plane, mask, width, full_range, Scratch(width))


def mapped(plane, width, full_range):
    visible = np.ascontiguousarray(plane[:, :width])
    return visible if full_range else reference.full_range(visible)


def assert_agrees(plane, width, full_range):
    raw, box = run(plane, width, full_range)
    full = mapped(plane, width, full_range)
    np.testing.assert_allclose(raw, reference.statistics(full), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(box, reference.box_average(full), rtol=1e-12)


def test_the_integer_mapping_is_the_rounded_one_for_every_value():
    values = np.arange(256, dtype=np.uint8)
    assert [int(kernels_histogram.to_full_range(v)) for v in values] == reference.full_range(values).tolist()


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("kind", ["noise", "flat", "ramp", "extremes"])
def test_statistics_and_box_equal_the_opencv_recipe(height, width, full_range, kind):
    assert_agrees(picture(height, width, seed=90, kind=kind), width, full_range)


@pytest.mark.parametrize("padding", [1, 2, 31, 64])
def test_padding_is_never_looked_at(padding):
    assert_agrees(picture(50, 333, padding=padding), 333, False)


def test_4k_noise_and_checkerboard_do_not_overflow():
    for kind in ("noise", "extremes"):
        assert_agrees(picture(2160, 3840, kind=kind), 3840, True)


def test_equal_magnitudes_all_over_add_up_without_drift():
    y, x = np.mgrid[:128, :4096]
    zigzag = np.abs((x + 2 * y) % 510 - 255).astype(np.uint8)  # gx = 8, gy = 16 nearly everywhere
    zigzag.flags.writeable = False
    assert_agrees(zigzag, 4096, True)


@pytest.mark.parametrize("height", [8223, 9000, 17000])
def test_column_sums_of_very_tall_pictures_do_not_overflow(height):
    plane = np.full((height, 40), 255, np.uint8)
    plane.flags.writeable = False
    assert np.all(run(plane, 40, True)[1] == 255.0)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 90), st.integers(1, 700), st.integers(0, 9), st.booleans(), st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "ramp", "extremes"]),
)  # fmt: skip
def test_any_size_and_stride_agrees_with_the_twin(height, width, padding, full_range, seed, kind):
    assert_agrees(picture(height, width, padding=padding, seed=seed, kind=kind), width, full_range)


def test_a_scratch_that_saw_another_picture_gives_the_same_result():
    scratch = Scratch(700)
    run(picture(80, 700, seed=1), 700, True, scratch)
    small = picture(33, 65, seed=2)
    again, box = run(small, 65, False, scratch)
    fresh, fresh_box = run(small, 65, False)
    assert again == fresh
    assert np.array_equal(box, fresh_box)


def test_threads_with_their_own_scratch_agree_with_one_thread():
    planes = [picture(270, 481, seed=i) for i in range(6)]
    expected = [run(p, 481, False)[0] for p in planes]
    found = {}

    def work(name):
        scratch = Scratch(481)
        found[name] = [[run(p, 481, False, scratch)[0] for p in planes] for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == expected for i in range(4) for result in found[i])


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_an_empty_mask_measures_nothing(height, width):
    pixels, raw = run_masked(picture(height, width), np.zeros((height, width), np.uint8), width, False)
    assert pixels == 0
    assert np.isnan(raw).all()


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("full_range", [True, False])
def test_a_full_mask_equals_no_mask(height, width, full_range):
    plane = picture(height, width)
    pixels, raw = run_masked(plane, np.full((height, width), 255, np.uint8), width, full_range)
    assert pixels == height * width
    np.testing.assert_allclose(raw, run(plane, width, full_range)[0], rtol=1e-6)


@settings(deadline=None, max_examples=80)
@given(
    st.integers(1, 70), st.integers(1, 600), st.integers(0, 9), st.integers(0, 5), st.booleans(),
    st.integers(0, 2**32 - 1), st.integers(1, 24),
)  # fmt: skip
def test_any_mask_agrees_with_the_twin(height, width, padding, mask_padding, full_range, seed, blocks):
    plane, mask = (
        picture(height, width, padding=padding, seed=seed),
        mask_of(height, width + mask_padding, seed=seed, blocks=blocks),
    )
    pixels, raw = run_masked(plane, mask, width, full_range)
    visible = np.ascontiguousarray(mask[:, :width])
    assert pixels == (visible > 127).sum()
    if pixels:
        expected = reference.masked_statistics(mapped(plane, width, full_range), visible)
        np.testing.assert_allclose(raw, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("blocks", [3, 9, 40])
def test_pixels_outside_the_mask_change_nothing(blocks):
    plane, mask = picture(120, 211, seed=3), mask_of(120, 211, seed=4, blocks=blocks)
    other = np.where(mask > 127, plane, picture(120, 211, seed=5))
    assert run_masked(plane, mask, 211, False) == run_masked(other, mask, 211, False)


def test_a_mask_edge_on_a_flat_subject_is_no_edge():
    plane = picture(90, 120, seed=6).copy()
    mask = np.zeros((90, 120), np.uint8)
    mask[20:60, 30:80] = 255
    plane[mask > 127] = 100
    _, raw = run_masked(plane, mask, 120, True)
    assert raw == (0.0, 0.0, 0.0, 100 / 255, 0.0)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_luma_difference_is_the_exact_mean(height, width):
    a, b = picture(height, width, padding=3, seed=1), picture(height, width, padding=8, seed=2)
    expected = np.abs(a[:, :width].astype(int) - b[:, :width].astype(int)).sum() / (height * width)
    assert luma_difference(a, b, width) == expected
