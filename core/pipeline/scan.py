"""Passes over the whole video that only choose frames: scene scores, and the best frame of each window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.metrics.quality import luma_difference
from core.pipeline import best
from core.pipeline.measure import Measurer
from core.settings.extract import ExtractSettings
from core.video import sampling
from core.video.frame import Frame, Luma
from core.video.probe import Video
from core.video.stream import map_frames


def choose(video: Video, settings: ExtractSettings) -> Generator[int, None, NDArray[np.int64]]:
    """Yields how many frames were looked at; returns (W,) int64: the ordinals that the method chooses, ascending.

    Methods that need no pixels yield nothing.
    """
    ledger, target = video.ledger, settings.target
    if settings.method == "best":
        return (yield from best.candidates(video, settings))
    if settings.method == "scene":
        scores = yield from scene_scores(video)
        return sampling.scene(scores, settings.threshold, target)
    if settings.method == "keyframes":
        return sampling.keyframes(ledger, target)
    if settings.method == "interval":
        return sampling.interval_for_target(ledger, target) if target else sampling.interval(ledger, settings.interval)
    candidates = sampling.every_nth(ledger, settings.every if settings.method == "every_nth" else 1)
    if target is None or target >= len(candidates):
        return candidates
    quality = yield from qualities(video, candidates, settings)
    return sampling.best_of_windows(candidates, quality, target)


def passes(settings: ExtractSettings) -> bool:
    """Whether ``choose`` reads pixels."""
    return settings.method in ("scene", "best") or (
        settings.target is not None and settings.method in ("all", "every_nth")
    )


def qualities(
    video: Video, ordinals: NDArray[np.int64], settings: ExtractSettings
) -> Generator[int, None, NDArray[np.float64]]:
    """Yields how many frames are done; returns (W,) float64 quality scores, NaN where a frame cannot be decoded."""

    def make_work() -> Callable[[Frame], float]:
        measurer = Measurer(settings, hashes=False)
        return measurer.quality

    scores = np.full(len(ordinals), np.nan)
    done = 0
    with closing(map_frames(video, ordinals, make_work)) as chunks:
        for chunk in chunks:
            for _, score in chunk:
                scores[done] = np.nan if score is None else score
                done += 1
            yield done
    return scores


def scene_scores(video: Video) -> Generator[int, None, NDArray[np.float64]]:
    """Yields how many frames are done; returns (F,) float64 scene scores (``sampling.scene_scores``)."""
    differences = _Differences(len(video.ledger))
    everything = np.arange(len(video.ledger), dtype=np.int64)
    done = 0
    with closing(map_frames(video, everything, differences.make_work)) as chunks:
        for chunk in chunks:
            done += len(chunk)
            yield done
    return sampling.scene_scores(differences.finish())


class Shown(NamedTuple):
    """What is remembered of a frame until its neighbour is there."""

    luma: Luma
    kind: tuple[int, int, str]
    """Width, height and pixel format as stored."""


class _Differences:
    """Mean absolute luma difference of each frame to the one before, from threads that each see runs of frames.

    Where a run begins, the frame before was seen by another thread, or will be: both ends wait here for each other.
    """

    def __init__(self, frames: int) -> None:
        self._values = np.full(frames, np.nan)
        self._lock = threading.Lock()
        self._heads: dict[int, Shown] = {}
        self._tails: dict[int, Shown] = {}
        self._works: list[_Run] = []

    def make_work(self) -> _Run:
        run = _Run(self)
        self._works.append(run)
        return run

    def store(self, ordinal: int, before: Shown, shown: Shown) -> None:
        """Notes a difference; 0 where the kind of picture changes, since FFmpeg begins its filters anew there."""
        same = before.kind == shown.kind
        a, b = before.luma, shown.luma
        self._values[ordinal] = luma_difference(a.plane, b.plane, b.width) if same else 0.0

    def cut(self, tail: tuple[int, Shown] | None, head: tuple[int, Shown] | None) -> None:
        """Takes the last frame of one run and the first of the next run of a thread."""
        with self._lock:
            if tail:
                self._tails[tail[0]] = tail[1]
            if head:
                self._heads[head[0]] = head[1]
            for ordinal in [n for n in self._heads if n == 0 or n - 1 in self._tails]:
                shown = self._heads.pop(ordinal)
                if ordinal:
                    self.store(ordinal, self._tails.pop(ordinal - 1), shown)
                else:
                    self._values[0] = 0.0

    def finish(self) -> NDArray[np.float64]:
        """Returns (F,) float64; heads behind a gap are compared with the last frame that was shown before them."""
        for run in self._works:
            self.cut(run.tail, None)
        for ordinal, shown in self._heads.items():
            before = max((n for n in self._tails if n < ordinal), default=None)
            if before is None:
                self._values[ordinal] = 0.0
            else:
                self.store(ordinal, self._tails[before], shown)
        return self._values


class _Run:
    """One thread's frames: remembers the frame before."""

    def __init__(self, shared: _Differences) -> None:
        self._shared = shared
        self.tail: tuple[int, Shown] | None = None

    def __call__(self, frame: Frame) -> bool:
        shown = Shown(frame.luma(), frame.kind)
        if self.tail is not None and self.tail[0] == frame.ordinal - 1:
            self._shared.store(frame.ordinal, self.tail[1], shown)
        else:
            self._shared.cut(self.tail, (frame.ordinal, shown))
        self.tail = (frame.ordinal, shown)
        return True
