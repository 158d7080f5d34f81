"""Frames that only their order names: counted from a key frame whose name is known, else from the beginning.

What the decoder stamps on a frame is compared with what the ledger says of it, so that a count which went wrong is
noticed and begun anew from the beginning of the file. Not here: files and codecs (``decoder.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from core.errors import LedgerMismatch
from core.records import UNNAMED, FrameLedger

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    VideoPacket = Packet[VideoStream]
    Counting = Generator[tuple[int, VideoFrame, bool], None, None]


class LostCount(Exception):
    """The number of a frame is not known: a seek leads elsewhere, or the decoder shows another frame."""


class Counted:
    """Counts what one decoder shows. Goes on from where it stands where that is as near as a key frame."""

    def __init__(
        self,
        ledger: FrameLedger,
        packets_at: Callable[[int | None], Iterator[VideoPacket]],
        shown: Callable[[VideoPacket | None], tuple[list[VideoFrame], bool]],
    ) -> None:
        """Remembers how to read.

        Args:
            ledger: with clock ``"order"``.
            packets_at: returns the packets from the key frame of this pts on, ``None`` = all; raises ``LostCount``.
            shown: feeds a packet, ``None`` = the end; returns the frames that come out, and whether damage was found.
        """
        self._ledger = ledger
        self._packets_at = packets_at
        self._feed = shown
        self._seeks = True
        """Whether seeking has led to the right frames so far."""
        self._count: Counting | None = None
        self._next = 0
        """The ordinal that the open count yields next."""
        self._whole = True
        """Whether the open count began at the beginning of the file."""

    def forget(self) -> None:
        """Begins anew with the next range: the file was closed."""
        if self._count is not None:
            self._count.close()
        self._count = None

    def frames(self, start: int, stop: int) -> Counting:
        """Yields ``(ordinal, frame, damaged)`` with ``start <= ordinal < stop``; frames lost to damage are absent.

        Raises:
            LedgerMismatch: counted from the beginning, the decoder shows other frames than the ledger says.
        """
        following = start
        while following < stop:
            try:
                self._stand_before(following)
                for ordinal, source, damaged in self._up_to(stop):
                    if ordinal >= following:
                        following = ordinal + 1
                        yield ordinal, source, damaged
                return
            except LostCount:
                self.forget()
                if self._whole:
                    raise LedgerMismatch("the decoder shows other frames than were counted.") from None
                self._seeks = False

    def _stand_before(self, ordinal: int) -> None:
        entry = self._ledger.entry(ordinal) if self._seeks else 0
        if self._count is None or not entry <= self._next <= ordinal:
            self.forget()
            self._whole = entry == 0
            self._count, self._next = self._from(entry), entry

    def _up_to(self, stop: int) -> Counting:
        assert self._count is not None
        while self._next < stop:
            found = next(self._count, None)
            if found is None:
                self._count = None
                return
            self._next = found[0] + 1
            yield found

    def _from(self, entry: int) -> Counting:
        """Counts from a key frame on; what is shown before it (an open group of pictures) is not counted."""
        ledger = self._ledger
        name = int(ledger.names[entry]) if entry and ledger.names is not None else None
        ordinal, spoilt_below, refused = (-1 if name is not None else 0), -1, False
        for packet in chain(self._packets_at(name), (None,)):
            sources, damage = self._feed(packet)
            refused = refused or damage
            for source in sources:
                if ordinal < 0:
                    if source.pts != name or not source.key_frame:
                        continue
                    ordinal = entry
                if damage or source.is_corrupt:
                    later = ledger.keys[ledger.keys > ordinal]
                    spoilt_below = int(later[0]) if len(later) else len(ledger)
                self._check(ordinal, source.pts)
                yield ordinal, source, ordinal < spoilt_below
                ordinal += 1
        if ordinal < len(ledger) and not refused:
            raise LostCount

    def _check(self, ordinal: int, pts: int | None) -> None:
        names = self._ledger.names
        if ordinal >= len(self._ledger):
            raise LostCount
        if names is not None and pts is not None and int(names[ordinal]) not in (UNNAMED, pts):
            raise LostCount
