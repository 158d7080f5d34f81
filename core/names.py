"""Shortens file names: a file system takes 255 bytes, and files beside a video add to the video's own name.

Not here: which names there are (``run``, ``detections``, ``examples``).
"""

from __future__ import annotations

import hashlib
import os

NAME_BYTES = 255
"""Bytes of one name on the file systems of Linux; those of macOS and Windows count characters and take no fewer."""
DIGEST_DIGITS = 8
LONGEST_STEM = 150
"""Bytes of a video's name that name its run: export adds a time stamp and more."""


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

    The same name always gives the same result, and two long names with one beginning stay different.
    """
    if length(name) <= most:
        return name
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:DIGEST_DIGITS]
    return f"{cut(name, most - DIGEST_DIGITS - 1)}-{digest}"
