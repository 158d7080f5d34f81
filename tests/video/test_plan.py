"""The tasks that wanted frames are cut into; the short ones at the end of a film show the same pictures as others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import cache

import numpy as np
import pytest

from core.video import plan, stream
from core.video.command import run_ffmpeg
from core.video.frame import Frame
from core.video.plan import SEEK_FRAMES, TAIL_FRAMES, TASK_FRAMES, plan_tasks
from core.video.probe import Video, probe
from core.video.stream import map_frames
from tests.videos import FRAMES, build, read_number

TIMES = 9
"""A counting video so many times over is longer than the tail."""
Clip = Callable[[str], Video]


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("repeated")

    def make(name: str) -> Video:
        source, path = build(name), folder / f"{name}{build(name).suffix}"
        run_ffmpeg(["-stream_loop", str(TIMES - 1), "-i", str(source), "-c", "copy", str(path)])
        return probe(path)

    return cache(make)


def wanted_of(video: Video, which: str) -> np.ndarray:
    total = len(video.ledger)
    choices = {
        "all": np.arange(total),
        "every seventh": np.arange(0, total, 7),
        "at random": np.flatnonzero(np.random.default_rng(4).random(total) < 0.3),
        "the last": np.array([total - 1]),
        "first and last": np.array([0, total - 1]),
        "all but the end": np.arange(total // 2),
        "as long as the tail": np.arange(total - TAIL_FRAMES, total),
        "none": np.arange(0),
    }
    return choices[which].astype(np.int64)


WHICH = ("all", "every seventh", "at random", "the last", "first and last", "all but the end", "as long as the tail")


@pytest.mark.parametrize("which", [*WHICH, "none"])
@pytest.mark.parametrize("name", ["h264-shortgop", "h264-opengop", "h264-onegop", "h264-allintra", "avi-mpeg4"])
def test_each_wanted_frame_is_in_one_task_in_order(repeated: Clip, name: str, which: str) -> None:
    video = repeated(name)
    wanted, tasks = wanted_of(video, which), plan_tasks(video.ledger, wanted_of(video, which))
    pieces = [piece for task in tasks for piece in task]
    assert [o for piece in pieces for o in piece.wanted.tolist()] == wanted.tolist()
    assert all(tasks)
    assert all(len(piece.wanted) for piece in pieces)
    for piece in pieces:
        assert (piece.start, piece.stop) == (piece.wanted[0], piece.wanted[-1] + 1)
        assert piece.cost == piece.stop - video.ledger.entry(piece.start)


@pytest.mark.parametrize("which", WHICH)
def test_tasks_are_long_at_first_and_one_group_each_in_the_tail(repeated: Clip, which: str) -> None:
    video = repeated("h264-shortgop")  # groups of six
    wanted = wanted_of(video, which)
    tail = video.ledger.entry(max(0, int(wanted[-1]) - TAIL_FRAMES))
    tasks = plan_tasks(video.ledger, wanted)
    late = [task for task in tasks if task[0].start >= tail]
    early = [task for task in tasks if task[0].start < tail]
    assert tasks == early + late
    assert all(len(task) == 1 and task[0].cost <= 6 for task in late)
    for task in early[:-1]:
        assert TASK_FRAMES <= sum(piece.cost + SEEK_FRAMES for piece in task) <= TASK_FRAMES + 2 * (6 + SEEK_FRAMES)


def number_of(frame: Frame) -> int | None:
    plane, width, _ = frame.luma()
    return read_number(plane[:, :width])


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("which", ["all", "at random", "as long as the tail"])
@pytest.mark.parametrize("name", ["h264-shortgop", "h264-opengop", "h264-allintra"])
def test_the_pictures_are_those_of_any_other_cut(
    repeated: Clip, monkeypatch: pytest.MonkeyPatch, name: str, which: str, workers: int
) -> None:
    monkeypatch.setattr(stream, "MIN_SHARED", 0)
    video = repeated(name)
    wanted = wanted_of(video, which)

    def numbers() -> list[tuple[int, int | None]]:
        with closing(map_frames(video, wanted, lambda: number_of, workers)) as chunks:
            return [pair for chunk in chunks for pair in chunk]

    short = numbers()
    assert short == [(o, o % FRAMES) for o in wanted.tolist()]
    monkeypatch.setattr(plan, "TAIL_FRAMES", 0)
    assert numbers() == short
