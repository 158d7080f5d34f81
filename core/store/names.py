"""Names that fit: a file system takes 255 bytes, and what is written beside a video adds to the video's own name.

Not here: which names there are (``run``, ``detections``, ``examples``).
"""

from __future__ import annotations

import hashlib
import os

NAME_BYTES = 255
"""Bytes of one name on the file systems of Linux; those of macOS and Windows count characters and take no fewer."""
MARK_DIGITS = 8


def length(name: str) -> int:
    """Returns the bytes of a name on disk; bytes that are not UTF-8 count as they are."""
    return len(os.fsencode(name))


def cut(name: str, most: int) -> str:
    """Returns the name, or as many of its first characters as fit into ``most`` bytes."""
    while length(name) > most:
        name = name[:-1]
    return name


def fitted(name: str, most: int) -> str:
    """Returns the name where it fits into ``most`` bytes, else its beginning, ``-``, and 8 hex digits of its SHA-256.

    The same name always becomes the same shorter one, and two long names that begin alike stay two.
    """
    if length(name) <= most:
        return name
    mark = hashlib.sha256(os.fsencode(name)).hexdigest()[:MARK_DIGITS]
    return f"{cut(name, most - MARK_DIGITS - 1)}-{mark}"
