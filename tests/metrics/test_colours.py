"""Coarse colours of a frame: the same numbers from every pixel format, depth, range and rotation."""

import av
import numpy as np
import pytest

from core.errors import FramesieveError
from core.metrics.colours import agree, colours_of_image, from_hex, to_hex
from core.metrics.plane_colours import colours_of
from core.pipeline.measure import Measurer
from core.settings.extract import ExtractSettings
from core.video.frame import Frame
from core.video.orientation import Orientation
from tests.raising import raises

FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv410p", "yuva420p", "nv12", "nv21", "nv16", "nv24")
FORMATS += ("yuyv422", "uyvy422", "yuv420p10le", "yuv422p12le", "yuv444p16le", "p010le", "p210le", "yuv420p10be")
FORMATS += ("rgb24", "bgra", "gbrp", "gbrp10le", "rgb48le")
GREY = ("gray", "gray10le", "gray16le", "ya8", "monow")


def patchwork(height=128, width=176):
    """Four colours in the quarters, (H, W, 3) uint8 RGB."""
    picture = np.zeros((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    picture[:top, :left], picture[:top, left:] = (230, 20, 30), (20, 200, 40)
    picture[top:, :left], picture[top:, left:] = (30, 60, 220), (200, 180, 40)
    return picture


def frame_of(picture, pixel_format, rotation=0, mirrored=False):
    source = av.VideoFrame.from_ndarray(picture, format="rgb24")
    return Frame(source.reformat(format=pixel_format), 0, 0, Orientation(rotation, mirrored))


def measured(frame):
    measurer = Measurer(ExtractSettings())
    return from_hex(measurer.record(frame, 0.0).colours)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_every_pixel_format_has_the_colours_of_the_picture_that_is_shown(pixel_format, rotation, mirrored):
    frame = frame_of(patchwork(), pixel_format, rotation, mirrored)
    shown = np.rot90(np.fliplr(patchwork()) if mirrored else patchwork(), -rotation // 90)
    apart = np.abs(measured(frame).astype(int) - colours_of_image(shown))
    assert apart.max() <= 4, apart


@pytest.mark.parametrize("pixel_format", GREY)
def test_a_picture_without_colour_is_neutral(pixel_format):
    found = measured(frame_of(patchwork(), pixel_format))
    assert np.ptp(found[:4]) > 60
    assert (found[4:] == 128).all()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (7, 5), (33, 51), (1079, 1919)])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuyv422", "nv12", "yuv420p10le", "rgb24"])
def test_every_size_is_measured(height, width, pixel_format):
    picture = np.full((height, width, 3), (200, 60, 90), np.uint8)
    apart = np.abs(measured(frame_of(picture, pixel_format)).astype(int) - colours_of_image(picture))
    assert apart.max() <= 4, apart


def slow_cells(plane, limited):
    """Means of all samples of each sixteenth, row by row, in floating point."""
    edges = [[i * size // 4 for i in range(5)] for size in plane.shape]
    cells = [plane[slice(*edges[0][i : i + 2]), slice(*edges[1][j : j + 2])] for i in range(4) for j in range(4)]
    return np.array([128 + (cell.mean(dtype=float) - 128) * (255 / 224 if limited else 1) for cell in cells])


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize(("shape", "shift"), [((540, 960), 0), ((33, 47), 0), ((270, 480), 2), ((61, 80), 8)])
def test_the_rows_that_are_looked_at_stand_for_all(shape, shift, full_range):
    rng = np.random.default_rng(5)
    smooth = 128 + 60 * np.sin(np.arange(shape[0])[:, None] / 40) * np.cos(np.arange(shape[1]) / 70)
    plane = np.clip(smooth + rng.normal(0, 9, shape), 16, 240).astype(np.uint8)
    stored = plane.astype(np.uint16) << shift if shift else plane
    facts = {"width": shape[1], "shift": shift, "full_range": full_range}
    found = colours_of(np.zeros((32, 32)), ((stored, 0), (stored, 0)), **facts)[4:].reshape(16, 2)
    assert (found[:, 0] == found[:, 1]).all()
    np.testing.assert_allclose(found[:, 0], slow_cells(plane, not full_range), atol=1.5)


def test_padding_is_never_looked_at():
    plane = np.full((40, 64), 90, np.uint8)
    plane[:, 50:] = 255
    found = colours_of(np.zeros((32, 32)), ((plane, 0), (plane, 0)), width=50)
    assert (found[4:] == 90).all()


def test_limits_are_of_one_number_alone():
    a = np.full(36, 100, np.uint8)
    assert agree(a, a)
    assert agree(a, a + ([24] * 4 + [10] * 32))
    for at in range(36):
        b = a.copy()
        b[at] += 25 if at < 4 else 11
        assert not agree(a, b)
        assert not agree(b, a)
    assert agree(np.stack([a, a + 30]), a).tolist() == [True, False]


def test_hex_is_two_digits_a_number():
    colours = np.arange(36, dtype=np.uint8) * 7
    assert from_hex(to_hex(colours)).tolist() == colours.tolist()
    for text in ("", "12", "g" * 72, " " * 72):
        with raises(FramesieveError, code="damaged"):
            from_hex(text)
