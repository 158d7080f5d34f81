"""The hash against imagehash: bit order exactly, real photos within a few bits."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FramesieveError
from core.metrics.phash import from_hex, hamming, phash_from_box, phash_image, to_hex
from core.metrics.quality import measure
from tests import reference
from tests.raising import raises

imagehash = pytest.importorskip("imagehash")
scipy_fft = pytest.importorskip("scipy.fftpack")

PHOTOS = [
    ("insightface", "data/images/t1.jpg"),
    ("insightface", "data/images/Tom_Hanks_54745.png"),
    ("ultralytics", "assets/bus.jpg"),
    ("ultralytics", "assets/zidane.jpg"),
]
HASHES = st.integers(0, 2**64 - 1)


def photo(package, name):
    """Returns a photo that ships inside a wheel, (H, W, 3) uint8 RGB."""
    spec = importlib.util.find_spec(package)
    path = Path(spec.submodule_search_locations[0], name) if spec else None
    if path is None or not path.is_file():
        pytest.skip(f"{package} with {name} is not installed")
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def slow_hash(box):
    """The steps of imagehash.phash after its resize."""
    low = scipy_fft.dct(scipy_fft.dct(box, axis=0), axis=1)[:8, :8]
    return str(imagehash.ImageHash(low > np.median(low)))


@pytest.mark.parametrize("value", [0.0, 128.0, 255.0])
def test_a_flat_picture_has_at_most_the_first_bit(value):
    assert phash_from_box(np.full((32, 32), value)) == (1 << 63 if value else 0)


@pytest.mark.parametrize("seed", range(20))
def test_bits_and_their_order_are_those_of_imagehash(seed):
    rng = np.random.default_rng(seed)
    box = cv2.resize(rng.uniform(0, 255, (5, 7)), (32, 32), interpolation=cv2.INTER_CUBIC).clip(0, 255)
    assert to_hex(phash_from_box(box)) == slow_hash(box)


@pytest.mark.parametrize(("package", "name"), PHOTOS)
def test_real_photos_are_within_six_bits_of_imagehash(package, name):
    rgb = photo(package, name)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    ours = measure(gray, gray.shape[1], full_range=True, phash=True).phash
    assert hamming(from_hex(ours), phash_image(rgb)) <= 6


@pytest.mark.parametrize(("package", "name"), PHOTOS)
def test_a_saved_picture_is_hashed_by_imagehash_itself(package, name):
    from PIL import Image

    rgb = photo(package, name)
    assert to_hex(phash_image(rgb)) == str(imagehash.phash(Image.fromarray(rgb)))


def test_brightness_leaves_the_hash_and_a_mirror_changes_it():
    y, x = np.mgrid[:270, :480]
    plane = (115 + 60 * np.sin(x / 37.0) + 40 * np.cos((x + y) / 29.0)).astype(np.uint8)
    hashes = [
        from_hex(measure(p, 480, full_range=True, phash=True).phash)
        for p in (plane, plane + np.uint8(20), np.ascontiguousarray(plane[:, ::-1]))
    ]
    assert hashes[0] == hashes[1]
    assert hamming(hashes[0], hashes[2]) > 8


@settings(deadline=None)
@given(HASHES)
def test_hex_is_16_digits_and_comes_back(value):
    assert len(to_hex(value)) == 16
    assert from_hex(to_hex(value)) == value


@pytest.mark.parametrize("text", ["", "123", "g" * 16, "0" * 17, "0x12345678901234", "+123456789012345"])
def test_what_is_not_16_hex_digits_is_refused(text):
    with raises(FramesieveError, code="damaged"):
        from_hex(text)


@settings(deadline=None)
@given(st.lists(HASHES, max_size=20), HASHES)
def test_hamming_is_the_number_of_different_bits(many, one):
    column = np.array(many, np.uint64)
    assert hamming(column, one).tolist() == [reference.hamming(a, one) for a in many]


def test_hamming_broadcasts_to_all_pairs():
    column = np.array([0, 1, 3], np.uint64)
    assert hamming(column[:, None], column).tolist() == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
