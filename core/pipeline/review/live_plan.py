"""Which frame live inference looks at next: a rule of numbers alone, so that it can be tested without a clock."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

AHEAD_S = 10.0
"""How far ahead of the play head frames are inferred, in seconds of the video at its normal speed."""
BACK_FRAMES = 30
"""While paused, so many frames behind the head are inferred too: people step back."""


@dataclass(frozen=True)
class Head:
    """The play head as the page told it last."""

    ordinal: int = 0
    rate: float = 1.0
    """Speed of playing; 1 = normal."""
    playing: bool = False
    exact: bool = False
    """Every frame is wanted; the page slows down instead."""
    at_s: float = 0.0
    """When it was told, monotonic clock."""

    def now(self, clock_s: float, frames_per_s: float) -> int:
        """Returns where the head is at ``clock_s``."""
        moved = (clock_s - self.at_s) * self.rate * frames_per_s if self.playing and not self.exact else 0.0
        return self.ordinal + int(max(0.0, moved))


def next_ordinal(
    head: Head, clock_s: float, frames_per_s: float, cost_s: float, last: int | None, done: NDArray[np.bool_]
) -> int | None:
    """Returns the ordinal to infer next, ``None`` when there is nothing to do until the head moves.

    Playing, it steps by a stride that keeps up with the head, and where it has fallen behind it jumps to where the head
    will be when the inference is done. With time left it fills what the stride left out.

    Args:
        head: as told last.
        clock_s: now.
        frames_per_s: of the video at normal speed.
        cost_s: seconds that one frame takes, decoding included.
        last: the ordinal inferred last.
        done: (F,) bool, frames that are known.
    """
    frames = len(done)
    here = min(head.now(clock_s, frames_per_s), frames - 1)
    end = min(frames, here + max(1, ceil(AHEAD_S * frames_per_s)))
    if not head.playing or head.exact:
        found = _first(done, here, end)
        if found is None and not head.playing:
            found = _first(done, max(0, here - BACK_FRAMES), here)
        return found
    needed = frames_per_s * head.rate
    stride = stride_for(cost_s, needed)
    lead = max(1, ceil(cost_s * needed))
    keeps_up = last is not None and here <= last < end
    goal = max(last + stride, here + 1) if keeps_up and last is not None else here + lead
    found = _first(done, goal, end)
    return found if found is not None else _first(done, min(here + lead, end), end)


def stride_for(cost_s: float, frames_per_s: float) -> int:
    """Returns every how many frames one can be inferred when ``frames_per_s`` are shown."""
    return max(1, ceil(cost_s * frames_per_s - 1e-9))


def _first(done: NDArray[np.bool_], start: int, stop: int) -> int | None:
    """The first frame of a range that is not known."""
    if start >= stop:
        return None
    open_ = ~done[start:stop]
    at = int(open_.argmax())
    return start + at if open_[at] else None
