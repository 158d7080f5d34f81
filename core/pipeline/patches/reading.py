"""Reads the frames of many windows in one pass: every frame is decoded once, however many windows hold it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.change import Change, Look
from core.pipeline.patches.windows import Placed
from core.video.frame import Frame
from core.video.probe import Video
from core.video.stream import FrameStream


@dataclass(eq=False)
class Picture:
    """A frame that windows share; what was made of it once is kept as long as a window may want it."""

    ordinal: int
    frame: Frame | None
    """``None``: it cannot be decoded."""
    luma: NDArray[np.uint8] | None
    """(H, W) uint8, as stored."""
    full_range: bool = True
    change: Change | None = None
    """How it differs from the frame before it; ``None`` = that one was not read, or one of both cannot be decoded."""
    before: Frame | None = None
    """The frame before it, where windows are read with what is around them."""
    after: Frame | None = None
    _cut: Any = field(default=None, repr=False)
    _look: Any = field(default=None, repr=False)

    def look(self, make: Callable[[NDArray[np.uint8], bool], Look]) -> Look:
        """Returns what ``make`` makes of luma and range, made once."""
        if self._look is None:
            assert self.luma is not None
            self._look = make(self.luma, self.full_range)
        look: Look = self._look
        return look

    def pixels(self, convert: Callable[[Picture], NDArray[Any]]) -> NDArray[Any]:
        """Returns what ``convert`` makes of it, made once; call it from the thread that reads."""
        if self._cut is None:
            self._cut = convert(self)
        pixels: NDArray[Any] = self._cut
        return pixels


def read_windows(
    video: Video, placed: Sequence[Placed], compare: Callable[[Picture, Picture], Change], *, around: int = 0
) -> Generator[tuple[Placed, list[Picture]], None, None]:
    """Yields each try with its seven frames, in the order of ``windows.spread``.

    Ranges of the video that hold none are passed over by seeking where that is cheaper than decoding them
    (``video.plan``). Memory: the frames from the first one of the window that is read on, at most seven beyond it, and
    the frames that the stream has ahead.

    Args:
        video: from ``probe``, of at least seven frames.
        placed: from ``windows.spread``.
        compare: a frame with the one before it, called once for each pair of neighbours.
        around: frames before and after each window that are read as well, so that its pictures know their neighbours.
    """
    if not placed:
        return
    last = len(video.ledger) - 1
    reach = [(max(0, p.first - around), min(last, p.ordinals[-1] + around)) for p in placed]
    wanted = np.unique(np.concatenate([np.arange(first, end + 1) for first, end in reach]))
    held: deque[Picture] = deque()
    waiting = deque(placed)
    with FrameStream(video, wanted.astype(np.int64)) as stream, closing(iter(stream)) as frames:  # type: ignore[type-var]
        for item in frames:
            picture = _picture(item)
            before = held[-1] if held else None
            if before is not None and _are_neighbours(before, picture):
                picture.change = compare(before, picture)
            if before is not None and around and before.ordinal == picture.ordinal - 1:
                before.after, picture.before = picture.frame, before.frame
            held.append(picture)
            while waiting and min(last, waiting[0].ordinals[-1] + around) <= picture.ordinal:
                one = waiting.popleft()
                while held[0].ordinal < one.first:
                    held.popleft()
                yield one, [p for p in held if p.ordinal in one.ordinals]


def _are_neighbours(before: Picture, now: Picture) -> bool:
    return before.ordinal == now.ordinal - 1 and before.luma is not None and now.luma is not None


def _picture(item: Any) -> Picture:
    if not isinstance(item, Frame) or item.damaged:
        return Picture(item.ordinal, None, None)
    luma = item.luma()
    return Picture(item.ordinal, item, luma.plane[:, : luma.width], luma.full_range)
