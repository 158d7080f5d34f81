"""Which frames of one continuous decode cannot be trusted, told by the order in which their packets were fed.

A damaged picture spoils those decoded after it up to the next key frame, also B-frames that are shown *before* it.
So a frame waits until every packet fed before its own has been shown: at most the few frames that a decoder reorders.
"""

from __future__ import annotations

import numpy as np

from core.records import FrameLedger


class Damage:
    """Follows the packets and the damage of one range; timestamps are pts in units of the ledger's time base."""

    def __init__(self, ledger: FrameLedger) -> None:
        self._key_pts = ledger.pts[ledger.key]
        self._fed: dict[int, tuple[int, int]] = {}
        """pts of a fed packet -> its place in the feed, the highest pts fed up to there."""
        self._place = 0
        self._highest = -(1 << 62)
        self.count = 0
        """How often damage was found."""
        self._spoilt: list[tuple[int, float]] = []
        """(place in the feed, pts of the next key frame): what was fed from there on and is shown before that."""

    def feed(self, pts: int | None) -> None:
        """Notes that a packet goes into the decoder."""
        if pts is not None:
            self._highest = max(self._highest, pts)
            self._fed[pts] = self._place, self._highest
        self._place += 1

    def note_damage(self, pts: int | None) -> None:
        """Notes that the packet or the picture with this pts is damaged; ``None`` = the packet fed last."""
        self.count += 1
        place = self._fed.get(pts, (self._place - 1, 0))[0] if pts is not None else self._place - 1
        later = np.searchsorted(self._key_pts, pts, side="right") if pts is not None else len(self._key_pts)
        until = float(self._key_pts[later]) if later < len(self._key_pts) else np.inf
        if not self._spoilt or self._spoilt[-1][1] != until or self._spoilt[-1][0] > place:
            self._spoilt.append((place, until))

    def settled(self, pts: int, shown: int) -> bool:
        """Whether nothing that was fed before this frame is still to be shown after the frame at ``shown``."""
        return self._fed.get(pts, (0, pts))[1] <= shown

    def spoils(self, pts: int) -> bool:
        """Whether the frame cannot be trusted; asked once, when the frame is handed on."""
        place, _ = self._fed.pop(pts, (0, 0))
        return any(place >= start and pts < until for start, until in self._spoilt)
