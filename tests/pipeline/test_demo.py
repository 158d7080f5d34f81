"""The sample video: what it shows, and what is left without any photo."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from core.pipeline.demo import FRAMES, HEIGHT, PHOTOS, RATE, WIDTH, installed_photos, make_sample
from core.video.sample import sample_frames


@pytest.fixture(scope="module")
def luma(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    path = make_sample(tmp_path_factory.mktemp("sample") / "sample.mp4")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", WIDTH, HEIGHT)
        assert stream.average_rate == RATE == Fraction(30_000, 1001)
        return [frame.to_ndarray(format="gray")[::4, ::4] for frame in container.decode(stream)]


def test_the_sample_has_every_frame(luma: list[np.ndarray]) -> None:
    assert len(luma) == FRAMES


def test_the_sample_has_one_hard_cut_between_photos(luma: list[np.ndarray]) -> None:
    differences = [float(np.abs(b.astype(int) - a).mean()) for a, b in itertools.pairwise(luma)]
    cuts = [i + 1 for i, difference in enumerate(differences) if difference > 40]
    assert cuts == [round(FRAMES * i / len(PHOTOS)) for i in range(1, len(PHOTOS))]


def test_each_photo_has_a_blurred_stretch(luma: list[np.ndarray]) -> None:
    sharpness = np.array([cv2.Laplacian(frame, cv2.CV_64F).var() for frame in luma]).reshape(len(PHOTOS), -1)
    assert (sharpness.min(axis=1) * 5 < sharpness[:, 0]).all()


def test_the_photos_are_found_without_their_packages() -> None:
    assert len(installed_photos()) == len(PHOTOS)


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_without_photos_pictures_are_drawn(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)
    frames = list(sample_frames([path], 8, 64, 36))
    assert [frame.shape for frame in frames] == [(36, 64, 3)] * 8
    assert min(float(frame.std()) for frame in frames) > 5


def test_no_frames_asked_no_frames_made() -> None:
    assert list(sample_frames([], 0, 64, 36)) == []
