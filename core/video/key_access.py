"""Where decoding begins: a file of one decoder, opened when it is needed, whose packets are read from a key frame on.

Not here: what is decoded from them (``decoder.py``).
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import av.error

from core.video import colour
from core.video.container import open_video
from core.video.counted import LostCount
from core.video.packets import demux, single_thread
from core.video.probe import Video

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

    from core.video.packets import Packets

RETRIES = 2
"""Earlier key frames tried when a range does not begin where it should (gradual refresh, damaged key frame)."""


class Overshoot(Exception):
    """The demuxer landed behind the wanted key frame."""


class KeyAccess:
    """An open file and its decoder, opened by the first packets that are wanted, and anew to go back to the start."""

    def __init__(self, video: Video, threads: int) -> None:
        """Opens nothing.

        Args:
            video: from ``probe``.
            threads: of the decoder; more than one are FFmpeg's frame threads.
        """
        self._video = video
        self.threads = threads
        """Holds from the next opening on."""
        self.stated: colour.Stated | None = None
        """What the container says of colours."""
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._fresh = False

    @property
    def stream(self) -> VideoStream:
        """The open stream, with its decoder."""
        assert self._stream is not None, "packets come first"
        return self._stream

    def close(self) -> None:
        """Closes the file."""
        if self._container is not None:
            self._container.close()
        self._container = self._stream = None

    def packets_from(self, entry: int, back: int) -> Packets:
        """Returns packets that begin at the key frame ``entry``, found by seeking to the key frame ``back``.

        Raises:
            Overshoot: an earlier ``back`` may lead there.
        """
        ledger = self._video.ledger
        container, stream = self._opened(from_start=back == 0)
        if back == 0:
            return demux(container, stream)
        try:
            container.seek(int(ledger.pts[back]), stream=stream, backward=True)
        except (av.error.FFmpegError, OSError):
            raise Overshoot from None
        return self._skip_to_key(demux(container, stream), int(ledger.pts[entry]))

    def packets_named(self, name: int | None) -> Packets:
        """Returns the packets from the key frame of this pts on; ``None`` = from the beginning of the file.

        Raises:
            LostCount: seeking does not lead there.
        """
        container, stream = self._opened(from_start=name is None)
        if name is None:
            return demux(container, stream)
        try:
            container.seek(name, stream=stream, backward=True)
        except (av.error.FFmpegError, OSError):
            raise LostCount from None
        keys, packets = 0, demux(container, stream)
        for packet in packets:
            if packet.size and packet.is_keyframe:
                if packet.pts == name:
                    return chain((packet,), packets)
                keys += 1
                if keys > RETRIES:
                    break
        raise LostCount

    def _opened(self, *, from_start: bool) -> tuple[InputContainer, VideoStream]:
        """The file, opened anew where it is read from its start and something has been read of it."""
        if self._stream is None or (from_start and not self._fresh):
            self._open()
        assert self._container is not None
        self._fresh = False
        return self._container, self.stream

    def _open(self) -> None:
        self.close()
        self._container, self._stream = open_video(self._video.path, self._video.info.stream_index)
        self.stated = colour.stated(self._stream)
        if self.threads == 1:
            single_thread(self._stream)
        else:
            self._stream.thread_type = "AUTO"
            self._stream.codec_context.thread_count = self.threads
            # Frame threads hand a picture on before they know its errors; so they stop at the first one.
            self._stream.codec_context.options = {"err_detect": "explode"}
        self._fresh = True

    def _skip_to_key(self, packets: Packets, key_pts: int) -> Packets:
        """Drops packets before the wanted key frame, undecoded; by dts only the first key frame can be told."""
        by_dts = self._video.ledger.clock == "dts"
        for packet in packets:
            if packet.size and packet.is_keyframe:
                at = packet.dts if by_dts else packet.pts
                if at is None or at > key_pts:
                    raise Overshoot
                if by_dts or at == key_pts:
                    return chain((packet,), packets)
        raise Overshoot
