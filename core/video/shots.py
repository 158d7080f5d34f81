"""Shots: the cuts that PySceneDetect's detectors find, fed from our own decoder so that cuts are ordinals."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.video.frame import Frame

DETECTORS = ("adaptive", "content")
DELAY = 8
"""Frames that the adaptive detector looks ahead, at most, before it tells of a cut."""
WIDTH = 256
"""Pictures are scaled so that their longer side is near this, as PySceneDetect does by default."""


def small_picture(frame: Frame, width: int, height: int) -> NDArray[np.uint8]:
    """Returns the (h, w, 3) uint8 BGR picture that a detector sees; ``width`` and ``height`` are the stored size."""
    factor = max(1.0, max(width, height) / WIDTH)
    rgb = frame.rgb(max(1, round(width / factor)), max(1, round(height / factor)))
    return np.ascontiguousarray(rgb[:, :, ::-1])


class ShotFinder:
    """Takes small pictures in order and collects cuts."""

    def __init__(self, rate: Fraction | None, detector: str = "adaptive") -> None:
        """Starts a detector with PySceneDetect's own defaults.

        Args:
            rate: frames per second; only PySceneDetect's bookkeeping needs it.
            detector: one of ``DETECTORS``.
        """
        from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode

        logging.getLogger("pyscenedetect").setLevel(logging.ERROR)
        self._timecode: Any = FrameTimecode
        self._rate = float(rate or 25)
        self._detector: Any = {"adaptive": AdaptiveDetector, "content": ContentDetector}[detector]()
        self._last: Any = None
        self._cuts: set[int] = set()

    def push(self, ordinal: int, picture: NDArray[np.uint8]) -> None:
        """Shows the next frame: (h, w, 3) uint8 BGR."""
        self._last = self._timecode(ordinal, self._rate)
        self._note(self._detector.process_frame(self._last, picture))

    def is_cut(self, ordinal: int) -> bool:
        """Whether a shot begins at this frame, as far as is known; ``DELAY`` frames later it is known for good."""
        return ordinal in self._cuts

    def shots(self, frames: int) -> list[tuple[int, int]]:
        """Returns ``[start, end)`` ordinals of the shots of a video of ``frames`` frames; a single take is one shot."""
        if self._last is not None:
            self._note(self._detector.post_process(self._last))
        edges = [0, *sorted(c for c in self._cuts if 0 < c < frames), frames]
        return [(a, b) for a, b in itertools.pairwise(edges) if b > a]

    def _note(self, cuts: Iterable[Any]) -> None:
        self._cuts.update(int(cut.frame_num) for cut in cuts)


def shot_of(shots: list[tuple[int, int]], ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the number (0-based) of the shot that holds each ordinal, (W,) int64."""
    starts = np.array([start for start, _ in shots], np.int64)
    return np.searchsorted(starts, ordinals, side="right").astype(np.int64) - 1
