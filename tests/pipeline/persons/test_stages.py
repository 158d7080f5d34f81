"""Stages 1 to 3, 5 and 6 on people of coloured blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import WeightsError
from core.pipeline.detect import detect
from core.pipeline.persons import detect as stage1
from core.pipeline.persons.analyse import analyse
from core.pipeline.persons.detect import detect_persons, detector_settings
from core.pipeline.persons.rank import rank
from core.pipeline.persons.track import scaled, track
from core.pipeline.persons.video import write_video
from core.settings.detect import DetectSettings
from core.settings.persons import PersonDetect, PersonRank, PersonTrack
from core.store.person_crops import Crops
from core.store.person_dir import PersonDir
from core.store.persons import Persons, RawDetections, read_detections
from core.video import images
from core.video.probe import Video, probe
from core.weights import Weights
from tests.pipeline.persons.people import (
    COLOURS,
    BlockReader,
    Walk,
    end_of,
    film,
    open_blocks,
    tracked,
    walked,
)

SETTINGS = PersonDetect()


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    return Weights(str(tmp_path / "blocks.pt"), "a" * 64)


@pytest.fixture
def video(tmp_path: Path) -> Video:
    return probe(film(tmp_path / "film.mp4"))


def found_in(
    folder: Path, video: Video, weights: Weights, settings: PersonDetect = SETTINGS, **more: Any
) -> RawDetections:
    folder.mkdir(exist_ok=True)
    more = {"opener": open_blocks, "downloads": folder / "downloads"} | more
    return end_of(detect_persons(PersonDir(folder), video, weights, settings, **more))


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.*")}


def test_every_person_has_a_box_a_crop_and_a_shot(tmp_path: Path, video: Video, weights: Weights) -> None:
    found = found_in(tmp_path / "p", video, weights)
    assert found.frame_numbers.tolist() == np.repeat(np.arange(40), 2).tolist()
    assert found.shots.tolist() == [[0, 20], [20, 40]]
    assert np.abs(found.bboxes[::2][7] - [24, 60, 49, 110]).max() < 2.1
    assert read_detections(tmp_path / "p" / "detections_raw.npz").digest() == found.digest()
    with Crops(tmp_path / "p" / "crops_cache.jpg", tmp_path / "p" / "crops_cache.npz", len(found)) as crops:
        for row, colour in ((0, "red"), (1, "blue"), (78, "red")):
            picture = images.decode_jpeg(crops.jpeg(row))
            assert picture.shape == (256, 128, 3)
            assert np.abs(picture.mean(axis=(0, 1)) - COLOURS[colour]).max() < 30


def test_a_cache_gives_the_same_files_as_detecting(tmp_path: Path, video: Video, weights: Weights) -> None:
    seen: list[int] = []

    def opener(*args: Any, **more: Any) -> BlockReader:
        return BlockReader(seen=seen)

    found_in(tmp_path / "first", video, weights, opener=opener)
    assert sum(seen) == 40
    found_in(tmp_path / "second", video, weights, opener=opener)
    assert sum(seen) == 40, "the cache of the first pass is used"
    assert files_in(tmp_path / "first") == files_in(tmp_path / "second")
    for path in tmp_path.glob("film__*"):
        path.unlink()
    end_of(detect(video, weights, DetectSettings(), downloads=tmp_path / "d", opener=opener))
    found_in(tmp_path / "third", video, weights, opener=opener)
    assert sum(seen) == 80
    assert files_in(tmp_path / "first") == files_in(tmp_path / "third")


def test_a_cache_with_a_higher_floor_is_not_used(tmp_path: Path, video: Video, weights: Weights) -> None:
    end_of(detect(video, weights, DetectSettings(conf_floor=0.3), downloads=tmp_path / "d", opener=open_blocks))
    said: list[str] = []
    (tmp_path / "p").mkdir()
    steps = detect_persons(PersonDir(tmp_path / "p"), video, weights, SETTINGS, downloads=tmp_path, opener=open_blocks)
    for state in steps:
        said = [notice.code for notice in state.notices]
    assert said == ["cache_unfit"]


def test_boxes_that_were_recorded_are_not_looked_for_again(tmp_path: Path, video: Video, weights: Weights) -> None:
    seen: list[int] = []

    def opener(*args: Any, **more: Any) -> BlockReader:
        return BlockReader(seen=seen)

    (tmp_path / "p").mkdir()
    arguments = (PersonDir(tmp_path / "p"), video, weights, SETTINGS)
    steps = detect_persons(*arguments, downloads=tmp_path / "d", opener=opener)
    next(steps)
    steps.close()
    assert not list((tmp_path / "p").iterdir())
    before = sum(seen)
    found_in(tmp_path / "p", video, weights, downloads=tmp_path / "d", opener=opener)
    assert sum(seen) < 40 + before
    found_in(tmp_path / "q", video, weights)
    assert files_in(tmp_path / "p") == files_in(tmp_path / "q")


def test_weights_without_persons_are_one_sentence(tmp_path: Path, video: Video, weights: Weights) -> None:
    with pytest.raises(WeightsError, match='no class "person"') as error:
        found_in(tmp_path / "p", video, weights, opener=lambda *a, **m: BlockReader(("chair", "table")))
    assert error.value.code == "no_class"
    found_in(tmp_path / "p", video, weights, PersonDetect(classes=("Chair",)))
    assert not len(read_detections(tmp_path / "p" / "detections_raw.npz"))


def test_a_class_of_its_own_is_taken_where_it_is_the_only_one(tmp_path: Path, video: Video, weights: Weights) -> None:
    assert len(found_in(tmp_path / "p", video, weights, opener=lambda *a, **m: BlockReader(("skater",)))) == 80


def test_boxes_upon_one_another_are_one_person(weights: Weights) -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 5], [20, 0, 30, 10]], np.float32)
    assert stage1.suppressed(boxes, 0.7).tolist() == [False, True, False, False]
    assert stage1.suppressed(boxes[:0], 0.7).tolist() == []
    assert detector_settings(PersonDetect(confidence=0.01)).conf_floor == 0.01
    assert detector_settings(PersonDetect(confidence=0.7)).conf_floor == DetectSettings().conf_floor


# --- track and analyse

WALKS: list[Walk] = [(0, 99, 100, 300, 2), (0, 40, 900, 300, -1), (60, 99, 860, 300, -1)]


@pytest.mark.parametrize(("cuts", "tracklets"), [((), 3), ((50,), 4), ((50, 51), 5)])
def test_tracklets_end_at_every_cut(cuts: tuple[int, ...], tracklets: int) -> None:
    found = end_of(track(walked(WALKS, 100, cuts), PersonTrack(track_buffer=10), None))
    assert len(found) == tracklets
    assert found.tracklet_ids.tolist() == list(range(1, tracklets + 1))
    assert np.all(np.diff(found.first) >= 0)
    assert found.last[0] == (cuts[0] - 1 if cuts else 99)


def test_the_buffer_bridges_a_gap_and_is_scaled_by_the_rate() -> None:
    walks: list[Walk] = [(0, 40, 900, 300, -1), (60, 99, 840, 300, -1)]
    assert len(end_of(track(walked(walks, 100), PersonTrack(track_buffer=30), None))) == 1
    assert scaled(30, None) == 30
    assert scaled(30, 60) == 60
    assert scaled(1, 5) == 1


def test_no_boxes_are_no_tracklets_and_short_ones_may_be_left_out() -> None:
    assert len(end_of(track(walked([], 10), PersonTrack(), None))) == 0
    one_frame = walked([(0, 0, 5, 5, 0)], 1)
    assert len(end_of(track(one_frame, PersonTrack(), None))) == 1
    assert len(end_of(track(one_frame, PersonTrack(min_hits=2), None))) == 0


def test_two_hundred_boxes_in_every_frame_are_tracked() -> None:
    corners = np.array([[70.0 * (n % 20), 130.0 * (n // 20)] for n in range(200)], np.float32)
    boxes = np.tile(np.concatenate([corners, corners + np.array([60, 120])], axis=1).astype(np.float32), (10, 1))
    frames, sure = np.repeat(np.arange(10), 200), np.full(2000, 0.8, np.float32)
    crowd = RawDetections(frames, boxes, sure, np.zeros(2000, np.int64), np.array([[0, 10]]))
    assert np.diff(end_of(track(crowd, PersonTrack(), None)).indptr).tolist() == [10] * 200


def test_numbers_of_tracklets_are_those_of_a_plain_loop() -> None:
    detections = walked(WALKS, 100, (50,))
    tracklets = tracked(detections, WALKS)
    found = analyse(tracklets, detections, 960, 540)
    for t in range(len(tracklets)):
        rows = slice(*tracklets.indptr[t : t + 2].tolist())
        boxes = tracklets.bboxes[rows]
        assert found.mean_area[t] == pytest.approx(60 * 120)
        assert found.boxes[t] == len(boxes) == found.duration[t]
        assert found.speed[t] == pytest.approx(np.abs(np.diff(boxes[:, 0])).mean(), rel=1e-4)
        assert found.jitter[t] == pytest.approx(0, abs=1e-4)
        assert found.border[t] == pytest.approx((boxes[:, 2] >= 958).mean())
    assert len(analyse(tracked(walked([]), []), walked([]), 9, 9)) == 0


# --- rank and video


def persons_of(walks: list[Walk], frames: int = 100) -> tuple[Persons, RawDetections]:
    detections = walked(walks, frames)
    tracklets = tracked(detections, walks)
    columns = (tracklets.frame_numbers, tracklets.bboxes, tracklets.confidences, tracklets.detection_rows)
    return Persons(tracklets.tracklet_ids, tracklets.indptr, *columns, tracklets.tracklet_ids), detections


def test_ranks_follow_their_formula() -> None:
    found, detections = persons_of([(0, 99, 930, 480, 0), (10, 59, 0, 0, 0)])
    ranked = rank(found, detections, PersonRank(), 1920, 1080, {2: "Anna"})
    assert [entry["person_id"] for entry in ranked] == [1, 2]
    assert ranked[0]["centre"] == pytest.approx(1.0)
    assert ranked[0]["score"] == pytest.approx(1.0)
    away = np.hypot(960 - 30, 540 - 60) / (np.hypot(1920, 1080) / 2)
    assert ranked[1]["score"] == pytest.approx(0.4 * 0.5 + 0.3 + 0.2 * (1 - away) + 0.1, abs=1e-5)
    assert ranked[1]["name"] == "Anna"
    assert rank(Persons(*_empty()), detections, PersonRank(), 9, 9) == []


def _empty() -> list[np.ndarray]:
    none = np.zeros(0, np.int64)
    return [none, np.zeros(1, np.int64), none, np.zeros((0, 4), np.float32), np.zeros(0, np.float32), none, none]


def test_the_video_has_every_frame_and_boxes_where_they_are(tmp_path: Path, video: Video) -> None:
    found, _ = persons_of([(0, 39, 10, 0, 1)], 40)
    end_of(write_video(video, found, {1: "Anna"}, tmp_path / "out.mp4"))
    made = probe(tmp_path / "out.mp4")
    assert len(made.ledger) == 40
    times = [v.ledger.pts * float(v.ledger.time_base) for v in (video, made)]
    assert np.allclose(np.diff(times[0]), np.diff(times[1]))
    from core.video.stream import FrameStream

    with FrameStream(made) as frames:
        pictures = [frame.rgb() for frame in frames]
    edge = pictures[20][100, 30:34].astype(int).mean(axis=0)
    assert np.ptp(edge) > 40, "a coloured line where the background is grey"
