"""What FFmpeg may say of the data of a file, told apart from what the machine says: one rule for all who read packets.

Whatever a decoder says of one packet means a bad packet, and whatever a demuxer says a place that cannot be read:
damage in the file, which is recorded. Neither may hide a machine without memory, or a disk that fails.
"""

from __future__ import annotations

import errno

import av.error

from core.errors import DecodeError

SAID_OF_DATA = (errno.EIO, errno.EAGAIN, errno.EPERM, errno.ERANGE)
"""What demuxers say of data that end too early or make no sense; EIO also comes from a disk that fails."""
PLACES, PLACE_BYTES = 32, 1 << 16
"""Where a file is read again to tell a failing disk from damaged data."""


def pass_over(error: av.error.FFmpegError, path: str | None = None) -> None:
    """Returns when the error is about the data of a packet; the caller records damage and goes on.

    Args:
        error: what FFmpeg raised.
        path: the file, where a demuxer spoke; ``None`` = a decoder, which touches nothing but its packet.

    Raises:
        DecodeError: there was not enough memory.
        OSError: the file itself cannot be read.
        FFmpegError: one of our own callbacks failed, or reading was stopped.
    """
    if isinstance(error, (av.error.PyAVCallbackError, av.error.ExitError)):
        raise error
    if isinstance(error, MemoryError):
        raise DecodeError(
            "decoding needs more memory than this machine gives, or a damaged place of the video asks for it; "
            "close other programs and try again, or get the video again."
        ) from error
    if path is not None and isinstance(error, OSError):
        if error.errno not in SAID_OF_DATA:
            raise error
        _read_again(path)


def _read_again(path: str) -> None:
    """Reads a little at many places of the file. Raises ``OSError`` where the disk cannot."""
    with open(path, "rb") as source:
        size = source.seek(0, 2)
        for place in range(PLACES + 1):
            source.seek(max(0, size - PLACE_BYTES) * place // PLACES)
            source.read(PLACE_BYTES)
