"""Time stamps that are wrong: which frames there are, in which order, at which times, and how each is found again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import UNNAMED, FrameLedger
from core.store import ledger as ledger_file
from core.video import plan, proxy, sampling, stream
from core.video.frame import Frame
from core.video.probe import Video, probe
from core.video.seek import FrameReader
from core.video.stream import FrameStream, map_frames
from core.video.timeline import in_line, timeline
from tests.restamped import CLIPS, STEP, drop_pts
from tests.videos import FRAMES, build, decoded, read_number

ALL = list(range(FRAMES))
Clip = Callable[[str], Video]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("restamped")
    return cache(lambda name: probe(CLIPS[name].make(folder, name)))


def number_of(frame: Frame) -> int | None:
    plane, width, _ = frame.luma()
    return None if frame.damaged else read_number(plane[:, :width])


def mapped(video: Video, ordinals: np.ndarray, workers: int) -> list[int | None]:
    with closing(map_frames(video, ordinals, lambda: number_of, workers)) as chunks:
        return [number for chunk in chunks for _, number in chunk]


# --- times


@pytest.mark.parametrize("name", CLIPS)
def test_usable_stamps_are_kept_and_the_others_lie_between(clip: Clip, name: str) -> None:
    ledger, kind = clip(name).ledger, CLIPS[name]
    assert len(ledger) == FRAMES
    times = np.array([ledger.seconds(i) * 1000 for i in ALL])
    off = times - np.array([kind.time_of(n) for n in ALL])
    usable = [n for n in ALL if n not in kind.repaired]
    assert np.ptp(off[usable]) <= 1, "stamps of the file, but for where its clock begins"
    assert np.abs(off - off[usable[0]]).max() <= 2
    assert np.all(np.diff(times) >= 0)


@pytest.mark.parametrize("name", CLIPS)
def test_the_ledger_says_which_times_were_made(clip: Clip, name: str) -> None:
    ledger, kind = clip(name).ledger, CLIPS[name]
    marked = np.zeros(FRAMES, bool) if ledger.repaired is None else ledger.repaired
    assert set(np.flatnonzero(marked).tolist()) == set(kind.repaired)
    assert clip(name).info.repaired_times == len(kind.repaired)
    assert (ledger.clock == "order") == kind.counted


def test_clean_stamps_are_named_by_themselves_and_nothing_more_is_stored(tmp_path: Path) -> None:
    ledger = probe(build("h264-25")).ledger
    assert (ledger.clock, ledger.names, ledger.repaired, ledger.decoded) == ("pts", None, None, 0)
    ledger_file.save(tmp_path / "ledger.npz", ledger)
    with np.load(tmp_path / "ledger.npz") as saved:
        assert sorted(saved.files) == ["clock", "key", "pts", "time_base"]


@pytest.mark.parametrize("name", ["far-mp4", "pairs", "restart"])
def test_a_ledger_comes_back_from_its_file(clip: Clip, tmp_path: Path, name: str) -> None:
    ledger = clip(name).ledger
    ledger_file.save(tmp_path / "ledger.npz", ledger)
    found = ledger_file.load(tmp_path / "ledger.npz")
    for column in ("pts", "key", "names", "repaired", "entries"):
        assert np.array_equal(getattr(found, column), getattr(ledger, column)), column
    assert (found.clock, found.decoded, found.digest) == (ledger.clock, ledger.decoded, ledger.digest)


# --- pictures


@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_that_ffmpeg_shows_is_there_in_its_order(clip: Clip, name: str) -> None:
    video = clip(name)
    assert decoded(Path(video.path)) == ALL, "FFmpeg itself"
    assert mapped(video, np.array(ALL), 2) == ALL
    with FrameStream(video) as frames:
        assert [number_of(item) if isinstance(item, Frame) else None for item in frames] == ALL


@pytest.mark.parametrize("name", CLIPS)
def test_groups_read_apart_and_single_frames_are_exact(clip: Clip, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    video = clip(name)
    monkeypatch.setattr(plan, "TASK_FRAMES", 1)
    monkeypatch.setattr(stream, "MIN_SHARED", 1 << 40)
    assert mapped(video, np.array(ALL), 3) == ALL
    assert mapped(video, np.array(ALL[3::17]), 2) == ALL[3::17]
    with FrameReader(video) as reader:
        for ordinal in (77, 3, 119, 50, 51, 60, 0, 64, 118):
            assert number_of(reader.frame(ordinal)) == ordinal
        assert [number_of(frame) for frame in reader.window(48, 66)] == ALL[48:66]


@pytest.mark.parametrize("name", ["far-mp4", "far-at-key", "uneven-repeats", "one-repeat"])
def test_a_seek_counts_from_a_known_key_frame(clip: Clip, name: str) -> None:
    """Not from the beginning: the ledger offers key frames of which no two share a stamp."""
    ledger = clip(name).ledger
    assert len(ledger.entries) >= len(ledger.keys) - 1
    assert ledger.entry(100) > 60


def test_key_frames_that_share_a_stamp_are_no_places_to_count_from(clip: Clip) -> None:
    ledger = clip("all-equal").ledger
    assert len(ledger.keys) > 1
    assert len(ledger.entries) == 0
    assert ledger.entry(100) == 0


@pytest.mark.parametrize("name", CLIPS)
def test_steps_in_time_go_by_the_real_times(clip: Clip, name: str) -> None:
    kind, ledger = CLIPS[name], clip(name).ledger
    first = kind.time_of(0)
    wanted, k = [], 0
    for n in ALL:
        if kind.time_of(n) - first >= 500 * k:
            wanted.append(n)
            k = int((kind.time_of(n) - first) // 500) + 1
    assert sampling.interval(ledger, 0.5).tolist() == wanted
    assert 1 <= len(sampling.interval_for_target(ledger, 10)) <= 10


# --- missing stamps


@pytest.mark.parametrize("missing", [{30}, {0}, {119}, {40, 41, 42}, {5, 50, 95}])
def test_a_picture_without_a_stamp_gets_a_time_between_its_neighbours(tmp_path: Path, missing: set[int]) -> None:
    path = tmp_path / "film.ts"
    drop_pts(build("ts-mpeg2"), path, missing)
    video, right = probe(path), probe(build("ts-mpeg2"))
    shown = decoded(path)
    assert mapped(video, np.arange(len(video.ledger)), 2) == shown
    assert len(video.ledger) >= FRAMES - 1
    there = np.array([right.ledger.seconds(n) for n in shown])
    ours = np.array([video.ledger.seconds(i) for i in range(len(shown))])
    assert np.abs(ours - there).max() < 0.002


# --- the player


@pytest.mark.parametrize("name", ["pairs", "all-equal", "one-repeat", "far-mp4", "restart"])
def test_the_player_uses_a_copy_whose_frames_can_be_told_apart(clip: Clip, tmp_path: Path, name: str) -> None:
    video = clip(name)
    assert proxy.needs_proxy(video) is not None
    for _ in proxy.make_proxy(video, tmp_path / "copy.mp4"):
        pass
    copy = probe(tmp_path / "copy.mp4")
    assert mapped(copy, np.array(ALL), 2) == ALL
    played = video.ledger.played_s()
    assert np.diff(played).min() >= 0.0019
    shown = np.array([copy.ledger.seconds(i) for i in ALL])
    assert np.abs(shown - (played - played[0])).max() < 0.0001


# --- arithmetic


stamps = st.lists(
    st.one_of(st.none(), st.integers(-500, 3000), st.integers(-(10**12), 10**12)), min_size=1, max_size=60
)


@given(stamps, st.integers(1, 100))
def test_times_never_go_back_and_kept_ones_are_the_stamps(found: list[int | None], step: int) -> None:
    times, repaired = timeline(found, step)
    assert len(times) == len(repaired) == len(found)
    assert np.all(np.diff(times) >= 0)
    assert all(repaired[i] or times[i] == stamp for i, stamp in enumerate(found))
    assert all(repaired[i] for i, stamp in enumerate(found) if stamp is None)


@given(st.lists(st.integers(0, 12), max_size=9))
def test_the_longest_sequence_in_line_is_as_long_as_that_of_trying_all(values: list[int]) -> None:
    kept = in_line(np.array(values, np.int64)).tolist()
    line = [values[i] for i in kept]
    assert line == sorted(line)
    assert kept == sorted(set(kept))
    longest = max(
        sum(mask >> i & 1 for i in range(len(values)))
        for mask in range(1 << len(values))
        if (some := [v for i, v in enumerate(values) if mask >> i & 1]) == sorted(some)
    )
    assert len(kept) == longest


def test_stamps_in_line_are_all_kept() -> None:
    times, repaired = timeline([0, 0, 80, 80, 500], STEP)
    assert (times.tolist(), repaired.any()) == ([0, 0, 80, 80, 500], False)


def test_at_both_ends_the_usual_step_goes_on() -> None:
    times, repaired = timeline([None, 900, 100, 140, 180, None, None, 300, 0], STEP)
    assert times.tolist() == [20, 60, 100, 140, 180, 220, 260, 300, 340]
    assert np.flatnonzero(repaired).tolist() == [0, 1, 5, 6, 8]


def test_a_ledger_of_columns_that_do_not_fit_is_refused() -> None:
    pts, key = np.array([0, 0, 1], np.int64), np.zeros(3, bool)
    with pytest.raises(ValueError, match="strictly"):
        FrameLedger(pts, key, Fraction(1, 25))
    with pytest.raises(ValueError, match="never go back"):
        FrameLedger(pts[::-1].copy(), key, Fraction(1, 25), "order")
    with pytest.raises(ValueError, match="names"):
        FrameLedger(pts, key, Fraction(1, 25), "order", names=np.full(2, UNNAMED))
