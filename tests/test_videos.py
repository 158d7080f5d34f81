"""The judge is judged first: the painted number survives, and every clip holds what its table says."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.videos import (
    BROKEN,
    DECOY,
    DEFAULT_FOLDER,
    MISLEADING,
    VARIANTS,
    NumberError,
    Truth,
    build,
    build_broken,
    decoded,
    detail,
    packets,
    paint,
    read_number,
    truth,
    turns_to_upright,
)

NUMBERS = (0, 1, 2, 39, 40, 119, 255, 256, 1000, 43690, 21845, 65535)
JPEG_95, JPEG_40 = [cv2.IMWRITE_JPEG_QUALITY, 95], [cv2.IMWRITE_JPEG_QUALITY, 40]
TIMELESS = {"raw-h264"}
"""Clips without timestamps."""
TRAPS_IN_PACKETS = (
    "h264-25", "h264-opengop", "h264-intrarefresh", "hevc-opengop", "hevc-closed", "ts", "ts-opengop",
    "cut", "cut-tail", "vp8-altref", "ts-cut", "mkv-cut-hevc",
)  # fmt: skip
LATE_TIMESTAMPS = {"avi-mpeg4-b", "avi-packed", "avi-h264-b"}
"""AVI counts packets: the decoder delays the count, and the last pictures have none."""


@pytest.fixture(scope="session")
def folder() -> Path:
    return DEFAULT_FOLDER


Facts = Callable[[str], Truth]


@pytest.fixture(scope="session")
def facts(folder: Path) -> Facts:
    return cache(lambda name: truth(build(name, folder)))


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (321, 181), (64, 36), (1920, 1080), (97, 301)])
@pytest.mark.parametrize("number", NUMBERS)
def test_painted_number_is_read_back(number: int, size: tuple[int, int]):
    image = paint(number, *size)
    assert image.shape == (size[1], size[0], 3)
    assert read_number(image) == number
    assert read_number(image[..., 1]) == number


@given(number=st.integers(0, 65535), width=st.integers(64, 400), height=st.integers(36, 400))
@settings(max_examples=60, deadline=None)
def test_any_number_in_any_size_is_read_back(number: int, width: int, height: int):
    assert read_number(paint(number, width, height)) == number


@pytest.mark.parametrize("number", NUMBERS)
def test_number_survives_jpeg_png_and_thumbnails(number: int):
    image = paint(number, 320, 180)
    for suffix, options in ((".jpg", JPEG_95), (".jpg", JPEG_40), (".png", [])):
        _, data = cv2.imencode(suffix, image, options)
        assert read_number(cv2.imdecode(data, cv2.IMREAD_COLOR)) == number
    for size in ((160, 90), (96, 54), (77, 43), (1280, 720)):
        for method in (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4):
            assert read_number(cv2.resize(image, size, interpolation=method)) == number


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_picture_is_refused_and_its_turn_is_found(number: int, turns: int):
    image = np.rot90(paint(number, 320, 180), turns)
    with pytest.raises(NumberError):
        read_number(image)
    assert turns_to_upright(image) == 4 - turns


@pytest.mark.parametrize("number", NUMBERS)
def test_mirrored_picture_is_refused(number: int):
    for mirrored in (np.fliplr(paint(number, 320, 180)), np.flipud(paint(number, 320, 180))):
        with pytest.raises(NumberError):
            read_number(mirrored)


def test_damaged_number_is_refused():
    image = paint(77, 320, 180)
    blended = (image // 2 + paint(78, 320, 180) // 2).astype(np.uint8)
    flat = np.full_like(image, 128)
    noise = np.random.default_rng(5).integers(0, 256, image.shape, dtype=np.uint8)
    for picture in (blended, flat, noise, np.zeros_like(image)):
        with pytest.raises(NumberError):
            read_number(picture)


@pytest.mark.parametrize("bit", range(20))
def test_one_swapped_bit_is_refused(bit: int):
    image = paint(12345, 400, 250)
    row, pair = divmod(bit, 4)
    top, left = round(row * 18), 40 + pair * 80
    image[top : top + 18, left : left + 80] = image[top : top + 18, left : left + 80][:, ::-1].copy()
    with pytest.raises(NumberError):
        read_number(image)


def test_what_cannot_be_painted_is_refused():
    for number, width, height in ((-1, 320, 180), (65536, 320, 180), (0, 63, 180), (0, 320, 35)):
        with pytest.raises(ValueError, match="can"):
            paint(number, width, height)


def test_sharpness_follows_detail():
    sharpness = [cv2.Laplacian(paint(n, 320, 180)[66:, :, 1], cv2.CV_64F).var() for n in range(17)]
    assert sharpness == sorted(sharpness)
    assert detail(16) == 1
    assert detail(0) == detail(32) == pytest.approx(0.1)


@pytest.mark.parametrize("name", VARIANTS)
def test_expected_numbers_are_what_ffmpeg_shows(name: str, folder: Path, facts: Facts):
    variant = VARIANTS[name]
    path = build(name, folder)
    found = facts(name)
    assert path.name == variant.file
    assert decoded(path) == list(variant.expected)
    assert len(found.best) == len(found.key) == len(variant.expected)
    assert (found.width, found.height) == (variant.size if variant.turn % 180 == 0 else variant.size[::-1])
    if not variant.mirrored:  # of a matrix that mirrors, FFmpeg's number of degrees says nothing
        assert (-found.rotation) % 360 == variant.turn


@pytest.mark.parametrize("name", sorted(VARIANTS.keys() - TIMELESS - LATE_TIMESTAMPS - {"ts-joined"}))
def test_timestamps_rise(name: str, facts: Facts):
    best = facts(name).best
    assert all(before < after for before, after in pairwise(best))


@pytest.mark.parametrize("name", sorted(LATE_TIMESTAMPS))
def test_avi_with_b_frames_has_no_timestamp_at_its_end(name: str, facts: Facts):
    assert facts(name).best[-1] is None
    assert None in facts(name).pts[:-2]


def test_traps_are_really_set(folder: Path, facts: Facts):
    """Each clip has the trap that it is named for; a change of encoder must not defuse it unseen."""
    stream = {name: packets(build(name, folder)) for name in TRAPS_IN_PACKETS}
    assert len({after - before for before, after in pairwise(facts("h264-vfr").pts)}) == 3
    assert sum(facts("h264-onegop").key) == 1
    assert all(facts("h264-allintra").key)
    assert sum(p.key for p in stream["h264-intrarefresh"]) > sum(facts("h264-intrarefresh").key) == 1
    for name in ("h264-opengop", "hevc-opengop", "ts-opengop"):
        assert _leading(stream[name]), name
    for name in ("h264-25", "hevc-closed", "ts"):
        assert not _leading(stream[name]), name
    assert sum(p.discard for p in stream["cut"]) == 26
    assert not any(facts("cut").key)
    assert sum(p.discard for p in stream["cut-tail"]) == 45
    assert len(stream["vp8-altref"]) > len(facts("vp8-altref").pts)
    assert not stream["ts-cut"][0].key
    assert len(stream["ts-cut"]) > len(facts("ts-cut").pts)
    assert len(stream["mkv-cut-hevc"]) > len(facts("mkv-cut-hevc").pts)
    assert facts("no-editlist").pts[0] > 0
    assert facts("late-start").start_s == pytest.approx(0.5)
    assert facts("late-start-mkv").start_s == 10
    assert facts("ts-wrap").pts[0] < 0 < facts("ts-wrap").pts[-1] or facts("ts-wrap").pts[-1] > 1 << 33
    assert facts("ts-joined").pts[60] < facts("ts-joined").pts[59]
    assert set(facts("raw-h264").pts) == {None}


def test_decoy_shares_no_number(folder: Path):
    assert min(decoded(build("decoy", folder))) == DECOY


def test_build_makes_a_clip_once(folder: Path):
    before = build("tiny", folder).stat()
    after = build("tiny", folder).stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_open_or_not_as_said(name: str, folder: Path):
    path = build_broken(name, folder)
    assert path.is_symlink() or path.exists()
    if BROKEN[name].opens:
        shown = decoded(path)
        assert shown
        assert not {number for number in shown if number is not None and number >= DECOY}


@pytest.mark.parametrize("name", MISLEADING)
def test_careless_reader_is_misled(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    path = build_broken(name, folder)
    monkeypatch.chdir(path.parent)
    argv = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "quiet",
        "-i",
        path.name,
        "-frames:v",
        "1",
        "-c:v",
        "png",
        "-f",
        "image2pipe",
        "-",
    ]
    shown = subprocess.run(argv, check=True, capture_output=True).stdout
    assert read_number(cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR)) == DECOY


def test_damaged_packets_damage_some_pictures_only(folder: Path):
    for name in ("flipped-mp4", "flipped-ts"):
        shown = decoded(build_broken(name, folder))
        assert shown != list(range(120)), name
        assert sum(number is not None for number in shown) >= 60, name


def _leading(stream: list) -> bool:
    """Whether packets behind a key packet (in the file) are shown before it and lean on the GOP before it."""
    keys = [i for i, packet in enumerate(stream) if packet.key and i]
    return any(packet.pts < stream[i].pts for i in keys for packet in stream[i + 1 : i + 5])
