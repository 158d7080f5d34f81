"""Names of downloaded files: a sanitised title, and a tag by which a download is found again.

A file is called ``<title> [<tag>].mp4``, or ``<title> [<tag>] 720p.mp4`` when another height than the default was asked
for. The tag is the id on YouTube, ``<site>-<id>`` elsewhere, and for plain links a digest of the address. Not here: the
names inside a run folder (store/run.py).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.settings.fetch import FetchSettings

TITLE_BYTES = 120
"""UTF-8 bytes of a title in a name: file systems stop at 255, and run and export folders add to the stem."""
DEFAULT_HEIGHT = FetchSettings().max_height
SUFFIXES = ("mp4", "mkv", "webm", "mov", "m4v", "avi", "flv", "ts", "mpg", "ogv", "3gp", "wmv", "gif")
"""Suffixes that a download may have; any other is replaced by that of the container that was found."""
TYPES = {
    "mp4": "mp4",
    "x-m4v": "m4v",
    "quicktime": "mov",
    "webm": "webm",
    "matroska": "mkv",
    "x-matroska": "mkv",
    "x-msvideo": "avi",
    "avi": "avi",
    "msvideo": "avi",
    "vnd.avi": "avi",
    "mpeg": "mpg",
    "mp2t": "ts",
    "ogg": "ogv",
    "3gpp": "3gp",
    "flv": "flv",
    "x-flv": "flv",
    "x-ms-wmv": "wmv",
    "x-ms-asf": "wmv",
}
"""Subtype of a Content-Type ``video/...`` -> suffix of the download; all others get that of their container."""
CONTAINER_SUFFIXES = {"mov": "mp4", "matroska": "mkv", "mpegts": "ts", "mpeg": "mpg", "ogg": "ogv", "asf": "wmv"}
JOINERS = "\u200d\ufe0e\ufe0f"
"""Invisible characters that hold an emoji together."""

# Whatever means something to a shell, a template, HTML, a glob or a file system gets a harmless neighbour or goes.
_HARMLESS = str.maketrans(
    {
        **dict.fromkeys("/\\|:", "-"),
        **dict.fromkeys("\"'", "\u2019"),
        **dict.fromkeys("[{", "("),
        **dict.fromkeys("]}", ")"),
        "&": "+",
        **dict.fromkeys("<>*?$`;%^~!#=", None),
    }
)
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Download:
    """A finished download in a folder."""

    path: Path
    max_height: str
    """The maximum height that was asked for: one of ``HEIGHTS``."""


def safe_title(title: str) -> str:
    """Returns a title sanitised for a file name: one line, no separators, nothing special to a shell or to HTML.

    Never empty, never starting with a dash or a dot, at most ``TITLE_BYTES`` bytes of UTF-8.
    """
    text = unicodedata.normalize("NFC", title)
    text = "".join(c if _is_visible(c) else " " for c in text).translate(_HARMLESS)
    text = " ".join(text.split())
    text = text.encode("utf-8")[:TITLE_BYTES].decode("utf-8", "ignore")
    return text.lstrip(" .-").rstrip(" ." + JOINERS) or "video"


def _is_visible(character: str) -> bool:
    return character in JOINERS or unicodedata.category(character)[0] != "C"


def site_tag(site: str, video_id: str) -> str | None:
    """Returns the tag of a video with an id of its site; ``None`` when the id cannot be a part of a file name."""
    if not _PLAIN_ID.fullmatch(video_id) or not _PLAIN_ID.fullmatch(site):
        return None
    return video_id if site.lower() == "youtube" else f"{site.lower()}-{video_id}"


def address_tag(url: str, item: int | None = None, *, direct: bool) -> str:
    """Returns the tag of a video without an id: digest of its address, ``file-`` for a direct link, else ``page-``."""
    text = url if item is None else f"{url}#{item}"
    return f"{'file' if direct else 'page'}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def stem(title: str, tag: str, max_height: str) -> str:
    """Returns the name of a download without its ending."""
    return f"{safe_title(title)} [{tag}]{_height_suffix(tag, max_height)}"


def _height_suffix(tag: str, max_height: str) -> str:
    if max_height == DEFAULT_HEIGHT or tag.startswith("file-"):
        return ""
    return " best" if max_height == "best" else f" {max_height}p"


def suffix(claimed: str | None, container: str) -> str:
    """Returns the suffix with its dot: the claimed one if it is known, else that of the real container."""
    first = container.split(",")[0]
    name = claimed if claimed in SUFFIXES else CONTAINER_SUFFIXES.get(first, first)
    return f".{name if name in SUFFIXES else 'mp4'}"


def downloads(folder: Path, tag: str) -> Iterator[Download]:
    """Yields the finished downloads with a tag in a folder, by name; none when there is no such folder."""
    pattern = re.compile(rf".*\[{re.escape(tag)}\](?: (?:(\d+)p|(best)))?\.(?:{'|'.join(SUFFIXES)})", re.DOTALL)
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for path in paths:
        match = pattern.fullmatch(path.name)
        if match and not path.name.startswith(".") and path.is_file() and path.stat().st_size > 0:
            yield Download(path, match[1] or match[2] or DEFAULT_HEIGHT)


def serves(asked: str, height_px: int, wanted: str) -> bool:
    """Returns whether a download of ``height_px``, made with the limit ``asked``, also serves the limit ``wanted``.

    The site offered nothing between its height and its limit, so it is the best under every limit in between.
    """
    if asked == wanted:
        return True
    low, high = (None if text == "best" else int(text) for text in (wanted, asked))
    return (high is None or (low is not None and low <= high)) and (low is None or height_px <= low)
