"""The proof of frame identity: whatever reads a counting video, and however, shows each number at its ordinal."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.video import plan, stream
from core.video.decoder import Decoder
from core.video.frame import Frame
from core.video.probe import Video, probe
from core.video.stream import FrameStream, Gap, map_frames
from tests.videos import BROKEN, VARIANTS, NumberError, Truth, build, build_broken, packets, read_number, truth

NO_CLOCK = ("raw-h264", "ts-joined")
"""Clips without timestamps that increase: only the order names their frames."""
DAMAGED = tuple(name for name, broken in BROKEN.items() if broken.opens)
WINDOWS = 10

Numbers = dict[int, int | None]
"""Ordinal -> the number in its picture; None where the reader says that it shows none, or none to be trusted."""


@pytest.fixture(scope="session")
def clip() -> Callable[[str], Video]:
    return cache(lambda name: probe((build if name in VARIANTS else build_broken)(name)))


@pytest.fixture(scope="session")
def told(clip: Callable[[str], Video]) -> Callable[[str], Truth]:
    return cache(lambda name: truth(Path(clip(name).path)))


@pytest.fixture
def groups_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every group of pictures a task of its own, entered by a seek, on whichever thread is free."""
    monkeypatch.setattr(plan, "TASK_FRAMES", 1)
    monkeypatch.setattr(stream, "MIN_SHARED", 1 << 40)


def everything(video: Video) -> np.ndarray:
    return np.arange(len(video.ledger), dtype=np.int64)


def number_of(frame: Frame) -> int | None:
    if frame.damaged:
        return None
    plane, width, _ = frame.luma()
    return read_number(plane[:, :width])


def mapped(video: Video, ordinals: np.ndarray, workers: int) -> Numbers:
    """Also proves the order, and that nothing comes twice."""
    with closing(map_frames(video, ordinals, lambda: number_of, workers)) as chunks:
        found = [pair for chunk in chunks for pair in chunk]
    assert [ordinal for ordinal, _ in found] == ordinals.tolist()
    return dict(found)


def streamed(video: Video, threads: int, read: Callable[[Frame], int | None] = number_of) -> Numbers:
    with FrameStream(video, threads=threads) as frames:
        return {item.ordinal: None if isinstance(item, Gap) else read(item) for item in frames}


def in_colour(frame: Frame) -> int:
    return read_number(frame.rgb()[:, :, 1])


def windows(video: Video, count: int, seed: str) -> Iterable[tuple[int, int]]:
    dice, frames = random.Random(seed), len(video.ledger)
    starts = [dice.randrange(frames) for _ in range(count)] + [frames - 1, 0, frames // 2, frames // 2, 1]
    return [(start, min(start + dice.choice((1, 1, 3, 9)), frames)) for start in starts]


# --- the ledger


@pytest.mark.parametrize("name", [name for name in VARIANTS if name not in NO_CLOCK])
def test_the_ledger_is_what_ffprobe_shows(
    clip: Callable[[str], Video], told: Callable[[str], Truth], name: str
) -> None:
    ledger, best = clip(name).ledger, told(name).best
    known = [i for i, pts in enumerate(best) if pts is not None]
    assert len(ledger) == len(best) == len(VARIANTS[name].expected)
    assert len(best) - len(known) <= 2  # at the end of AVI
    assert ledger.time_base == told(name).time_base
    assert ledger.pts[known].tolist() == [best[i] for i in known]


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "h264-intrarefresh"])
def test_key_frames_are_those_of_ffprobe(clip: Callable[[str], Video], told: Callable[[str], Truth], name: str) -> None:
    assert clip(name).ledger.key.tolist() == told(name).key


def test_with_intra_refresh_the_container_says_where_to_start(clip: Callable[[str], Video]) -> None:
    """Its recovery points are no key frames to the decoder."""
    video = clip("h264-intrarefresh")
    assert video.ledger.key.tolist() == [packet.key for packet in packets(Path(video.path))]


@pytest.mark.parametrize("name", NO_CLOCK)
def test_without_a_clock_frames_are_counted(clip: Callable[[str], Video], name: str) -> None:
    ledger = clip(name).ledger
    assert ledger.clock == "order"
    assert len(ledger) == len(VARIANTS[name].expected)


# --- whole clips


@pytest.mark.parametrize("name", VARIANTS)
def test_two_workers_read_every_number_at_its_ordinal(clip: Callable[[str], Video], name: str) -> None:
    numbers = mapped(clip(name), everything(clip(name)), 2)
    assert list(numbers.values()) == list(VARIANTS[name].expected)


@pytest.mark.usefixtures("groups_apart")
@pytest.mark.parametrize("name", VARIANTS)
def test_groups_of_pictures_read_apart_give_the_same(clip: Callable[[str], Video], name: str) -> None:
    numbers = mapped(clip(name), everything(clip(name)), 3)
    assert list(numbers.values()) == list(VARIANTS[name].expected)


@pytest.mark.parametrize("name", VARIANTS)
def test_frame_threads_show_the_same_upright_and_in_colour(clip: Callable[[str], Video], name: str) -> None:
    numbers = streamed(clip(name), 4, in_colour)
    assert list(numbers) == everything(clip(name)).tolist()
    assert list(numbers.values()) == list(VARIANTS[name].expected)


# --- parts of clips


@pytest.mark.parametrize("name", VARIANTS)
def test_any_window_is_exact(clip: Callable[[str], Video], name: str) -> None:
    video, expected = clip(name), VARIANTS[name].expected
    with closing(Decoder(video)) as decoder:
        for start, stop in windows(video, WINDOWS, name):
            with closing(decoder.frames(start, stop)) as frames:
                found = [(f.ordinal, f.pts, number_of(f)) for f in frames]
            assert found == [(i, int(video.ledger.pts[i]), expected[i]) for i in range(start, stop)], (start, stop)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_window_left_early_does_not_spoil_the_next(clip: Callable[[str], Video], name: str) -> None:
    video, expected = clip(name), VARIANTS[name].expected
    with closing(Decoder(video)) as decoder:
        for start in (70, 3, 71, len(expected) - 2):
            with closing(decoder.frames(start, len(expected))) as frames:
                assert number_of(next(frames)) == expected[start]


@pytest.mark.parametrize("step", [7, 31])
@pytest.mark.parametrize("name", VARIANTS)
def test_sparse_frames_are_exact(clip: Callable[[str], Video], name: str, step: int) -> None:
    wanted = everything(clip(name))[step // 2 :: step]
    numbers = mapped(clip(name), wanted, 2)
    assert list(numbers.values()) == [VARIANTS[name].expected[i] for i in wanted]


def test_nothing_wanted_nothing_read(clip: Callable[[str], Video]) -> None:
    nothing = np.zeros(0, np.int64)
    assert list(map_frames(clip("h264-25"), nothing, lambda: number_of, 2)) == []
    with FrameStream(clip("h264-25"), nothing) as frames:
        assert list(frames) == []
    assert list(Decoder(clip("h264-25")).frames(5, 5)) == []


@pytest.mark.parametrize(
    "name", ["h264-opengop", "hevc-opengop", "av1", "vp9-altref", "ts-mpeg2", "h264-10bit", "h264-interlaced", "prores"]
)
def test_frame_threads_decode_the_same_bytes(clip: Callable[[str], Video], name: str) -> None:
    def pictures(threads: int) -> list[bytes]:
        with closing(Decoder(clip(name), threads)) as decoder, closing(decoder.frames(0, 120)) as frames:
            return [np.ascontiguousarray(f.luma()[0][:, : f.luma()[1]]).tobytes() for f in frames]

    assert pictures(1) == pictures(4)


# --- damaged clips


def assert_none_is_wrong(numbers: Numbers) -> None:
    """Each number that is shown without a word of warning is the right one: damage never shifts a frame."""
    assert {i: n for i, n in numbers.items() if n is not None and n != i} == {}


@pytest.mark.parametrize("name", DAMAGED)
def test_of_a_damaged_clip_no_frame_is_wrong(clip: Callable[[str], Video], name: str) -> None:
    video = clip(name)
    one = mapped(video, everything(video), 1)
    assert_none_is_wrong(one)
    assert mapped(video, everything(video), 2) == one
    assert sum(number is not None for number in one.values()) >= 0.75 * len(one)


@pytest.mark.usefixtures("groups_apart")
@pytest.mark.parametrize("name", DAMAGED)
def test_of_a_damaged_clip_read_in_groups_no_frame_is_wrong(clip: Callable[[str], Video], name: str) -> None:
    assert_none_is_wrong(mapped(clip(name), everything(clip(name)), 2))


@pytest.mark.parametrize("name", DAMAGED)
def test_of_a_damaged_clip_read_by_frame_threads_no_frame_is_wrong(clip: Callable[[str], Video], name: str) -> None:
    numbers = streamed(clip(name), 4)
    assert list(numbers) == everything(clip(name)).tolist()
    assert_none_is_wrong(numbers)


@pytest.mark.parametrize("name", DAMAGED)
def test_no_window_of_a_damaged_clip_is_wrong(clip: Callable[[str], Video], name: str) -> None:
    video = clip(name)
    with closing(Decoder(video)) as decoder:
        for start, stop in windows(video, 30, name):
            with closing(decoder.frames(start, stop)) as frames:
                assert_none_is_wrong({f.ordinal: number_of(f) for f in frames})


def test_what_is_marked_as_damaged_is_not_read_as_a_number(clip: Callable[[str], Video]) -> None:
    """The test's own reader: a picture without a number is an error, not None."""
    with pytest.raises(NumberError):
        read_number(np.zeros((180, 320), np.uint8))
    assert clip("flipped-mp4").info.frames == 120
