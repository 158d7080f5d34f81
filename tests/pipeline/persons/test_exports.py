"""What goes out to other tools: tracks as MOT and CVAT, a video that follows one person, a person found by a photo."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from core.errors import SettingsError
from core.pipeline.persons.follow import cut, size_of, way_of
from core.pipeline.persons.tracks import write_cvat, write_mot
from core.store import persons
from core.store.persons import Persons, RawDetections
from core.video import images
from core.video.probe import probe
from core.video.stream import FrameStream
from tests.pipeline.persons import people as blocks
from tests.verbs import outcome_of


def walker(frames: list[int], x: np.ndarray, ids: tuple[int, ...] = (4,)) -> Persons:
    boxes = np.stack([x, np.full(len(x), 20.0), x + 30, np.full(len(x), 100.0)], axis=1).astype(np.float32)
    count = len(frames)
    return Persons(
        np.array(ids, np.int64),
        np.arange(0, count * len(ids) + 1, count, dtype=np.int64),
        np.tile(np.array(frames, np.int64), len(ids)),
        np.tile(boxes, (len(ids), 1)),
        np.full(count * len(ids), 0.5, np.float32),
        np.arange(count * len(ids), dtype=np.int64),
        np.array(ids, np.int64),
    )


def shots(*edges: int) -> RawDetections:
    pairs = np.array(list(itertools.pairwise(edges)), np.int64)
    none = np.zeros(0, np.int64)
    return RawDetections(none, np.zeros((0, 4), np.float32), np.zeros(0, np.float32), none, pairs)


def test_mot_counts_frames_from_one_and_sorts_by_frame_and_person(tmp_path: Path) -> None:
    assert write_mot(tmp_path / "t.txt", walker([0, 2], np.array([1.0, 2.0]), (4, 9)), [9, 4]) == 4
    assert (tmp_path / "t.txt").read_text().splitlines() == [
        "1,4,1.00,20.00,30.00,80.00,0.5000,-1,-1,-1",
        "1,9,1.00,20.00,30.00,80.00,0.5000,-1,-1,-1",
        "3,4,2.00,20.00,30.00,80.00,0.5000,-1,-1,-1",
        "3,9,2.00,20.00,30.00,80.00,0.5000,-1,-1,-1",
    ]


def test_cvat_says_where_somebody_is_gone(tmp_path: Path) -> None:
    someone = walker([0, 1, 5], np.array([1.0, 2.0, 3.0]))
    about = {"frames": 7, "size": (160, 120), "source": "a & b.mp4"}
    assert write_cvat(tmp_path / "t.xml", someone, [4], {4: "<Anna>"}, **about) == 1  # type: ignore[arg-type]
    root = ElementTree.parse(tmp_path / "t.xml").getroot()
    boxes = [(int(box.get("frame", "")), box.get("outside")) for box in root.iter("box")]
    assert boxes == [(0, "0"), (1, "0"), (2, "1"), (5, "0"), (6, "1")]
    assert root.findtext("meta/task/source") == "a & b.mp4"
    assert {a.text for a in root.iter("attribute") if a.get("name") == "name"} == {"<Anna>"}


def test_the_way_is_calm_keeps_up_and_jumps_only_at_cuts() -> None:
    dice = np.random.default_rng(3)
    straight = 5 + 2.0 * np.arange(120)
    someone = walker(list(range(120)), straight + dice.normal(0, 2, 120))
    way = way_of(someone, shots(0, 120), 4, Fraction(25), 0.1, 0.5)
    middle = (way.boxes[:, 0] + way.boxes[:, 2]) / 2 - 15
    assert np.abs(np.diff(middle) - 2).max() < 0.4, "it moves as the person does, without the noise"
    assert np.abs(middle - straight).max() < 4
    sides = way.boxes[:, 2:] - way.boxes[:, :2]
    assert np.allclose(sides[:, 0] / sides[:, 1], 0.5, atol=1e-3)
    jumped = walker(list(range(120)), np.where(np.arange(120) < 60, 0.0, 100.0))
    there = way_of(jumped, shots(0, 60, 120), 4, Fraction(25), 0.1, 0.5)
    assert there.boxes[60, 0] - there.boxes[59, 0] == pytest.approx(100, abs=1)


def test_short_gaps_are_bridged_and_long_ones_left_out() -> None:
    someone = walker([0, 1, 11, 12, 90, 91], np.zeros(6))
    way = way_of(someone, shots(0, 100), 4, Fraction(30), 0.1, 0.5)
    assert way.frames.tolist() == [*range(13), 90, 91]
    assert len(way_of(someone, shots(0, 100), 5, Fraction(30), 0.1, 0.5).frames) == 0


def test_a_crop_is_moved_into_the_picture_where_it_fits() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, :50] = 255
    assert cut(picture, [-20, 0, 20, 40], (40, 40)).min() == 255
    tall = cut(picture, [0, -50, 50, 150], (50, 200))
    assert tall.shape == (200, 50, 3)
    assert tall[0].max() == 0
    assert tall[100].min() == 255


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from core.pipeline.persons.detect import detect_persons

    monkeypatch.chdir(tmp_path)
    known = dict(detect_persons.__kwdefaults__) | {"opener": blocks.open_blocks}
    monkeypatch.setattr("core.pipeline.persons.detect.detect_persons.__kwdefaults__", known)
    (tmp_path / "films").mkdir()
    (tmp_path / "blocks.pt").write_text("blocks")
    clip = blocks.film(tmp_path / "films" / "film.mp4")
    outcome_of("people", video=clip, weights=tmp_path / "blocks.pt", stages="1,2,3,4", out=tmp_path / "out")
    return tmp_path / "out"


def red_one(folder: Path) -> int:
    """Red walks below, blue above."""
    found = persons.read_persons(folder / "canonical_persons.npz")
    low = [person for person in found.person_ids.tolist() if found.bboxes[found.rows(person)][0, 1] > 40]
    return int(low[0])


def test_tracks_and_a_video_that_follows_are_written(done: Path) -> None:
    red = red_one(done)
    found = outcome_of("select_person", folder=done, person_id=[red], mot=True, cvat=True, follow=True)
    assert [Path(name).name for name in found.files] == [
        "primary_person.npz",
        "tracks.txt",
        "tracks.xml",
        f"person_{red}.mp4",
    ]
    video = probe(done / f"person_{red}.mp4")
    way = way_of(
        persons.read_persons(done / "canonical_persons.npz"),
        persons.read_detections(done / "detections_raw.npz"),
        red,
        Fraction(25),
        0.15,
        0.5625,
    )
    assert (video.info.width, video.info.height) == size_of(way, 120)
    assert len(video.ledger) == len(way.frames)
    with FrameStream(video) as frames:
        for frame in frames:
            picture = frame.rgb()
            middle = picture[picture.shape[0] // 2, picture.shape[1] // 2].astype(int)
            assert np.abs(middle - blocks.COLOURS["red"]).max() < 60, "the person is in the middle"


def test_nobody_to_follow_is_one_sentence(done: Path) -> None:
    with pytest.raises(SettingsError, match="whom to follow"):
        outcome_of("select_person", folder=done, follow=True)


@pytest.mark.parametrize("colour", ["red", "blue"])
def test_a_person_is_found_by_a_photo(done: Path, tmp_path: Path, colour: str) -> None:
    photo = tmp_path / "photo.png"
    picture = np.full((200, 100, 3), 90, np.uint8)
    picture[5:195, 5:95] = blocks.COLOURS[colour]
    photo.write_bytes(images.encode_png(picture))
    found = outcome_of("select_person", folder=done, photo=photo)
    assert found.alike[0]["by"] == "looks"
    red = red_one(done)
    assert (found.alike[0]["person_id"] == red) == (colour == "red")
    assert "alike by looks" in found.lines()[0]
