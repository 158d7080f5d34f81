"""Files of JPEG, PNG or WebP pictures, told by their first bytes: which are videos, and what to do with the rest.

FFmpeg guesses these by ending and by chance: a bare Motion JPEG stream opens as a row of photographs that cannot be
sought, a photograph with two views as a video of one frame.
"""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import SourceError

MOTION_JPEG = "mjpeg"
"""FFmpeg's demuxer of a bare stream of JPEG pictures."""
ENDINGS = (".mjpeg", ".mjpg")
"""Endings that say that a stream of JPEG pictures is meant, be it of one."""
LOOKED_AT = 64 << 20
"""Bytes in which the end of the first picture is looked for: far more than a picture has."""
PADDING = 4096
"""Bytes of filling that may lie between two pictures of a stream."""
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""A JPEG marker; FF 00 and FF D0 to FF D7 are part of a picture's data (ITU-T T.81, B.1.1)."""
START, END, SCAN, VIEWS = 0xD8, 0xD9, 0xDA, 0xE2

ROW = "pictures in a row become a video with ffmpeg -framerate 25 -i %03d.jpg OUT.mp4"


def demuxer_of(file: Path) -> str | None:
    """Returns the demuxer with which a file has to be opened; ``None`` = FFmpeg finds it."""
    with open(file, "rb") as source:
        if source.read(3) != b"\xff\xd8\xff":
            return None
        source.seek(0)
        data = source.read(LOOKED_AT)
    if file.suffix.lower() in ENDINGS:
        return MOTION_JPEG
    end, has_views = _first_jpeg(data)
    follows = data[end : end + PADDING].lstrip(b"\0\r\n").startswith(b"\xff\xd8\xff") if end else False
    return MOTION_JPEG if follows and not has_views else None


def _first_jpeg(data: bytes) -> tuple[int, bool]:
    """Returns where the first picture ends (0 = nowhere) and whether it says that other views of it follow (MPO)."""
    at, has_views = 2, False
    while found := MARKER.search(data, at):
        at, marker = found.end(), data[found.end() - 1]
        if marker == END:
            return at, has_views
        if marker in (0x01, START):
            continue
        has_views |= marker == VIEWS and data[at + 2 : at + 6] == b"MPF\0"
        at += int.from_bytes(data[at : at + 2])  # a header, thumbnails in it included
    return 0, has_views


def refuse_stills(file: Path) -> None:
    """Refuses photographs in MP4's clothes, whose tiles and thumbnails would open as videos.

    Raises:
        SourceError: an AVIF or HEIC picture.
    """
    with open(file, "rb") as source:
        head = source.read(12)
    if head[4:8] == b"ftyp" and head[8:] in STILLS:
        name = "AVIF" if head[8:] == b"avif" else "HEIC"
        raise SourceError(
            f"{file} is a picture ({name}), not a video; name a video, or convert such pictures to JPEG: {ROW}.",
            code="is_picture",
        )


def not_a_video(file: Path, head: bytes) -> str | None:
    """Returns what to do with a file of pictures that is no video, in one sentence; ``None`` = it is something else.

    Args:
        file: the file.
        head: its first bytes.
    """
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(file, animated=head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & 0x02))
    for magic, name in PICTURES.items():
        if re.match(magic, head, re.DOTALL):
            return _picture(file, name)
    return None


STILLS = (b"avif", b"mif1", b"heic", b"heix", b"heim", b"heis")
"""Major brands of ISO files of still pictures (ISO/IEC 23008-12, 10): AVIF and HEIC photographs."""

PICTURES = {
    rb"\xff\xd8\xff": "JPEG",
    rb"\x89PNG\r\n": "PNG",
    rb"BM.{4}\0{4}": "BMP",
    rb"II\*\0|MM\0\*": "TIFF",
    rb"\0\0\0\x0cJXL |\xff\x0a": "JPEG XL",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "JPEG 2000",
}
"""First bytes of pictures that are no films, and what they are called."""


def _picture(file: Path, name: str) -> str:
    row = ROW.replace(".jpg", file.suffix or ".jpg")
    return f"{file} is a picture ({name}), not a video; name a video, or: {row}."


def _webp(file: Path, *, animated: bool) -> str:
    if not animated:
        return _picture(file, "WebP")
    cure = "from PIL import Image; Image.open('IN.webp').save('OUT.png', save_all=True)"
    return (
        f"{file} is an animated WebP, which this FFmpeg does not decode; make an animated PNG of it, with every "
        f'frame and its time, by python -c "{cure}".'
    )
