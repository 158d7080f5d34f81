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

import av
import av.error

from core.errors import LedgerMismatch
from core.video import colour, faults
from core.video.container import open_video
from core.video.counted import Counted, LostCount
from core.video.damage import Damage
from core.video.frame import Frame
from core.video.ledger import demux, single_thread
from core.video.orientation import of as orientation_of
from core.video.probe import Video

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    VideoPacket = Packet[VideoStream]
    Packets = Iterator[VideoPacket]

RETRIES = 2
"""Earlier key frames tried when a range does not begin where it should (gradual refresh, damaged key frame)."""
SKIPS_EXACTLY = ("h264", "hevc")
"""Codecs whose pictures that nothing refers to are skipped on the way to the wanted one."""


HIDES_PACKETS = ("vp8",)
"""Codecs whose packets need not be pictures, so that counting packets does not tell when a range is complete."""


class _Overshoot(Exception):
    """The demuxer landed behind the wanted key frame."""


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
        self._video = video
        self._threads = threads if video.ledger.clock == "pts" else 1
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._stated: colour.Stated | None = None
        self._fresh = False
        self._damage = Damage(video.ledger)
        self._sound = True
        """Whether the demuxer found no packet damaged."""
        self._all_fed = False
        """Whether the packet of every wanted frame went into the decoder."""
        self._counted = Counted(video.ledger, self._packets_at, self._shown) if video.ledger.clock == "order" else None

    def close(self) -> None:
        """Closes the file."""
        if self._counted is not None:
            self._counted.forget()
        self._close_file()

    def _close_file(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container = self._stream = None

    def frames(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Yields the frames with ``start <= ordinal < stop`` in order; frames that cannot be decoded are absent.

        A frame that was decoded from damaged data, or after such a frame up to the next key frame, says so
        (``Frame.damaged``).

        Raises:
            LedgerMismatch: the decoder shows other frames than the ledger knows, or in another order.
            SourceError: the file is gone.
        """
        if self._counted is not None:
            orientation = orientation_of(self._video.info)
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
            if self._threads == 1 or following >= stop:
                return  # else frame threads met damage in the last packets: they drop what is behind it, without a word
        except _Damage:
            pass
        except _Doubt:
            back = start
        self.close()
        self._threads = 1
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
                packets = self._packets_from(entry, back)
            except _Overshoot:
                back = self._video.ledger.entry(back - 1) if back > 0 else 0
                continue
            yield from map(self._lit, self._named(packets, start, stop, final))
            return

    def _lit(self, frame: Frame) -> Frame:
        """Tells a frame what it may not carry itself: the peak of its video, and what the container says."""
        frame.tell(self._video.info.peak_cd_m2, self._stated)
        return frame

    def _open(self) -> VideoStream:
        self._close_file()
        self._container, self._stream = open_video(self._video.path, self._video.info.stream_index)
        self._stated = colour.stated(self._stream)
        if self._threads == 1:
            single_thread(self._stream)
        else:
            self._stream.thread_type = "AUTO"
            self._stream.codec_context.thread_count = self._threads
            # Frame threads hand a picture on before they know its errors; so they stop at the first one (_Damage).
            self._stream.codec_context.options = {"err_detect": "explode"}
        self._fresh = True
        return self._stream

    def _packets_from(self, entry: int, back: int) -> Packets:
        """Returns packets that begin at the key frame ``entry``, found by seeking to the key frame ``back``."""
        ledger = self._video.ledger
        stream = self._stream
        if stream is None or (not self._fresh and back == 0):
            stream = self._open()
        assert self._container is not None
        self._fresh = False
        if back == 0:
            return demux(self._container, stream)
        try:
            self._container.seek(int(ledger.pts[back]), stream=stream, backward=True)
        except (av.error.FFmpegError, OSError):
            raise _Overshoot from None
        packets = demux(self._container, stream)
        return self._skip_to_key(packets, int(ledger.pts[entry]))

    def _skip_to_key(self, packets: Packets, key_pts: int) -> Packets:
        """Drops packets before the wanted key frame, undecoded; by dts only the first key frame can be told."""
        by_dts = self._video.ledger.clock == "dts"
        for packet in packets:
            if packet.size and packet.is_keyframe:
                at = packet.dts if by_dts else packet.pts
                if at is None or at > key_pts:
                    raise _Overshoot
                if by_dts or at == key_pts:
                    return chain((packet,), packets)
        raise _Overshoot

    def _named(self, packets: Packets, start: int, stop: int, final: bool) -> Iterator[Frame]:
        if self._video.ledger.clock == "pts":
            return self._named_by_pts(packets, start, stop, final)
        return self._named_by_dts(packets, start, stop)

    def _named_by_pts(self, packets: Packets, start: int, stop: int, final: bool) -> Iterator[Frame]:
        """Yields the wanted frames; unless earlier key frames are still to be tried, all of them or damage or an error.

        A frame waits in ``held`` until the damage that may spoil it is known.
        """
        ledger, orientation = self._video.ledger, orientation_of(self._video.info)
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
        if self._threads > 1:
            raise _Doubt
        if not self._damage.count and self._sound:
            raise LedgerMismatch(f"the decoder shows {what}.")

    def _decoded(self, packets: Packets, wanted: dict[int, int], first: int) -> Iterator[VideoFrame]:
        """Feeds packets until every wanted one is in, then drains: nothing after the range is decoded."""
        assert self._stream is not None
        context = self._stream.codec_context
        skips = self._threads == 1 and self._video.info.codec in SKIPS_EXACTLY
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

    def _decode(self, context: av.VideoCodecContext, packet: VideoPacket | None) -> list[VideoFrame]:
        if packet is not None and not packet.size:
            return []  # the demuxer's own end, or a frame that AVI repeats; fed to the decoder it would end it
        frames, bad = faults.feed(context, packet)
        if bad:
            self._found_damage(packet.pts if packet is not None else None)
        return frames

    def _found_damage(self, pts: int | None) -> None:
        if self._threads > 1:
            raise _Damage
        self._damage.found(pts)

    def _named_by_dts(self, packets: Packets, start: int, stop: int) -> Iterator[Frame]:
        """Names frames by dts where they carry one, else by counting on from the frame before."""
        assert self._stream is not None
        ledger, orientation = self._video.ledger, orientation_of(self._video.info)
        ordinal, spoilt_below = -1, -1
        for packet in chain(packets, (None,)):
            for source in self._decode(self._stream.codec_context, packet):
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

    def _packets_at(self, name: int | None) -> Packets:
        """Returns the packets from the key frame of this pts on; ``None`` = from the beginning of the file.

        Raises:
            LostCount: seeking does not lead there.
        """
        stream = self._stream
        if stream is None or (name is None and not self._fresh):
            stream = self._open()
        assert self._container is not None
        self._fresh = False
        self._damage = Damage(self._video.ledger)
        if name is None:
            return demux(self._container, stream)
        try:
            self._container.seek(name, stream=stream, backward=True)
        except (av.error.FFmpegError, OSError):
            raise LostCount from None
        keys, packets = 0, demux(self._container, stream)
        for packet in packets:
            if packet.size and packet.is_keyframe:
                if packet.pts == name:
                    return chain((packet,), packets)
                keys += 1
                if keys > RETRIES:
                    break
        raise LostCount

    def _shown(self, packet: VideoPacket | None) -> tuple[list[VideoFrame], bool]:
        """Feeds a packet; returns the frames that come out, and whether damage was found."""
        assert self._stream is not None
        before = self._damage.count
        shown = self._decode(self._stream.codec_context, packet)
        return shown, self._damage.count > before


def _pts(source: VideoFrame) -> int:
    assert source.pts is not None
    return source.pts
