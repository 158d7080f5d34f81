"""Bare streams of pictures are videos, photographs are not: exact frames, or one sentence with a cure that works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import SourceError
from core.video.probe import probe
from core.video.proxy import needs_proxy
from core.video.seek import FrameReader
from tests import videos
from tests.raising import raises

SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=0.6")
FRAMES = 15


def ffmpeg(folder: Path, *words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", *words], check=True, cwd=folder)


def stream(folder: Path, name: str, form: str = "mjpeg") -> Path:
    ffmpeg(folder, *SOURCE, "-c:v", "mjpeg", "-q:v", "2", "-f", form, name)
    return folder / name


@pytest.mark.parametrize("name", ["cam.mjpeg", "cam.MJPG", "cam", "cam.bin", "cam.jpg", "cam.mp4"])
def test_a_bare_motion_jpeg_stream_is_a_video_whatever_its_name(tmp_path: Path, name: str) -> None:
    video = probe(stream(tmp_path, name))
    assert (len(video.ledger), video.info.codec, video.info.rate) == (FRAMES, "mjpeg", 25)
    assert needs_proxy(video) == "mjpeg files"


@pytest.mark.parametrize("filling", [b"", b"\0" * 700, b"\r\n"])
def test_pictures_with_thumbnails_and_filling_between_them_are_counted_once(tmp_path: Path, filling: bytes) -> None:
    thumbnail = (
        b"\xff\xe1" + (2 + 600).to_bytes(2) + b"Exif\0\0" + b"\xff\xd8\xff\xe0\0\x04ab\xff\xd9".ljust(594, b"\xff")
    )
    pictures = []
    for i in range(4):
        ffmpeg(tmp_path, *SOURCE, "-frames:v", "1", f"{i}.jpg")
        data = (tmp_path / f"{i}.jpg").read_bytes()
        pictures.append(data[:2] + thumbnail + data[2:] + filling)
    (tmp_path / "cam.data").write_bytes(b"".join(pictures))
    assert len(probe(tmp_path / "cam.data").ledger) == 4


@pytest.mark.parametrize("name", ["mjpeg-bare", "mjpeg-parts", "h263-bare"])
def test_any_frame_is_found_at_once_and_is_the_one_that_is_named(name: str) -> None:
    video = probe(videos.build(name))
    expected = videos.VARIANTS[name].expected
    assert len(video.ledger) == len(expected)
    with FrameReader(video) as reader:
        for ordinal in (119, 0, 60, 7, 61, 59, 118):
            assert videos.read_number(reader.frame(ordinal).rgb()) == expected[ordinal]


@pytest.mark.parametrize("name", ["one.jpg", "one.png", "one.webp", "one.bmp", "one.tiff", "one"])
def test_a_photograph_is_no_video(tmp_path: Path, name: str) -> None:
    ffmpeg(tmp_path, *SOURCE, "-frames:v", "1", name if "." in name else "other.jpg")
    if "." not in name:
        (tmp_path / "other.jpg").rename(tmp_path / name)
    with pytest.raises(SourceError, match=r"is a picture \(.+\), not a video; name a video, or: .*ffmpeg -framerate"):
        probe(tmp_path / name)


def test_a_photograph_of_two_views_is_no_video(tmp_path: Path) -> None:
    views = [Image.fromarray(np.full((90, 160, 3), value, np.uint8)) for value in (50, 200)]
    views[0].save(tmp_path / "stereo.mpo", save_all=True, append_images=views[1:])
    for name in ("stereo.mpo", "stereo.jpg"):
        (tmp_path / name).write_bytes((tmp_path / "stereo.mpo").read_bytes())
        with raises(SourceError, code="is_picture"):
            probe(tmp_path / name)


@pytest.mark.parametrize(("brand", "name"), [(b"avif", "AVIF"), (b"heic", "HEIC"), (b"mif1", "HEIC")])
def test_a_photograph_in_the_clothes_of_mp4_is_no_video(tmp_path: Path, brand: bytes, name: str) -> None:
    Image.fromarray(np.full((90, 160, 3), 90, np.uint8)).save(tmp_path / "one.avif")
    data = (tmp_path / "one.avif").read_bytes()
    (tmp_path / "photo.mp4").write_bytes(data[:8] + brand + data[12:])
    with raises(SourceError, code="is_picture"):
        probe(tmp_path / "photo.mp4")


def test_a_moving_avif_is_the_film_in_it(tmp_path: Path) -> None:
    pictures = [Image.fromarray(np.full((90, 160, 3), 20 * i, np.uint8)) for i in range(10)]
    pictures[0].save(tmp_path / "film.avif", save_all=True, append_images=pictures[1:], duration=40)
    video = probe(tmp_path / "film.avif")
    assert len(video.ledger) == 10
    with FrameReader(video) as reader:
        levels = [float(reader.frame(ordinal).rgb().mean()) for ordinal in range(10)]
    np.testing.assert_allclose(levels, np.arange(10) * 20, atol=4)


@pytest.mark.parametrize("name", ["moving.gif", "moving.apng", "moving.png"])
def test_moving_pictures_that_ffmpeg_reads_are_videos(tmp_path: Path, name: str) -> None:
    form = "gif" if name.endswith("gif") else "apng"
    ffmpeg(tmp_path, *SOURCE, "-f", form, name)
    assert len(probe(tmp_path / name).ledger) == FRAMES


def test_an_animated_webp_is_told_with_a_cure_that_works(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (45, 80, 3), dtype=np.uint8) for _ in range(6)]
    first, *rest = [Image.fromarray(picture) for picture in pictures]
    first.save(tmp_path / "IN.webp", save_all=True, append_images=rest, duration=40, lossless=True)
    with pytest.raises(SourceError, match="animated WebP") as told:
        probe(tmp_path / "IN.webp")
    command = re.search(r"python (-c \".*\")\.$", str(told.value))
    assert command
    subprocess.run([sys.executable, *shlex.split(command[1])], check=True, cwd=tmp_path)
    video = probe(tmp_path / "OUT.png")
    assert (len(video.ledger), video.info.rate) == (6, 25)
    with FrameReader(video) as reader:
        for ordinal, picture in enumerate(pictures):
            np.testing.assert_array_equal(reader.frame(ordinal).rgb(), picture)
