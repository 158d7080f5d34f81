"""Writes a file whole or not at all: temporary name in the same folder, then rename. Knows no file of a run by name."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core import inside, names
from core.errors import RunError, StorageError

TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp\Z", re.DOTALL)
"""What the name of a temporary file looks like: ``.run.json.1a2b3c4d.tmp``."""

STALE_AFTER_S = 600.0
"""A temporary file this old belongs to a process that died; the longest rewrite takes seconds."""


MOST_JSON_BYTES = 300_000_000
"""Of a file that is read whole: the faces and people of the longest films take a tenth of it."""


def write_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Writes ``data`` to ``path`` atomically; ``sync=False`` skips the wait for the disk (previews, frames).

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old file is then untouched.
    """
    with atomic(path, sync=sync) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Writes ``text`` as UTF-8 atomically. Raises as ``write_bytes``."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any, *, indent: int | None = 2) -> None:
    """Writes plain JSON values (no NaN, no numpy scalars) atomically, keys in the given order.

    Raises:
        StorageError: as ``write_bytes``.
        ValueError: a float is NaN or infinite; "not measured" is ``None``.
    """
    write_bytes(path, json_bytes(value, indent=indent) + b"\n")


def json_bytes(value: Any, *, indent: int | None = None) -> bytes:
    r"""Returns JSON as UTF-8; with escapes where a path has bytes that are not UTF-8 (``\udce9`` is the byte E9).

    ``json.loads`` and a browser read such an escape back to what Python calls the same path.

    Raises:
        ValueError: a float is NaN or infinite.
    """
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent, allow_nan=False).encode("ascii")


def write_npz(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays as a compressed ``.npz`` atomically; object arrays are refused. Raises as ``write_bytes``."""
    with atomic(path) as file:
        np.savez_compressed(file, allow_pickle=False, **columns)


def read_json(path: Path) -> Any:
    """Returns the JSON value of a small file.

    Raises:
        FileNotFoundError: there is no such file.
        RunError: it cannot be read or is not JSON.
    """
    try:
        return json.loads(inside.read_bytes(path, inside.beside(path), MOST_JSON_BYTES))
    except FileNotFoundError:
        raise
    except OSError as error:
        why = error.strerror or error
        raise RunError(
            f"{path} cannot be read ({why}); check its permissions and the disk.", code="cannot_read"
        ) from error
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"{path} is not JSON, so it was damaged or edited by hand; restore it from a copy, or delete it and run "
            "the step that writes it again.",
            code="damaged",
        ) from error


@contextlib.contextmanager
def atomic(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """Opens a temporary file that becomes ``path`` when the block ends well and vanishes when it does not.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old file is then untouched.
    """
    temporary = path.with_name(f".{names.cut(path.name, names.NAME_BYTES - 14)}.{secrets.token_hex(4)}.tmp")
    with storage_errors(path):
        try:
            with open(temporary, "x+b") as file:
                yield file
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        if sync:
            sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes a rename in ``folder`` survive a power cut, where the system can do that."""
    with contextlib.suppress(OSError):  # Windows cannot open a folder; some network disks cannot sync one
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folder(folder: Path) -> Path:
    """Creates ``folder`` and its parents where absent and returns it. Raises ``StorageError`` when it cannot."""
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def clean_temporaries(folder: Path, *, older_than_s: float = STALE_AFTER_S) -> int:
    """Removes what dead processes left in ``folder`` (not below it) and returns how many files went.

    Younger files stay: another process may be writing them.
    """
    removed, limit = 0, time.time() - older_than_s
    for path in folder.iterdir() if folder.is_dir() else ():
        if TEMPORARY.match(path.name):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime <= limit:
                    path.unlink()
                    removed += 1
    return removed


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns every ``OSError`` of the block into one ``StorageError`` sentence about ``path``."""
    try:
        yield
    except OSError as error:
        raise _storage_error(path, error) from error


def _storage_error(path: Path, error: OSError) -> StorageError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in FULL:
        sentence = f"{path} could not be written: the disk is full ({reason}); free some space and run again to resume."
        return StorageError(sentence, code="disk_full", path=str(path))
    cure = "make its folder writable or choose another output folder" if error.errno in FORBIDDEN else CHECK
    return StorageError(f"{path} could not be written ({reason}); {cure}.", code="cannot_write", path=str(path))


CHECK = "check the disk and the path"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
