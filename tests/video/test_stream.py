"""Streams of frames: order, bounds, errors of the work, and what is left behind when they are closed early."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.errors import SourceError
from core.video import plan
from core.video.decoder import Decoder
from core.video.frame import Frame
from core.video.probe import Video, probe
from core.video.stream import DEPTH, FrameStream, map_frames
from tests.raising import raises
from tests.videos import build

CLIPS = ("h264-shortgop", "h264-onegop", "avi-mpeg4", "raw-h264")
"""Read by segments, by one reader with frame threads, by dts or pts, by counting."""
PATIENCE_S = 60.0


@pytest.fixture(scope="module", params=CLIPS)
def video(request: pytest.FixtureRequest) -> Video:
    return probe(build(request.param))


@pytest.fixture(scope="module")
def short_groups() -> Video:
    return probe(build("h264-shortgop"))


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Every test ends with the threads and the open files that it began with."""
    before = threads_alive(), open_files()
    yield
    assert (threads_alive(), open_files()) == before


def threads_alive() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def open_files() -> set[str]:
    """Names of the files that this process has open (all systems but Linux: none)."""
    folder = Path("/proc/self/fd")
    found = set()
    for link in folder.iterdir() if folder.is_dir() else ():
        try:
            found.add(os.readlink(link))
        except OSError:  # the folder itself, closed since
            continue
    return {name for name in found if name.startswith("/") and not name.startswith("/proc")}


def everything(video: Video) -> np.ndarray:
    return np.arange(len(video.ledger), dtype=np.int64)


def ordinal(frame: Frame) -> int:
    return frame.ordinal


# --- closing


@pytest.mark.parametrize("taken", [0, 1, 13])
def test_closing_a_stream_early_leaves_no_thread_and_no_file(video: Video, taken: int) -> None:
    with FrameStream(video) as frames:
        items = iter(frames)
        assert [next(items).ordinal for _ in range(taken)] == list(range(taken))
        assert "frame-stream" in threads_alive() or taken > 0


def test_closing_twice_is_once(video: Video) -> None:
    frames = FrameStream(video)
    next(iter(frames))
    frames.close()
    frames.close()
    assert list(frames) == []


def test_a_stream_that_ran_to_its_end_closes(video: Video) -> None:
    with FrameStream(video) as frames:
        assert [item.ordinal for item in frames] == everything(video).tolist()


def test_an_error_of_the_consumer_closes_the_stream(video: Video) -> None:
    def consume() -> None:
        with FrameStream(video) as frames:
            for _ in frames:
                raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        consume()


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("taken", [0, 1, 2])
def test_closing_mapped_frames_early_leaves_no_thread_and_no_file(video: Video, workers: int, taken: int) -> None:
    with closing(map_frames(video, everything(video), lambda: ordinal, workers)) as chunks:
        for _ in range(taken):
            assert next(chunks)


def test_mapped_frames_can_be_closed_twice(video: Video) -> None:
    chunks = map_frames(video, everything(video), lambda: ordinal, 2)
    next(chunks)
    chunks.close()
    chunks.close()
    assert list(chunks) == []


def test_a_window_left_early_holds_no_file_once_closed(video: Video) -> None:
    decoder = Decoder(video)
    with closing(decoder.frames(50, 100)) as frames:
        assert next(frames).ordinal == 50
        assert str(Path(video.path).resolve()) in open_files()
    decoder.close()
    decoder.close()


# --- errors


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("at", [0, 40, 119])
def test_an_error_of_the_work_reaches_the_consumer_after_what_came_before(video: Video, workers: int, at: int) -> None:
    def work(frame: Frame) -> int:
        if frame.ordinal == at:
            raise RuntimeError(f"frame {at}")
        return frame.ordinal

    found: list[int] = []

    def consume() -> None:
        with closing(map_frames(video, everything(video), lambda: work, workers)) as chunks:
            for chunk in chunks:
                found.extend(o for o, _ in chunk)

    with pytest.raises(RuntimeError, match=f"frame {at}"):
        consume()
    assert found == list(range(len(found)))
    assert len(found) <= at


def test_an_error_of_the_making_of_the_work_reaches_the_consumer(video: Video) -> None:
    def make_work() -> Callable[[Frame], int]:
        raise RuntimeError("no work today")

    with pytest.raises(RuntimeError, match="no work"), closing(map_frames(video, everything(video), make_work)) as all_:
        list(all_)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_went_away_is_an_error_not_an_end(short_groups: Video, workers: int) -> None:
    gone = Video(short_groups.path + ".gone", short_groups.info, short_groups.ledger)
    with raises(SourceError, code="missing"), FrameStream(gone) as frames:
        list(frames)
    with (
        raises(SourceError, code="missing"),
        closing(map_frames(gone, everything(gone), lambda: ordinal, workers)) as chunks,
    ):
        list(chunks)


# --- bounds and order


def test_the_stream_waits_for_its_consumer(video: Video) -> None:
    """Pictures in memory: the queue, and at most four in hands (reader, consumer, the first one of a piece)."""
    gc.collect()
    before = frames_in_memory()
    with FrameStream(video, threads=1) as frames:
        items = iter(frames)
        for taken in range(3):
            item = next(items)
            assert item.ordinal == taken
            assert DEPTH <= settled(frames_in_memory, before + DEPTH) - before <= DEPTH + 4


def frames_in_memory() -> int:
    return sum(type(thing) is Frame for thing in gc.get_objects())


def settled(count: Callable[[], int], least: int) -> int:
    """The count once it has come to what is wanted, however slowly, and has not changed for a while."""
    until = time.monotonic() + PATIENCE_S
    while count() < least and time.monotonic() < until:
        time.sleep(0.01)
    last, since = count(), time.monotonic()
    while time.monotonic() - since < 0.3:
        time.sleep(0.03)
        if count() != last:
            last, since = count(), time.monotonic()
    return last


def test_workers_wait_for_their_consumer(short_groups: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two workers at most five tasks are begun and not taken, each a group of six frames here."""
    monkeypatch.setattr(plan, "TASK_FRAMES", 1)
    worked: list[int] = []

    def work(frame: Frame) -> int:
        worked.append(frame.ordinal)
        return frame.ordinal

    with closing(map_frames(short_groups, everything(short_groups), lambda: work, 2)) as chunks:
        next(chunks)
        assert 6 <= settled(lambda: len(worked), 6) <= 5 * 6
        assert sum(len(chunk) for chunk in chunks) == 120 - 6
    assert sorted(worked) == list(range(120))


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_order_and_once(video: Video, workers: int) -> None:
    dice = np.random.default_rng(5)
    wanted = np.flatnonzero(dice.random(len(video.ledger)) < 0.4).astype(np.int64)
    with closing(map_frames(video, wanted, lambda: ordinal, workers)) as chunks:
        lists = list(chunks)
    assert all(lists)
    assert [pair for chunk in lists for pair in chunk] == [(o, o) for o in wanted.tolist()]


def test_each_thread_makes_its_own_work(short_groups: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "TASK_FRAMES", 1)
    owners: dict[int, set[int]] = {}

    def make_work() -> Callable[[Frame], int]:
        mine = len(owners)
        owners[mine] = set()

        def work(frame: Frame) -> int:
            owners[mine].add(threading.get_ident())
            return frame.ordinal

        return work

    with closing(map_frames(short_groups, everything(short_groups), make_work, 3)) as chunks:
        list(chunks)
    assert 1 <= len(owners) <= 3
    assert all(len(threads) == 1 for threads in owners.values())
