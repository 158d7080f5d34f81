"""Faces that fill the picture: found by the second look, in the right place, and nothing else is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.face_any_size import of_any_size
from core.models.face_detector import FaceDetector
from core.models.faces import InsightFaceReader, open_reader
from core.records import Faces
from core.video.photos import read_photo
from core.video.probe import probe
from core.video.stream import map_frames
from tests.faces import make_pack, six_people

pytestmark = pytest.mark.weights
WIDE = 16 / 9


@pytest.fixture(scope="module")
def reader(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> InsightFaceReader:
    return open_reader(str(make_pack(assets, tmp_path_factory.mktemp("packs") / "own")))


def bundled(package: str, *parts: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent.joinpath(*parts)


PHOTOS = {
    "astronaut": lambda: bundled("skimage", "data", "astronaut.png"),
    "zidane": lambda: bundled("ultralytics", "assets", "zidane.jpg"),
    "six": six_people,
}


def around(
    rgb: NDArray[np.uint8], box: NDArray[np.float32], times: float, aspect: float
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The part of a photo that is ``times`` as high as a face, and (2,) where it begins."""
    half_h = (box[3] - box[1]) * times / 2
    (cx, cy), half = (box[:2] + box[2:]) / 2, np.array([half_h * aspect, half_h])
    centre = np.array([cx, cy])
    left, top = np.maximum(0, np.rint(centre - half)).astype(int)
    right, bottom = np.rint(centre + half).astype(int)
    return np.ascontiguousarray(rgb[top:bottom, left:right]), np.array([left, top], np.float32)


def overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    inner = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner))


@pytest.mark.parametrize("look", ["twice", "photo"])
@pytest.mark.parametrize("aspect", [0.75, 1.0, WIDE])
@pytest.mark.parametrize("times", [0.8, 0.9, 1.0, 1.1, 1.2, 1.3])
@pytest.mark.parametrize("name", PHOTOS)
def test_a_face_cut_out_of_a_photo_is_found_where_it_was(
    reader: InsightFaceReader, name: str, times: float, aspect: float, look: str
) -> None:
    rgb = read_photo(PHOTOS[name]())
    whole = reader.read(rgb)
    missed = 0
    for i, box in enumerate(whole.boxes):
        part, begin = around(rgb, box, times, aspect)
        size = np.array(part.shape[1::-1] * 2, np.float32)
        found = reader.read(part, look)  # type: ignore[arg-type]
        if not len(found):
            missed += 1
            continue
        nearest = max(range(len(found)), key=lambda k: overlap(found.boxes[k] + np.tile(begin, 2), box))
        expected = np.clip(box - np.tile(begin, 2), 0, size)
        assert overlap(found.boxes[nearest], expected) > 0.5
        assert (found.boxes >= 0).all()
        assert (found.boxes <= size).all()
        off = np.linalg.norm(found.points[nearest] + begin - whole.points[i], axis=1).mean()
        assert off < 0.12 * (box[3] - box[1])
        farthest = 0.5 if times >= 0.9 else 0.7  # a fifth of the face is gone, of one that is turned away more
        assert 1 - float(found.vectors[nearest] @ whole.vectors[i]) < farthest
    assert missed == 0


def test_only_the_second_look_finds_a_passport_photo(reader: InsightFaceReader) -> None:
    rgb = read_photo(PHOTOS["astronaut"]())
    part, _ = around(rgb, reader.read(rgb).boxes[0], 1.0, 0.8)
    assert len(reader.read(part, "once")) == 0
    assert len(reader.read(part)) == 1


def test_what_the_first_look_finds_stays_as_it_is(reader: InsightFaceReader) -> None:
    rgb = read_photo(six_people())
    once = reader.read(rgb, "once")
    for other in (reader.read(rgb, "twice"), reader.read(rgb, "photo")):
        assert same(once, other)


def same(a: Faces, b: Faces) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("boxes", "points", "vectors"))


@pytest.mark.parametrize("clip", ["driving", "hideandseek", "skateboarder"])
def test_clips_get_no_new_face(reader: InsightFaceReader, assets: Path, clip: str) -> None:
    video = probe(assets / "media" / f"{clip}.mp4")
    some = np.arange(0, len(video.ledger), 8)

    def counts(rgb: NDArray[np.uint8]) -> tuple[int, int]:
        return len(reader.read(rgb, "once")), len(reader.read(rgb, "twice"))

    for chunk in map_frames(video, some, lambda: lambda frame: counts(frame.rgb())):
        assert all(found is not None and found[0] == found[1] for _, found in chunk)


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (900, 2), (31, 33)])
def test_any_shape_of_picture_gets_its_second_look(reader: InsightFaceReader, shape: tuple[int, int]) -> None:
    grey = np.full((*shape, 3), 128, np.uint8)
    assert len(reader.read(grey, "twice")) == len(reader.read(grey, "photo")) == 0


def test_a_detector_that_stays_at_its_size_finds_them_too(reader: InsightFaceReader) -> None:
    """Not every network of a fixed size can be changed; the second look then costs as much as the first."""
    detector = reader._detector._whole
    assert of_any_size(detector, lambda network, providers: None) is None
    rgb = read_photo(PHOTOS["astronaut"]())
    part, _ = around(rgb, reader.read(rgb).boxes[0], 1.0, 0.8)
    for look in ("twice", "photo"):
        found = FaceDetector(detector, None).find(part, look)  # type: ignore[arg-type]
        assert found.fills
        assert overlap(found.boxes[0], reader.read(part).boxes[0]) > 0.8
