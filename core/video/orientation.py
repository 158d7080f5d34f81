"""How a stored picture is turned and mirrored for display: the eight orientations, and what a file says of its own.

Not here: colours and scaling (``frame.py``), what browsers make of it (``proxy.py``).
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import av
import av.error
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from core.records import VideoInfo

CONTAINER, BITSTREAM, NEAREST = "container", "bitstream", "nearest"
"""What tells it: the container (or nothing), an SEI message of the codec, a matrix that is none of the eight."""
ONE = 1 << 16
"""1 in the 16.16 fixed point of a display matrix."""
WITH_SEI = ("h264", "hevc")
"""Codecs whose bitstream may carry an orientation of its own."""
HEAD_PACKETS = 64
"""Packets that are fed at most to see the first picture of a bitstream."""

Pixel = TypeVar("Pixel", np.uint8, np.uint16)


class Orientation(NamedTuple):
    """One of eight: the stored picture is mirrored left to right, if it is, and then turned clockwise."""

    rotation: int = 0
    """Clockwise degrees: 0, 90, 180 or 270."""
    mirrored: bool = False

    @property
    def upright(self) -> bool:
        """Whether the stored picture is shown as it is."""
        return not self.rotation and not self.mirrored

    @property
    def swaps(self) -> bool:
        """Whether width and height change places."""
        return self.rotation % 180 == 90

    @property
    def matrix(self) -> tuple[int, int, int, int]:
        """(a, b, c, d), each -1, 0 or 1: a stored point (x, y) is shown at (a x + c y, b x + d y), y downwards."""
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[self.rotation // 90]
        return (-cos, -sin, -sin, cos) if self.mirrored else (cos, sin, -sin, cos)

    def shown(self, stored: NDArray[Pixel]) -> NDArray[Pixel]:
        """Returns a stored picture, (H, W) or (H, W, 3), as it is displayed; a view wherever that is possible."""
        return np.rot90(stored[:, ::-1] if self.mirrored else stored, -self.rotation // 90)


ALL = tuple(Orientation(rotation, mirrored) for mirrored in (False, True) for rotation in (0, 180, 90, 270))
"""In the order in which one is taken where several are as near."""


class StatedOrientation(NamedTuple):
    """What a file says of the orientation of its pictures."""

    orientation: Orientation = Orientation()
    source: str = CONTAINER
    """``CONTAINER``, ``BITSTREAM`` or ``NEAREST``."""
    matrix: tuple[float, float, float, float] | None = None
    """(a, b, c, d) as it stands in the file; ``None`` = there is none."""


def of(info: VideoInfo) -> Orientation:
    """Returns the orientation of the pictures of a video."""
    return Orientation(info.rotation, info.mirrored)


def nearest(a: float, b: float, c: float, d: float) -> Orientation:
    """Returns the orientation that is nearest to a matrix: both its axes are made one long, then products are summed.

    A matrix that says nothing (all 0) is taken as upright.
    """
    axes = np.array([[a, b], [c, d]], np.float64)
    lengths = np.hypot(axes[:, 0], axes[:, 1])
    axes /= np.where(lengths > 0, lengths, 1)[:, None]
    return max(ALL, key=lambda one: round(float(np.dot(axes.ravel(), one.matrix)), TIED_DECIMALS))


TIED_DECIMALS = 4
"""At 45 degrees two orientations are equally near, up to the rounding of the file."""


def stated_by(stream: VideoStream, frame: VideoFrame, packets: Iterable[Packet[VideoStream]]) -> StatedOrientation:
    """Returns what a file says of its orientation, told by its first frame: it holds for all frames.

    Where container and bitstream both speak, the container does, as in browsers and FFmpeg from version 7 on: it is
    what is corrected afterwards.

    Args:
        stream: of the open file.
        frame: its first decoded frame.
        packets: the first ``packets_wanted`` of the stream; iterated where the bitstream has to be asked.
    """
    matrices, source = _matrices_of(frame), CONTAINER
    may_speak = packets_wanted(stream) and (len(matrices) == 1 or (not matrices and not frame.key_frame))
    if may_speak and (own := _matrices_in_bitstream(stream, packets)):
        matrices, source = own, BITSTREAM
    if not matrices:
        return StatedOrientation()
    found = nearest(*matrices[0])
    return StatedOrientation(found, source if matrices[0] == found.matrix else NEAREST, matrices[0])


def packets_wanted(stream: VideoStream) -> int:
    """Returns how many of the first packets may be needed to tell the orientation of a stream."""
    return HEAD_PACKETS if stream.codec_context.name in WITH_SEI else 0


def _matrices_of(frame: VideoFrame) -> list[tuple[float, float, float, float]]:
    """(a, b, c, d) of every display matrix of a frame, that of the container first.

    FFmpeg's matrix is that of ISO/IEC 14496-12, 8.3.2: nine numbers a, b, u, c, d, v, x, y, w, row by row.
    """
    from av.sidedata.sidedata import Type

    found = []
    every: Any = frame.side_data  # a Mapping by its stubs, a sequence in truth
    for data in every:
        if data.type == Type.DISPLAYMATRIX:
            a, b, _, c, d = struct.unpack("=5i", bytes(data)[:20])
            found.append((a / ONE, b / ONE, c / ONE, d / ONE))
    return found


def _matrices_in_bitstream(
    stream: VideoStream, packets: Iterable[Packet[VideoStream]]
) -> list[tuple[float, float, float, float]]:
    """What the first picture carries when it is decoded by a decoder that knows nothing of the container.

    Only a key frame need carry the message, and an edit list may hide it.
    """
    decoder: Any = av.CodecContext.create(stream.codec_context.name, "r")
    decoder.extradata = stream.codec_context.extradata
    decoder.thread_count = 1
    # Bare bytes: the flags of a packet would keep the decoder from showing a picture that an edit list hides.
    for packet in chain((av.Packet(bytes(packet)) for packet in packets if packet.size), (None,)):
        with contextlib.suppress(av.error.FFmpegError):
            for frame in decoder.decode(packet):
                return _matrices_of(frame)
    return []
