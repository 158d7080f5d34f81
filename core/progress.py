"""How far a verb is: derived from what it yields, never reported by a callback."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Progress:
    """Counts done items and derives rate and time left. Times in seconds, monotonic clock."""

    total: int | None
    done: int = 0
    started: float = field(default_factory=time.perf_counter)
    skipped: int = 0
    """Items that an earlier, interrupted run had done; they do not count for the rate."""
    first: int = 0
    """Items that were done when the clock began: a pause and a short phase are told of with all of them at once."""
    unit: str = "frames"

    def advance(self, count: int = 1) -> None:
        """Counts ``count`` more items as done."""
        self.done += count

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def per_second(self) -> float:
        """Items per second since the start, without the skipped ones and those that were done by then."""
        return max(0, self.done - max(self.skipped, self.first)) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the end; ``None`` while unknown."""
        if self.total is None or self.per_second <= 0:
            return None
        return max(0, self.total - self.done) / self.per_second

    def line(self, note: str = "") -> str:
        """Returns ``"843/1826 (46 %), 412 frames/s, 2 s left"``; bytes are shown in MB."""
        total = "" if self.total is None else f"/{self.amount(self.total)}"
        share = "" if self.total is None else f" ({100 * self.done // max(1, self.total)} %)"
        left = "" if self.seconds_left is None else f", {self.seconds_left:.0f} s left"
        unit = " MB" if self.unit == "bytes" else ""
        rate = f", {self.rate}" if self.per_second > 0 else ""
        return f"{note}{self.amount(self.done)}{total}{unit}{share}{rate}{left}"

    def amount(self, count: float) -> str:
        """Returns a number of items as it is shown, without its unit."""
        return f"{count / 1e6:.1f}" if self.unit == "bytes" else f"{count:.0f}"

    @property
    def rate(self) -> str:
        """``"412 frames/s"``."""
        if self.unit == "bytes":
            return f"{self.per_second / 1e6:.1f} MB/s"
        return f"{self.per_second:.0f} {self.unit}/s"
