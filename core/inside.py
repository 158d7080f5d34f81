"""Which files this process may read: only those that really lie in given folders, links followed, checked when open.

A name that was checked may be another file a moment later, so that what counts is the file that was opened. The page
and the children that it starts are confined to their allowed folders; the command line, which belongs to who types,
is not. Not here: what a person may type (``video.source``), and the sentences of refusals.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FLAGS |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""Opening a pipe must not wait for its other end, nor a terminal become ours."""

_roots: tuple[Path, ...] | None = None


class Outside(OSError):
    """A file lies, or turned out to lie, outside of the folders; or it is no regular file."""


def confine(roots: Iterable[str | os.PathLike[str]] | None) -> None:
    """Lets this process read videos, photos, weights and runs in these folders only; ``None`` = anywhere."""
    global _roots
    _roots = None if roots is None else tuple(Path(os.path.realpath(root)) for root in roots)


def confined_to() -> tuple[Path, ...] | None:
    """Returns the folders of ``confine``; ``None`` = this process is not confined."""
    return _roots


def allows(path: str | os.PathLike[str]) -> bool:
    """Whether this process may read a path: always, unless it is confined."""
    return _roots is None or lies_in(path, _roots)


def beside(path: str | os.PathLike[str]) -> tuple[Path, ...] | None:
    """Returns where a file of our own may really lie: in its folder, links that lead out of it are not followed there.

    ``None`` = anywhere, in a process that is not confined.
    """
    return None if _roots is None else (Path(path).parent,)


def lies_in(path: str | os.PathLike[str], roots: Iterable[Path]) -> bool:
    """Whether a path, with all links followed, lies in one of the folders; a path that cannot be one does not."""
    try:
        real = Path(os.path.realpath(path))
        return any(real.is_relative_to(os.path.realpath(root)) for root in roots)
    except (OSError, ValueError):  # NUL characters, surrogates, loops
        return False


def open_in(path: str | os.PathLike[str], roots: Sequence[Path] | None) -> BinaryIO:
    """Opens a regular file for reading and checks where the opened file lies; the caller closes it.

    Args:
        path: the file; its name may be a link that stays in the folders.
        roots: the allowed folders; ``None`` = anywhere.

    Raises:
        FileNotFoundError: there is none. Outside: it is none that may be read. OSError: it cannot be read.
    """
    try:
        file = open(path, "rb", opener=lambda name, _: os.open(name, _FLAGS))  # noqa: SIM115  the caller closes it
    except ValueError as error:
        raise Outside(f"{error}") from None
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Outside(f"{os.fspath(path)} is no regular file")
        if roots is not None and not _opened_in(file.fileno(), path, roots):
            raise Outside(f"{os.fspath(path)} leads out of its folder")
    except BaseException:
        file.close()
        raise
    return file


def is_file_in(path: str | os.PathLike[str], roots: Sequence[Path]) -> bool:
    """Whether ``open_in`` would open it."""
    try:
        with contextlib.closing(open_in(path, roots)):
            return True
    except OSError:
        return False


def read_bytes(path: str | os.PathLike[str], roots: Sequence[Path] | None, most: int) -> bytes:
    """Returns the content of a file of at most so many bytes. Raises as ``open_in``; ``Outside`` for a larger one."""
    with open_in(path, roots) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Outside(f"{os.fspath(path)} has more than {most} bytes")
    return data


def _opened_in(handle: int, path: str | os.PathLike[str], roots: Sequence[Path]) -> bool:
    with contextlib.suppress(OSError):  # Linux knows the path of what was opened, whatever the name means by now
        return lies_in(os.readlink(f"/proc/self/fd/{handle}"), roots)
    real = os.path.realpath(path)
    return lies_in(real, roots) and os.path.samestat(os.fstat(handle), os.stat(real, follow_symlinks=False))
