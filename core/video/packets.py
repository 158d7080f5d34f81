"""Packets of one stream of an open file, in the order of the file: what each says, and what the first ones show.

Not here: opening files (``container.py``), what packets mean for the frames of a video (``ledger.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import av.error
import numpy as np
from numpy.typing import NDArray

from core.video import faults

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    Packets = Iterator[Packet[VideoStream]]

HEAD_FRAMES = 4
"""Frames decoded at the head of the file to check the demuxed ledger."""
NAMES_ONLY = {"skip_loop_filter": "all"}
"""Decoder options where only timestamps and formats are wanted, not pictures."""
MOST_RESTARTS = 100
"""Streams that may begin within a file, one after the other."""


@dataclass(frozen=True)
class Head:
    """What the first decoded frames showed."""

    pts: list[int]
    frame: Any
    """The first decoded frame (FFmpeg's object, for the probe next door), or ``None`` when nothing could be decoded."""


@dataclass(frozen=True, eq=False)
class Columns:
    """What packets say, in decode order, discarded packets (edit lists) left out."""

    pts: NDArray[np.int64]
    key: NDArray[np.bool_]
    complete: bool
    """Every packet carried a pts."""


class Reading:
    """The packets of a freshly opened file, read once: the first ones are decoded, and what each says is noted."""

    def __init__(self, container: InputContainer, stream: VideoStream, keep: int = 0) -> None:
        """Reads nothing yet.

        Args:
            container: stands at its beginning.
            stream: whose packets are read.
            keep: so many of the first packets stay in memory, for ``first``.
        """
        self.demuxer = container.format.name.split(",")[0]
        """FFmpeg's first name of the format."""
        self.stream_index = stream.index
        self.time_base = stream.time_base or Fraction(1, 1000)
        self.reorders = stream.codec_context.reorder_depth > 0
        """Whether pictures may be shown in another order than they stand in; as the header says it, before decoding."""
        self._stream = stream
        self._keep = keep
        self._kept: list[Packet[VideoStream]] = []
        self._pts: list[int] = []
        self._key: list[bool] = []
        self._complete = True
        self._packets = self._noted(demux(container, stream))

    @cached_property
    def head(self) -> Head:
        """The first frames, decoded with one thread."""
        single_thread(self._stream)
        self._stream.codec_context.options = NAMES_ONLY
        found: list[int] = []
        first: VideoFrame | None = None
        for frame in decode_packets(self._packets, self._stream):
            first = first or frame
            if frame.pts is not None:
                found.append(frame.pts)
            if len(found) >= HEAD_FRAMES:
                break
        return Head(found, first)

    def first(self) -> Packets:
        """Yields the packets that are kept, from the beginning, whether they were decoded or not."""
        for at in range(self._keep):
            if at == len(self._kept) and next(self._packets, None) is None:
                return
            yield self._kept[at]

    def columns(self) -> Columns:
        """Reads on to the end, or to a packet that does not say when it is shown; returns what all packets say."""
        while self._complete and next(self._packets, None) is not None:
            pass
        return Columns(np.array(self._pts, np.int64), np.array(self._key, bool), self._complete)

    def _noted(self, packets: Packets) -> Packets:
        for packet in packets:
            if len(self._kept) < self._keep:
                self._kept.append(packet)
            if packet.size and not packet.is_discard:
                if packet.pts is None:
                    self._complete = False
                else:
                    self._pts.append(packet.pts)
                    self._key.append(packet.is_keyframe)
            yield packet


def single_thread(stream: VideoStream) -> None:
    """Makes the decoder deterministic and light: one thread, no frame delay of its own."""
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1


def decode_packets(packets: Iterable[Packet[VideoStream]], stream: VideoStream) -> Iterator[VideoFrame]:
    """Decodes packets, then what the decoder still holds; packets that cannot be decoded are passed over."""
    for packet in chain(packets, (None,)):
        if packet is not None and not packet.size:
            continue  # the demuxer's own end, or a frame that AVI repeats
        yield from faults.feed(stream.codec_context, packet)[0]


def demux(container: InputContainer, stream: VideoStream) -> Packets:
    """Reads packets of one stream to the end, or to a place that cannot be read. Empty ones say nothing."""
    packets, restarts = container.demux(stream), 0
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except IndexError:  # a stream has begun that PyAV did not know when it began to read
            packets, restarts = container.demux(stream), restarts + 1
            if restarts > MOST_RESTARTS:
                return
            continue
        except av.error.FFmpegError as error:
            faults.pass_over(error, container.name.removeprefix("file:"))
            return
        yield packet
