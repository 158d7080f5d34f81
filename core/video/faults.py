"""What FFmpeg may say of the data of a file, told apart from what the machine says: one rule for all who read packets.

Whatever a decoder says of one packet means a bad packet, and whatever a demuxer says a place that cannot be read:
damage in the file, which is recorded. Neither may hide a machine without memory, or a disk that fails.
"""

from __future__ import annotations

import errno
import mmap
from typing import TYPE_CHECKING

import av.error

from core.errors import DecodeError

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

SAID_OF_DATA = (errno.EIO, errno.EAGAIN, errno.EPERM, errno.ERANGE)
"""What demuxers say of data that end too early or make no sense; EIO also comes from a disk that fails."""
PLACES, PLACE_BYTES = 32, 1 << 16
"""Where a file is read again to tell a failing disk from damaged data."""
MEMORY_BYTES = 1 << 26
"""Where a machine has so much memory, a decoder that is refused some has asked for an absurd amount."""


def feed(context: VideoCodecContext, packet: Packet[VideoStream] | None) -> tuple[list[VideoFrame], bool]:
    """Feeds one packet, or the end (``None``), to a decoder. Returns its frames and whether it called the packet bad.

    Raises:
        DecodeError, FFmpegError: as ``pass_over``.
    """
    try:
        return context.decode(packet), False
    except av.error.EOFError:
        return [], False
    except av.error.BlockingIOError:
        return _feed_anew(context, packet)
    except av.error.FFmpegError as error:
        pass_over(error)
        return [], True


def _feed_anew(context: VideoCodecContext, packet: Packet[VideoStream] | None) -> tuple[list[VideoFrame], bool]:
    """Frees a decoder that a bad packet has stuck in: it takes no other any more, not even a key frame (VP9)."""
    found: list[VideoFrame] = []
    try:
        found += context.decode(None)
    except av.error.FFmpegError as error:
        pass_over(error)
    context.flush_buffers()
    try:
        return found + (context.decode(packet) if packet is not None else []), False
    except av.error.FFmpegError as error:
        pass_over(error)
        return found, True


def pass_over(error: av.error.FFmpegError, path: str | None = None) -> None:
    """Returns when the error is about the data of a packet; the caller records damage and goes on.

    Args:
        error: what FFmpeg raised.
        path: the file, where a demuxer spoke; ``None`` = a decoder, which touches nothing but its packet.

    Raises:
        DecodeError: this machine has no memory left.
        OSError: the file itself cannot be read.
        FFmpegError: one of our own callbacks failed, or reading was stopped.
    """
    if isinstance(error, (av.error.PyAVCallbackError, av.error.ExitError)):
        raise error
    if isinstance(error, MemoryError):
        _check_memory(error)
        return
    if path is not None and isinstance(error, OSError):
        if error.errno not in SAID_OF_DATA:
            raise error
        _read_again(path)


def _check_memory(error: av.error.FFmpegError) -> None:
    try:
        mmap.mmap(-1, MEMORY_BYTES).close()
    except (OSError, MemoryError):
        raise DecodeError(
            "this machine has no memory left to decode with; close other programs, try again.", code="no_memory"
        ) from error


def _read_again(path: str) -> None:
    """Reads a little at many places of the file. Raises ``OSError`` where the disk cannot."""
    with open(path, "rb") as source:
        size = source.seek(0, 2)
        for place in range(PLACES + 1):
            source.seek(max(0, size - PLACE_BYTES) * place // PLACES)
            source.read(PLACE_BYTES)
