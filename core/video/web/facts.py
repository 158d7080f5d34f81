"""Reads yt-dlp's info dicts, in which any key may be absent or of another type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Info = dict[str, Any]
"""yt-dlp's info dict of a video or a playlist."""
Say = Callable[[Mapping[str, Any]], None]
"""Sends one event to the parent process."""


def short_side(info: Mapping[str, Any]) -> int | None:
    """Returns the smaller of width and height, px: the 1080 of 1080p, also of an upright video; ``None`` = unknown."""
    sides = [int(n) for n in (number(info.get("width")), number(info.get("height"))) if n]
    return min(sides) if sides else None


def size(info: Mapping[str, Any]) -> int | None:
    """Returns the approximate size of the chosen formats in bytes; ``None`` when that of one of them is unknown."""
    parts = info.get("requested_formats") or [info]
    sizes = [number(part.get("filesize") or part.get("filesize_approx")) for part in parts]
    known = [int(size) for size in sizes if size]
    return sum(known) if len(known) == len(parts) else None


def text(value: object) -> str | None:
    """Returns the value if it is a non-empty string, else ``None``."""
    return value if isinstance(value, str) and value else None


def number(value: object) -> float | None:
    """Returns the value if it is a number, else ``None``."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value else None
