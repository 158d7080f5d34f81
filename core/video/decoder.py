"""Decodes exact ranges of ordinals: seek to the key frame, feed packets one by one, name each frame by its timestamp.

One decoder = one open container = one owning thread. Everything that shows a frame comes through here. A decoder that
shows other frames than the ledger promises, or in another order, and no damage that explains it, disproves the ledger
(``LedgerMismatch``). Frames that only their order names are counted (``counted.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

from core.errors import LedgerMismatch
from core.video import faults
from core.video.counted import Counted
from core.video.damage import Damage
from core.video.frame import Frame
from core.video.key_access import RETRIES, KeyAccess, Overshoot
from core.video.orientation import of as orientation_of
from core.video.probe import Video

if TYPE_CHECKING:
    from av import VideoCodecContext
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    VideoPacket = Packet[VideoStream]
    Packets = Iterator[VideoPacket]

SKIPS_EXACTLY = ("h264", "hevc")
"""Codecs whose pictures that nothing refers to are skipped on the way to the wanted one."""
HIDES_PACKETS = ("vp8",)
"""Codecs whose packets need not be pictures, so that counting packets does not tell when a range is complete."""


class _Damage(Exception):
    """A packet could not be decoded while frame threads were at work; they lose sound frames then."""


class _Doubt(Exception):
    """Frame threads showed other frames than the ledger promises; only one thread can tell why."""


class Decoder:
    """Yields exact frames of one video. Not thread-safe; close it, or use it with ``contextlib.closing``."""

    def __init__(self, video: Video, threads: int = 1) -> None:
        """Remembers the video; the file is opened with the first range.

        Args:
            video: from ``probe``.
            threads: 1 = deterministic and cheapest; more = FFmpeg's frame threads, for one sequential reader.
        """
        self._video, self._orientation = video, orientation_of(video.info)
        self._file = KeyAccess(video, threads if video.ledger.clock == "pts" else 1)
        self._damage = Damage(video.ledger)
        self._sound = True
        """Whether the demuxer found no packet damaged."""
        self._all_fed = False
        """Whether the packet of every wanted frame went into the decoder."""
        self._counted = (
            Counted(video.ledger, self._packets_named, self._shown) if video.ledger.clock == "order" else None
        )

    @property
    def _threaded(self) -> bool:
        """Whether frame threads are at work."""
        return self._file.threads > 1

    def close(self) -> None:
        """Closes the file."""
        if self._counted is not None:
            self._counted.forget()
        self._file.close()

    def frames(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Yields the frames with ``start <= ordinal < stop`` in order; frames that cannot be decoded are absent.

        A frame that was decoded from damaged data, or after such a frame up to the next key frame, says so
        (``Frame.damaged``).

        Raises:
            LedgerMismatch: the decoder shows other frames than the ledger knows, or in another order.
            SourceError: the file is gone.
        """
        if self._counted is not None:
            orientation = self._orientation
            with closing(self._counted.frames(start, stop)) as counted:
                for ordinal, source, damaged in counted:
                    yield self._lit(Frame(source, ordinal, int(self._video.ledger.pts[ordinal]), orientation, damaged))
            return
        following, back = start, None
        try:
            with closing(self._exact(start, stop)) as found:
                for frame in found:
                    following = frame.ordinal + 1
                    yield frame
            if not self._threaded or following >= stop:
                return  # else frame threads met damage in the last packets: they drop what is behind it, without a word
        except _Damage:
            pass
        except _Doubt:
            back = start
        self.close()
        self._file.threads = 1
        with closing(self._exact(following if back is None else back, stop)) as again:
            yield from (frame for frame in again if frame.ordinal >= following)

    def _exact(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Tries earlier key frames when the range does not begin where it should."""
        if start >= stop:
            return
        entry = self._video.ledger.entry(start)
        for attempt in range(RETRIES + 1):
            final = entry == 0 or attempt == RETRIES
            with closing(self._attempt(entry, start, stop, final)) as found:
                first = next(found, None)
                if final or (first is not None and first.ordinal == start):
                    if first is not None:
                        yield first
                        first = None
                        yield from found
                    return
            entry = self._video.ledger.entry(entry - 1)

    def _attempt(self, entry: int, start: int, stop: int, final: bool) -> Generator[Frame, None, None]:
        back = entry
        while True:
            try:
                packets = self._file.packets_from(entry, back)
            except Overshoot:
                back = self._video.ledger.entry(back - 1) if back > 0 else 0
                continue
            yield from map(self._lit, self._named(packets, start, stop, final))
            return

    def _lit(self, frame: Frame) -> Frame:
        """Tells a frame what it may not carry itself: the peak of its video, and what the container says."""
        frame.tell(self._video.info.peak_cd_m2, self._file.stated)
        return frame

    def _named(self, packets: Packets, start: int, stop: int, final: bool) -> Iterator[Frame]:
        if self._video.ledger.clock == "pts":
            return self._named_by_pts(packets, start, stop, final)
        return self._named_by_dts(packets, start, stop)

    def _named_by_pts(self, packets: Packets, start: int, stop: int, final: bool) -> Iterator[Frame]:
        """Yields the wanted frames; unless earlier key frames are still to be tried, all of them or damage or an error.

        A frame waits in ``held`` until the damage that may spoil it is known.
        """
        ledger, orientation = self._video.ledger, self._orientation
        wanted = {int(t): start + i for i, t in enumerate(ledger.pts[start:stop])}
        first, last = int(ledger.pts[start]), int(ledger.pts[stop - 1])
        self._damage = damage = Damage(ledger)
        held: deque[VideoFrame] = deque()
        count, following = 0, start
        for source in self._decoded(packets, wanted, first):
            shown = source.pts
            if shown is None or (first <= shown <= last and shown not in wanted):
                self._disprove(f"a frame at pts {shown} that no packet of the file names")
                continue
            if source.is_corrupt:
                self._found_damage(shown)
            if shown < first and count:
                self._disprove(f"the frame at pts {shown} after later ones")
            if first <= shown <= last:
                final = final or shown == first
                if final and wanted[shown] != following:
                    self._disprove(f"the frame at pts {shown} where another has its place")
                following, count = wanted[shown] + 1, count + 1
                held.append(source)
            elif shown > last and final and following < stop:
                self._disprove(f"the frame at pts {shown} before earlier ones")
            while held and damage.settled(_pts(held[0]), shown):
                pts = _pts(held[0])
                yield Frame(held.popleft(), wanted[pts], pts, orientation, damage.spoils(pts))
            if shown > last and not held and count == len(wanted):
                break
        for source in held:
            yield Frame(source, wanted[_pts(source)], _pts(source), orientation, damage.spoils(_pts(source)))
        if final and count < len(wanted) and self._all_fed:
            self._disprove(f"{count} frames where the packets promise {len(wanted)}")

    def _disprove(self, what: str) -> None:
        """The decoder does not keep to the ledger: that of a damaged stream need not, any other must."""
        if self._threaded:
            raise _Doubt
        if not self._damage.count and self._sound:
            raise LedgerMismatch(f"the decoder shows {what}.")

    def _decoded(self, packets: Packets, wanted: dict[int, int], first: int) -> Iterator[VideoFrame]:
        """Feeds packets until every wanted one is in, then drains: nothing after the range is decoded."""
        context = self._file.stream.codec_context
        skips = not self._threaded and self._video.info.codec in SKIPS_EXACTLY
        counts = self._video.info.codec not in HIDES_PACKETS
        fed, self._sound, self._all_fed = 0, True, False
        for packet in packets:
            size, pts = packet.size, packet.pts
            if skips:
                context.skip_frame = "NONREF" if pts is not None and pts < first else "DEFAULT"
            fed += pts in wanted and size > 0
            self._sound = self._sound and not packet.is_corrupt
            self._all_fed = fed >= len(wanted)
            if size:
                self._damage.feed(pts)
            yield from self._decode(context, packet)
            if fed == len(wanted) and counts:
                break
        yield from self._decode(context, None)

    def _decode(self, context: VideoCodecContext, packet: VideoPacket | None) -> list[VideoFrame]:
        if packet is not None and not packet.size:
            return []  # the demuxer's own end, or a frame that AVI repeats; fed to the decoder it would end it
        frames, bad = faults.feed(context, packet)
        if bad:
            self._found_damage(packet.pts if packet is not None else None)
        return frames

    def _found_damage(self, pts: int | None) -> None:
        if self._threaded:
            raise _Damage
        self._damage.note_damage(pts)

    def _named_by_dts(self, packets: Packets, start: int, stop: int) -> Iterator[Frame]:
        """Names frames by dts where they carry one, else by counting on from the frame before."""
        ledger, orientation = self._video.ledger, self._orientation
        ordinal, spoilt_below = -1, -1
        for packet in chain(packets, (None,)):
            for source in self._decode(self._file.stream.codec_context, packet):
                known = ledger.ordinal_of(source.dts) if source.dts is not None else None
                ordinal = ordinal + 1 if known is None else known
                if source.is_corrupt:
                    later = ledger.keys[ledger.keys > ordinal]
                    spoilt_below = int(later[0]) if len(later) else len(ledger)
                if ordinal >= stop:
                    return
                if ordinal >= start:
                    yield Frame(source, ordinal, int(ledger.pts[ordinal]), orientation, ordinal < spoilt_below)

    # --- for frames that are counted

    def _packets_named(self, name: int | None) -> Packets:
        self._damage = Damage(self._video.ledger)
        return self._file.packets_named(name)

    def _shown(self, packet: VideoPacket | None) -> tuple[list[VideoFrame], bool]:
        """Feeds a packet; returns the frames that come out, and whether damage was found."""
        before = self._damage.count
        shown = self._decode(self._file.stream.codec_context, packet)
        return shown, self._damage.count > before


def _pts(source: VideoFrame) -> int:
    assert source.pts is not None
    return source.pts
