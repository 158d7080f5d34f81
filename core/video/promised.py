"""Up to which byte a file says that it goes: sizes of boxes, elements, chunks and packets that its end cuts through.

Only what the file itself promises counts, never a guess from rates or lengths. Layouts: ISO/IEC 14496-12 (MP4),
RFC 8794 and RFC 9559 (Matroska), Microsoft's AVI RIFF reference with OpenDML 1.02, ISO/IEC 13818-1 (MPEG-TS), Adobe's
FLV 10.1, Microsoft's ASF 1.2, RFC 3533 (Ogg).
"""

from __future__ import annotations

from collections.abc import Callable
from io import FileIO
from pathlib import Path

MOST_STEPS = 4_000_000
"""Elements that are stepped over: more than the longest film has."""


def promised_end(path: Path, demuxer: str) -> int | None:
    """Returns the byte up to which a file goes by its own word where that lies behind its end; else ``None``.

    Args:
        path: the file.
        demuxer: FFmpeg's first name of its format.
    """
    if demuxer not in FORMATS:
        return None
    with open(path, "rb", buffering=0) as source:
        size = source.seek(0, 2)
        end = FORMATS[demuxer](_Bytes(source, size))
    return end if end is not None and end > size else None


class _Bytes:
    """A file that is read at places."""

    def __init__(self, source: FileIO, size: int) -> None:
        self._source = source
        self.size = size

    def __call__(self, at: int, count: int) -> bytes:
        if not 0 <= at < self.size:
            return b""
        self._source.seek(at)
        return self._source.read(count)

    def little(self, at: int, count: int) -> int:
        return int.from_bytes(self(at, count), "little")


# --- MP4


def _mp4(read: _Bytes) -> int | None:
    at, fragments, kind = 0, False, b""
    for _ in range(MOST_STEPS):
        head = read(at, 16)
        if len(head) < 8:
            torn = len(head) > 0 and fragments
            return at + 8 if torn or kind == b"moof" else None
        size, kind = int.from_bytes(head[:4]), head[4:8]
        size = int.from_bytes(head[8:16]) if size == 1 else size
        if size < 8:  # 0 = up to the end of the file
            return None
        fragments = fragments or kind in (b"moof", b"sidx")
        if kind == b"sidx" and (end := _sidx(read, at, size)) > read.size:
            return end
        if at + size > read.size:
            return at + size if kind in (b"moof", b"mdat", b"sidx") else None
        at += size
    return None


def _sidx(read: _Bytes, at: int, size: int) -> int:
    """Where the last piece ends that a segment index names."""
    data = read(at + 8, min(size, 1 << 24))
    if len(data) < 24:
        return 0
    wide = 8 if data[0] else 4
    first, table = int.from_bytes(data[12 + wide : 12 + 2 * wide]), 12 + 2 * wide
    count = int.from_bytes(data[table + 2 : table + 4])
    sizes = (int.from_bytes(data[i : i + 4]) & 0x7FFFFFFF for i in range(table + 4, table + 4 + 12 * count, 12))
    return at + size + first + sum(sizes)


# --- Matroska and WebM

SEGMENT, CLUSTER = 0x18538067, 0x1F43B675
TOP = (CLUSTER, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367, 0xEC, 0xBF)
"""Cluster, SeekHead, Info, Tracks, Cues, Attachments, Chapters, Tags, Void, CRC-32."""
IN_CLUSTER = (0xE7, 0xA3, 0xA0, 0xAB, 0xA7, 0x5854, 0xAF, 0xEC, 0xBF)
"""Timestamp, SimpleBlock, BlockGroup, PrevSize, Position, SilentTracks, EncryptedBlock, Void, CRC-32."""


def _matroska(read: _Bytes) -> int | None:
    at = 0
    for _ in range(MOST_STEPS):
        name, start, size = _element(read, at)
        if name == 0:
            return start if start > read.size else None  # a head that is torn, or no element
        if name == SEGMENT and size is None:
            at = start  # live: sizes are known only of its parts
        elif name == SEGMENT and size is not None:
            return start + size
        elif at and name not in TOP and name not in IN_CLUSTER:
            return None
        elif size is None:
            at = start
        elif start + size > read.size:
            return start + size if at else None
        else:
            at = start + size
    return None


def _element(read: _Bytes, at: int) -> tuple[int, int, int | None]:
    """Returns id, first byte of the content, its size (``None`` = unknown); id 0 where there is no element."""
    head = read(at, 16)
    if not head:
        return 0, at, 0
    wide = 9 - head[0].bit_length()
    if wide > 4 or (len(head) > wide and not head[wide]):
        return 0, at, 0
    if len(head) <= wide or len(head) < wide + 9 - head[wide].bit_length():
        return 0, read.size + 1, 0
    long = 9 - head[wide].bit_length()
    most = (1 << 7 * long) - 1
    size = int.from_bytes(head[wide : wide + long]) & most
    return int.from_bytes(head[:wide]), at + wide + long, None if size == most else size


# --- AVI

UNKNOWN_SIZES = (0, 0xFFFFFFFF)
HAS_INDEX = 0x10
PADDING = 8
"""Writers disagree by a few bytes about what the size of the file covers."""


def _avi(read: _Bytes) -> int | None:
    end = max(_open_dml(read), _riff(read, 0))
    return end if end > read.size + PADDING else None


def _riff(read: _Bytes, at: int) -> int:
    """Where the first RIFF that the file's end cuts through ends; 0 = none is."""
    while read(at, 4) == b"RIFF":
        size = read.little(at + 4, 4)
        end = at + 8 + size
        if size in UNKNOWN_SIZES or end > read.size + PADDING:
            return _cut_chunk(read, at + 12, 0 if size in UNKNOWN_SIZES else end)
        at = end + size % 2
    return 0


def _cut_chunk(read: _Bytes, at: int, end: int) -> int:
    """Whether a part of this RIFF is cut, or the index behind its parts is absent: a size alone may be wrong."""
    flags, index = read.little(44, 4) if read(24, 4) == b"avih" else 0, False
    for _ in range(MOST_STEPS):
        name, size = read(at, 4), read.little(at + 4, 4)
        if len(read(at, 8)) < 8:
            return max(end, at + 8) if len(name) or (flags & HAS_INDEX and not index) else 0
        if name == b"LIST" and size in UNKNOWN_SIZES:
            at += 12  # a recorder that was stopped: only its parts have sizes
            continue
        if not name[:1].isalnum():
            return 0
        index = index or name == b"idx1"
        if at + 8 + size > read.size:
            return max(end, at + 8 + size)
        at += 8 + size + size % 2
    return 0


def _open_dml(read: _Bytes) -> int:
    """Where the last index ends that the indexes of indexes name; 0 = there are none."""
    head, end = read(0, 1 << 16), 0
    at = head.find(b"indx")
    while at >= 0:
        count = int.from_bytes(head[at + 12 : at + 16], "little")
        if head[at + 11 : at + 12] == b"\0" and head[at + 8 : at + 10] == b"\4\0":
            for entry in range(at + 32, min(at + 32 + 16 * count, len(head) - 15), 16):
                offset = int.from_bytes(head[entry : entry + 8], "little")
                end = max(end, offset + int.from_bytes(head[entry + 8 : entry + 12], "little")) if offset else end
        at = head.find(b"indx", at + 4)
    return end


# --- MPEG-TS: packets of one size, each with a mark in front

TS_SIZES = {188: 188, 192: 188, 204: 204}
"""Bytes from one mark to the next -> from the last mark to the end of the last packet."""


def _ts(read: _Bytes) -> int | None:
    tail = read(max(0, read.size - 12 * 204), 12 * 204)
    for step, whole in TS_SIZES.items():
        for first in range(min(step, len(tail))):
            marks = tail[first::step]
            if len(marks) >= 4 and marks == b"\x47" * len(marks):
                last = first + (len(marks) - 1) * step
                beyond = (last + whole - len(tail)) % step
                return read.size + beyond
    return None


# --- FLV, ASF, Ogg


def _flv(read: _Bytes) -> int | None:
    last = int.from_bytes(read(read.size - 4, 4))
    if last > 11 and int.from_bytes(read(read.size - 4 - last + 1, 3)) + 11 == last:
        return None
    at = int.from_bytes(read(5, 4)) + 4
    for _ in range(MOST_STEPS):
        head = read(at, 4)
        if len(head) < 4 or head[0] & 0x1F not in (8, 9, 18):
            return None
        at += 11 + int.from_bytes(head[1:4]) + 4
        if at - 4 > read.size:
            return at
    return None


ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")


def _asf(read: _Bytes) -> int | None:
    at = 0
    for _ in range(1000):
        head = read(at, 24)
        size = int.from_bytes(head[16:24], "little")
        if len(head) < 24 or size < 24:
            return None
        if head[:16] == ASF_DATA:
            return at + size
        at += size
    return None


def _ogg(read: _Bytes) -> int | None:
    start = max(0, read.size - (1 << 17))
    tail = read(start, 1 << 17)
    at = tail.rfind(b"OggS")
    if at < 0:
        return None
    count = tail[at + 26] if at + 26 < len(tail) else 255
    return start + at + 27 + count + sum(tail[at + 27 : at + 27 + count])


FORMATS: dict[str, Callable[[_Bytes], int | None]] = {
    "mov": _mp4, "matroska": _matroska, "avi": _avi, "mpegts": _ts, "flv": _flv, "asf": _asf, "ogg": _ogg,
}  # fmt: skip
