"""Which files of a folder are videos, by their names; what systems and cameras leave beside them is passed over.

Not here: whether a file really is a video (``container``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".flv"}
SUFFIXES |= {".mjpeg", ".mjpg", ".wmv", ".asf", ".ogv", ".3gp", ".mxf", ".gif", ".h264", ".hevc"}
"""Endings of videos, in small letters; a file may have them in any."""
TEXT_SUFFIXES = {".ts", ".mts"}
"""Endings that TypeScript has too."""
HEAD_BYTES = 4096
JUNK = {"@eadir", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "__macosx", "lost+found"}
"""Folders of systems and network disks, in small letters; what lies there is a thumbnail, a copy or deleted."""


def is_junk(name: str) -> bool:
    """Whether a file or folder is hidden (also ``._clip.mp4`` of macOS) or a system's own."""
    return name.startswith(".") or name.lower() in JUNK


def is_video_name(name: str) -> bool:
    """Whether a file is named like a video and is no junk."""
    return Path(name).suffix.lower() in SUFFIXES and not is_junk(name)


def videos_below(folder: Path, unread: Callable[[OSError], None]) -> Iterator[Path]:
    """Yields every file in a folder and below it that is named like a video; links to folders are not followed.

    Args:
        folder: where to look.
        unread: is told of each folder that cannot be read.
    """
    for place, inner, found in os.walk(folder, onerror=unread):
        inner[:] = sorted(name for name in inner if not is_junk(name))
        for name in filter(is_video_name, found):
            path = Path(place, name)
            if os.path.isfile(path) and not is_source_text(path):
                yield path


def is_source_text(path: Path) -> bool:
    """Whether a ``.ts`` is a program's text: a transport stream has a zero byte within its first packets."""
    if path.suffix.lower() not in TEXT_SUFFIXES:
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return False
    return bool(head) and b"\0" not in head
