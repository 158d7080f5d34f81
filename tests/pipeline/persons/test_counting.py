"""The counting video judges every path of persons that touches frames: crops, files of a person, both videos."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.models import Prepared
from core.pipeline.persons.choose import cut_out
from core.pipeline.persons.detect import detect_persons
from core.pipeline.persons.follow import way_of, write_follow
from core.pipeline.persons.video import write_video
from core.records import Detections
from core.settings.persons import PersonDetect
from core.store.person_crops import Crops
from core.store.person_dir import PersonDir
from core.store.persons import Persons, RawDetections
from core.video import images
from core.video.probe import probe
from core.video.stream import FrameStream
from core.weights import Weights
from tests import videos
from tests.pipeline.persons.people import BlockReader, end_of
from tests.runs import numbers_in
from tests.videos import read_number

NAMES = ("h264-opengop", "h264-vfr", "h264-onegop", "hevc-opengop", "cut-opengop", "late-start-mkv", "ts-opengop")
NAMES += ("rotated-90", "mirrored", "odd-444", "vp9-altref", "mpg")


class WholeReader(BlockReader):
    """Finds one person in each frame, as large as the picture."""

    def _one(self, rgb: np.ndarray) -> Detections:
        height, width = rgb.shape[:2]
        person = np.array([self.names.index("person")], np.int64)
        return Detections(np.array([[0, 0, width, height]], np.float32), np.array([0.9], np.float32), person)

    def detect(self, pictures: Sequence[Prepared]) -> list[Detections]:
        return [self._one(picture.canvas) for picture in pictures]


def open_whole(*args: Any, **more: Any) -> WholeReader:
    return WholeReader()


def alone(found: RawDetections, frames: Sequence[int]) -> Persons:
    """One person, seen in these frames."""
    rows = np.array(frames, np.int64)
    ends = np.array([0, len(rows)], np.int64)
    boxes, sure = found.bboxes[rows], found.confidences[rows]
    return Persons(np.array([1], np.int64), ends, found.frame_numbers[rows], boxes, sure, rows, np.array([1], np.int64))


def shown(path: Path) -> list[int]:
    with FrameStream(probe(path)) as frames:
        return [read_number(frame.rgb()) for frame in frames]


@pytest.mark.parametrize("name", NAMES)
def test_each_picture_of_a_person_is_of_the_frame_that_it_names(name: str, tmp_path: Path) -> None:
    video, expected = probe(videos.build(name)), videos.VARIANTS[name].expected
    folder = PersonDir(tmp_path / "persons")
    folder.path.mkdir()
    weights, more = Weights(str(tmp_path / "whole.pt"), "a" * 64), {"opener": open_whole, "downloads": tmp_path / "d"}
    found = end_of(detect_persons(folder, video, weights, PersonDetect(), **more))
    assert found.frame_numbers.tolist() == list(range(len(expected)))
    with Crops(folder.crops, folder.crop_offsets, len(found)) as crops:
        there = np.flatnonzero(crops.has).tolist()
        assert len(there) > len(expected) // 4
        assert [read_number(images.decode_jpeg(crops.jpeg(row) or b"")) for row in there] == [
            expected[n] for n in there
        ]

    sometimes = [n for n in range(len(expected)) if n % 7 < 3]
    end_of(cut_out(folder, video, alone(found, sometimes), 1, 0.0, None))
    assert numbers_in(folder.person_crops(1)) == {n: expected[n] for n in sometimes}

    nobody = alone(found, [])
    end_of(write_video(video, nobody, {}, folder.video))
    assert shown(folder.video) == list(expected)

    someone, shape = alone(found, range(len(expected))), video.info.width / video.info.height
    way = way_of(someone, found, 1, video.info.rate or Fraction(25), 0.0, shape)
    end_of(write_follow(folder.follow(1), video, way))
    assert shown(folder.follow(1)) == [expected[n] for n in way.frames]
    assert way.frames.tolist() == list(range(len(expected)))
