"""Where the windows of a video lie: exact instants in the clock of its ledger, and the seven frames around each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.records import FrameLedger
from core.settings.patches import WINDOW, PatchSettings

MIDDLE = WINDOW // 2
GOLDEN = Fraction(618, 1000)
"""Share of the duration by which a retry goes on where ``retry_skip_seconds`` would lead back to the same instant."""
SAME_S = 1
"""Instants this close are the same."""


@dataclass(frozen=True)
class Window:
    """What one window is for."""

    index: int
    """0-based, in the names of its files."""
    categories: tuple[str, ...]


@dataclass(frozen=True)
class Placed:
    """One try of a window: seven consecutive frames."""

    window: Window
    attempt: int
    """0-based."""
    centre: int
    """Ordinal of the frame that is shown at the instant."""
    first: int
    """Ordinal of the first frame; ``centre - 3`` unless the window would leave the video."""

    @property
    def moved(self) -> bool:
        """Whether it was moved inside the video, so that its middle is not the frame of the instant."""
        return self.first != self.centre - MIDDLE

    @property
    def ordinals(self) -> range:
        """Of its frames."""
        return range(self.first, self.first + WINDOW)


def windows_of(settings: PatchSettings, weights: Mapping[str, float]) -> list[Window]:
    """Returns the windows of a video, in the order of their numbers.

    With counts ``original`` there are ``base_frame_limit`` times the sum of its weights, and each serves every
    category; with ``weighted`` category c has round(limit x weight) of them, evenly spread.
    """
    limit = settings.base_frame_limit
    if settings.counts == "original":
        total = max(1, round(limit * Fraction(sum(map(Fraction, weights.values())))))
        return [Window(index, tuple(weights)) for index in range(total)]
    wanted = {name: round(limit * Fraction(weight)) for name, weight in weights.items()}
    total = max(wanted.values(), default=0)
    serves: list[list[str]] = [[] for _ in range(total)]
    for name, number in wanted.items():
        for at in range(number):
            serves[(2 * at + 1) * total // (2 * number)].append(name)
    return [Window(index, tuple(names)) for index, names in enumerate(serves) if names]


class Instants:
    """The instants of a video at which its windows and their retries lie.

    Window i is at (i x duration / limit) mod duration; where that would repeat an instant, in a second round, it is
    shifted by a part of the step.
    """

    def __init__(self, ledger: FrameLedger, settings: PatchSettings, windows: int) -> None:
        """``windows``: how many there are."""
        self._ledger, self._duration = ledger, max(1, ledger.duration)
        limit = settings.base_frame_limit if settings.counts == "original" else max(1, windows)
        self._limit, self._rounds = limit, -(-windows // limit) or 1
        self._skip = self._skipped(Fraction(settings.retry_skip_seconds))

    def place(self, window: Window, attempt: int) -> Placed:
        """Returns where a try of a window lies, always inside the video of at least seven frames."""
        at = Fraction(window.index % self._limit, self._limit) * self._duration
        at += Fraction(window.index // self._limit, self._rounds * self._limit) * self._duration
        ticks = int((at + attempt * self._skip) % self._duration)
        pts = int(self._ledger.pts[0]) + ticks
        centre = int(np.searchsorted(self._ledger.pts, pts, side="right")) - 1
        first = min(max(0, centre - MIDDLE), len(self._ledger) - WINDOW)
        return Placed(window, attempt, centre, first)

    def _skipped(self, seconds: Fraction) -> Fraction:
        near = SAME_S / self._ledger.time_base
        step = (seconds / self._ledger.time_base) % self._duration
        return step if min(step, self._duration - step) >= near else GOLDEN * self._duration


def dice(seed: int, *of: object) -> float:
    """Returns a number in [0, 1) that depends on the seed and on what it is for, alone: the same on every machine.

    53 bits of BLAKE2b of both, as text.
    """
    text = "\0".join(map(str, (seed, *of))).encode("utf-8", "surrogateescape")
    return (int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 11) / (1 << 53)


def spread(placed: Sequence[Placed]) -> list[Placed]:
    """Returns tries in the order in which they are read: by their frames, then by number."""
    return sorted(placed, key=lambda one: (one.first, one.window.index))
