"""The eight orientations, wherever a file states them: every form of a frame is upright, and browsers show the same."""

from __future__ import annotations

import logging
import math
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.metrics.phash import phash_image
from core.video import orientation
from core.video.frame import Frame
from core.video.orientation import ALL, Orientation, nearest
from core.video.probe import probe
from core.video.proxy import make_proxy, needs_proxy
from core.video.seek import FrameReader
from core.video.stream import FrameStream
from tests import videos
from tests.orientations import EIGHT, FRAMES, PLACES, encoded, in_bitstream, in_track, matrix_of, shown_size, slow_twin


def frames_of(path: Path) -> list[Frame]:
    with FrameStream(probe(path)) as stream:
        return [item for item in stream if isinstance(item, Frame)]


def numbers_in(frame: Frame) -> set[int]:
    """What is read in each form of a frame; a picture that is not upright raises."""
    luma = frame.luma()
    copy = frame.scaled(160, 160).to_ndarray(format="rgb24")
    seen = (luma.plane[:, : luma.width], frame.rgb(), frame.thumb(90), copy)
    return {videos.read_number(picture) for picture in seen}


@pytest.mark.parametrize(("turn", "mirrored"), EIGHT)
@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 3), (1, 1)])
def test_a_picture_is_shown_as_its_matrix_says(turn: int, mirrored: bool, shape: tuple[int, ...]) -> None:
    picture = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    one = Orientation(turn, mirrored)
    assert one.matrix == matrix_of(turn, mirrored)
    assert np.array_equal(one.shown(picture), slow_twin(picture, one.matrix))
    assert one.swaps == (one.shown(picture).shape[:2] != shape[:2] or (shape == (1, 1) and turn in (90, 270)))
    assert one.upright == (one == (0, False))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("turn", "mirrored"), EIGHT)
def test_every_form_of_a_frame_is_upright(place: str, turn: int, mirrored: bool, tmp_path: Path) -> None:
    path = PLACES[place](tmp_path / "a.mp4", turn, mirrored)
    info = probe(path).info
    assert (info.rotation, info.mirrored) == (turn, mirrored)
    assert (info.width, info.height) == shown_size(turn)
    stated = "bitstream" if place in ("h264", "hevc") and (turn or mirrored) else "container"
    assert info.orientation_source == stated
    assert [numbers_in(frame) for frame in frames_of(path)] == [{number} for number in range(FRAMES)]
    with FrameReader(probe(path)) as reader:  # the message of the bitstream stands before key frames only
        assert numbers_in(reader.frame(FRAMES - 1)) == {FRAMES - 1}


@pytest.mark.parametrize(("turn", "mirrored"), EIGHT)
def test_the_pixels_are_those_of_the_stored_picture_and_of_ffmpeg(turn: int, mirrored: bool, tmp_path: Path) -> None:
    path = in_track(tmp_path / "a.mp4", turn, mirrored)
    bare = tmp_path / "bare.mp4"
    bare.write_bytes(videos.with_matrix(path.read_bytes(), (1, 0, 0, 1)))
    assert videos.decoded(path) == list(range(FRAMES))
    for shown, stored in zip(frames_of(path), frames_of(bare), strict=True):
        assert np.array_equal(shown.rgb(), slow_twin(stored.rgb(), matrix_of(turn, mirrored)))
        luma, flat = shown.luma(), stored.luma()
        assert np.array_equal(luma.plane[:, : luma.width], slow_twin(flat.plane[:, :320], matrix_of(turn, mirrored)))
        assert luma.plane.flags.c_contiguous


def test_a_mirrored_video_has_the_hash_of_what_it_shows(tmp_path: Path) -> None:
    shown = frames_of(in_track(tmp_path / "a.mp4", 0, True))[3].rgb()
    upright = frames_of(encoded(tmp_path / "b.mp4", 0, False))[3].rgb()
    assert (phash_image(shown) ^ phash_image(upright)).bit_count() <= 2
    assert (phash_image(shown[:, ::-1]) ^ phash_image(upright)).bit_count() > 10


ODD = {
    "45 degrees": ((0.70711, 0.70711, -0.70711, 0.70711), (0, False)),
    "30 degrees, mirrored": ((-0.86603, -0.5, -0.5, 0.86603), (0, True)),
    "100 degrees": ((-0.17365, 0.98481, -0.98481, -0.17365), (90, False)),
    "sheared": ((1, 0, 0.3, 1), (0, False)),
    "sheared and upside down": ((1, 0.2, 0, -1), (180, True)),
    "twice as wide, lying": ((0, 2, -1, 0), (90, False)),
    "a little less than 270 degrees": ((0.002, -0.99, 0.99, 0.002), (270, False)),
    "nothing": ((0, 0, 0, 0), (0, False)),
    "flat": ((0, 1, 0, 1), (0, False)),
}


@pytest.mark.parametrize("name", ODD)
def test_another_matrix_is_taken_as_the_nearest_of_the_eight(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    matrix, wanted = ODD[name]
    path = encoded(tmp_path / "a.mp4", 0, False)
    path.write_bytes(videos.with_matrix(path.read_bytes(), matrix))
    with caplog.at_level(logging.WARNING, "framesieve"):
        found = [probe(path), probe(path)][1]
    assert (found.info.rotation, found.info.mirrored) == wanted
    assert found.info.orientation_source == "nearest"
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1, "once for a file, however often it is opened"
    assert "none of the eight" in said[0]
    upright = (found.info.rotation, found.info.mirrored) == (0, False)
    assert (needs_proxy(found) is None) == upright, "Chromium shows these as they are stored"


def test_the_nearest_is_the_one_that_moves_the_corners_least() -> None:
    corners = np.array([(x, y) for x in (-1, 1) for y in (-1, 1)], float)
    for degrees in range(0, 360, 7):
        for flip in (1, -1):
            cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            matrix = (flip * cos, flip * sin, -sin, cos)
            moved = {one: _moved(corners, one.matrix, matrix) for one in ALL}
            assert moved[nearest(*matrix)] == pytest.approx(min(moved.values()))


def _moved(corners: np.ndarray, one: tuple[float, ...], other: tuple[float, ...]) -> float:
    places = [corners @ np.array(matrix, float).reshape(2, 2) for matrix in (one, other)]
    return float(np.square(places[0] - places[1]).sum())


def test_the_container_outranks_the_bitstream(tmp_path: Path) -> None:
    path = in_bitstream(tmp_path / "a.mp4", 90, True)
    path.write_bytes(videos.with_matrix(path.read_bytes(), matrix_of(180, False)))
    info = probe(path).info
    assert (info.rotation, info.mirrored, info.orientation_source) == (180, False, "container")


def test_a_message_that_an_edit_list_hides_counts(tmp_path: Path) -> None:
    path, cut = in_bitstream(tmp_path / "a.mp4", 0, True), tmp_path / "cut.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-ss", "0.08", "-i", path, "-c", "copy", cut], check=True)
    assert probe(cut).info.mirrored
    assert [numbers_in(frame) for frame in frames_of(cut)] == [{number} for number in range(2, FRAMES)]


@pytest.mark.parametrize("place", ["track", "h264"])
def test_a_copy_for_the_player_is_upright(place: str, tmp_path: Path) -> None:
    video = probe(PLACES[place](tmp_path / "a.mp4", 270, True))
    assert (needs_proxy(video) is not None) == (place == "h264"), "Chromium obeys containers only"
    copy = tmp_path / "copy.mp4"
    for _ in make_proxy(video, copy):
        pass
    info = probe(copy).info
    assert (info.rotation, info.mirrored, info.width, info.height) == (0, False, 180, 320)
    assert videos.decoded(copy) == list(range(FRAMES))


def test_a_wide_pixel_stays_wide_in_a_copy_that_lies(tmp_path: Path) -> None:
    path = encoded(tmp_path / "a.mp4", 90, True, "libx264", "-vf", "setsar=2")
    path.write_bytes(videos.with_matrix(path.read_bytes(), matrix_of(90, True)))
    for _ in make_proxy(probe(path), tmp_path / "copy.mp4"):
        pass
    info = probe(tmp_path / "copy.mp4").info
    assert (info.width, info.height, info.sample_aspect_ratio) == (180, 320, Fraction(1, 2))


def test_the_order_of_the_eight_decides_ties() -> None:
    assert ALL[0] == orientation.Orientation()
    assert nearest(0, 0, 0, 0) == ALL[0]
