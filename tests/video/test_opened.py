"""A video is opened once: which stream, what is claimed, how it is turned and its ledger come from one opening."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from core.errors import SourceError
from core.video import container
from core.video.ledger import build_by_decoding
from core.video.notices import notices_of
from core.video.packets import Reading
from core.video.probe import fingerprint, opened, probe
from core.video.seek import FrameReader
from tests import videos
from tests.fuzz import clip
from tests.orientations import PLACES
from tests.raising import raises

Openings = Callable[[], int]


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> Openings:
    """How often FFmpeg has opened a file; it still does."""
    count, really = 0, av.open

    def counting(*args: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        return really(*args, **more)

    monkeypatch.setattr(container.av, "open", counting)
    return lambda: count


@pytest.mark.parametrize("name", ["h264-25", "h264-opengop", "mkv", "h264-vfr", "hevc-opengop"])
def test_a_video_is_opened_once(name: str, openings: Openings) -> None:
    assert len(probe(videos.build(name)).ledger) == videos.FRAMES
    assert openings() == 1


@pytest.mark.parametrize("place", PLACES)
def test_an_orientation_is_told_by_the_same_opening(place: str, tmp_path: Path, openings: Openings) -> None:
    path = PLACES[place](tmp_path / "a.mp4", 90, True)
    before, info = openings(), probe(path).info
    assert (info.rotation, info.mirrored) == (90, True)
    assert openings() - before == 1


def test_what_packets_do_not_tell_is_decoded_from_a_second_opening(tmp_path: Path, openings: Openings) -> None:
    path = tmp_path / "a.avi"
    path.write_bytes(clip("mpeg4.avi"))
    assert probe(path).ledger.decoded
    assert openings() == 2


def test_a_ledger_that_is_known_is_handed_on_without_another_opening(openings: Openings) -> None:
    path = videos.build("h264-25")
    with opened(path) as file:
        counted = file.video()
        other = file.video(counted.ledger)
    assert openings() == 1
    assert counted.info == other.info
    assert counted.state == other.state
    assert (counted.path, counted.info.fingerprint) == (str(path), fingerprint(path))
    assert file.fingerprint == fingerprint(path)


def test_a_known_ledger_spares_reading_the_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, ledger = videos.build("h264-25"), probe(videos.build("h264-25")).ledger
    monkeypatch.setattr(Reading, "columns", lambda reading: pytest.fail("packets were read to the end"))
    assert probe(path, ledger).info.frames == videos.FRAMES


def test_a_ledger_by_decoding_takes_the_place_of_the_counted_one() -> None:
    path = videos.build("h264-25")
    with opened(path) as file:
        counted = file.video()
        exact = file.video(build_by_decoding(str(path), None, file.choice.index))
    assert exact.ledger.decoded
    assert not counted.ledger.decoded
    assert exact.info.frames == counted.info.frames
    with FrameReader(exact) as reader:
        assert videos.read_number(reader.frame(77).rgb()) == 77


def test_a_header_is_read_before_anything_is_counted(openings: Openings) -> None:
    with opened(videos.build("h264-25")) as file:
        header = file.header
        info = file.video().info
    assert openings() == 1
    assert (header.codec, header.width, header.height) == (info.codec, info.width, info.height)
    assert header.rate == Fraction(25)
    assert header.duration_s == pytest.approx(info.duration_s, abs=0.1)


def test_a_file_that_is_no_video_is_one_sentence_and_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no film" * 100)
    with raises(SourceError, code="no_index"), opened(path):
        pytest.fail("it was opened")
    path.unlink()


def test_a_file_that_was_changed_since_it_was_opened_is_told(tmp_path: Path) -> None:
    path = Path(shutil.copy(videos.build("h264-25"), tmp_path / "a.mp4"))
    with opened(path) as file:
        path.write_bytes(path.read_bytes() + b"more")
        video = file.video()
    with raises(SourceError, code="replaced"):
        video.check_unchanged()


# --- what is said of a video


def test_nothing_is_said_of_an_ordinary_video() -> None:
    assert list(notices_of(probe(videos.build("h264-25")).info)) == []


def test_what_is_missing_of_a_file_is_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "h264.mp4"
    path.write_bytes(clip("h264.mp4")[: int(len(clip("h264.mp4")) * 0.61)])
    info = probe(path).info
    (notice,) = notices_of(info)
    assert notice.code == "cut_off"
    assert notice.text.startswith("this file was cut off: its index promises 48 frames")
    assert notice.facts == {
        "missing_bytes": info.missing_bytes,
        "missing_frames": info.missing_frames,
        "promised_s": None,
    }
