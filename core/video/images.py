"""Writes and reads still pictures: RGB arrays to JPEG or PNG bytes and back."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import inside

MOST_PIXELS = 150_000_000
"""Of a picture that is decoded: a frame of 16K has 133 million."""
MOST_BYTES = 500_000_000
PNG_LEVEL = 3
"""zlib level of PNG files; level 1 was twice as slow at writing 1080p as the default (docs: performance)."""


def encode_jpeg(rgb: NDArray[np.uint8], quality: int) -> bytes:
    """Returns JPEG bytes (4:2:0) of an (H, W, 3) uint8 RGB picture."""
    import simplejpeg

    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality, "RGB", "420", False)
    return data


def read_jpeg(path: Path, min_height: int = 0) -> NDArray[np.uint8]:
    """Returns a JPEG file as (H, W, 3) uint8 RGB; with ``min_height`` as small as the format gives it above that.

    Raises:
        OSError: it cannot be read, is a link out of its folder, or is larger than ``MOST_BYTES``.
        ValueError: it is no JPEG, or has too many pixels.
    """
    return decode_jpeg(inside.read_bytes(path, (path.parent,), MOST_BYTES), min_height)


def decode_jpeg(data: bytes, min_height: int = 0) -> NDArray[np.uint8]:
    """Returns the picture of JPEG bytes as ``read_jpeg`` does. Raises ``ValueError``."""
    import simplejpeg

    height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    _check_size(width, height)
    found: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", min_height=min_height)
    return found


def encode_png(rgb: NDArray[Any]) -> bytes:
    """Returns PNG bytes of an (H, W, 3) uint8 or uint16 RGB picture."""
    import cv2

    done, data = cv2.imencode(".png", rgb[:, :, ::-1])
    if not done:
        raise ValueError(f"a picture of shape {rgb.shape} cannot be written as PNG")
    return bytes(data)


def encode_deep(rgb: NDArray[np.uint16], coding: tuple[int, int]) -> bytes:
    """Returns 16-bit PNG bytes of an (H, W, 3) uint16 R'G'B' picture whose cICP chunk says what its colours are.

    Args:
        rgb: full range.
        coding: primaries and transfer, code points of ITU-T H.273.
    """
    data = encode_png(rgb)
    chunk = b"cICP" + bytes([*coding, 0, 1])  # matrix 0 = RGB, full range (PNG, third edition, 11.3.2.6)
    whole = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:AFTER_IHDR] + whole + data[AFTER_IHDR:]


AFTER_IHDR = 33
"""Signature and IHDR of a PNG: cICP stands before PLTE and IDAT."""


CODING_BYTES = AFTER_IHDR + 10
"""From the beginning of a picture: so many tell ``coding_of``."""


def coding_of(data: bytes) -> tuple[int, int] | None:
    """Returns primaries and transfer of a picture of ``encode_deep`` from its first bytes; ``None`` for any other."""
    head = data[AFTER_IHDR:CODING_BYTES]
    return (head[8], head[9]) if len(head) == 10 and head[4:8] == b"cICP" else None


def decode_deep(data: bytes) -> NDArray[np.uint16]:
    """Returns the (H, W, 3) uint16 R'G'B' picture of ``encode_deep``.

    Raises:
        ValueError: it is none.
    """
    import cv2

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint16 or picture.ndim != 3:
        raise ValueError(f"{len(data)} bytes are no whole 16-bit picture")
    return np.ascontiguousarray(picture[:, :, ::-1])


def encode(rgb: NDArray[np.uint8], suffix: str, quality: int) -> bytes:
    """Returns the bytes of a picture in the format that the file suffix names (``.jpg`` or ``.png``)."""
    return encode_png(rgb) if suffix == ".png" else encode_jpeg(rgb, quality)


def decode(data: bytes) -> NDArray[np.uint8]:
    """Returns the (H, W, 3) uint8 RGB picture of JPEG or PNG bytes that this program wrote.

    Raises:
        ValueError: they are not a whole picture, are of another format, or have too many pixels.
    """
    import cv2

    _check_size(*_size_of(data))

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{len(data)} bytes are no picture")
    return np.ascontiguousarray(picture[:, :, ::-1])


def _size_of(data: bytes) -> tuple[int, int]:
    """Width and height as the head of a JPEG or PNG says; OpenCV would read twenty formats more, whatever the name."""
    import simplejpeg

    if data.startswith(PNG_SIGN):
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if not data.startswith(JPEG_SIGN):
        raise ValueError(f"{len(data)} bytes are no picture")
    height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    return width, height


PNG_SIGN, JPEG_SIGN = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels, over {MOST_PIXELS // 1_000_000} million")


def fitted(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Returns an (H, W, 3) uint8 RGB picture scaled down so that its longer side has at most this many pixels."""
    import cv2

    scale = side / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
