"""Reads the columns of a ``.npz`` that may be made by hand: their heads are looked at before anything is unpacked.

A few kilobytes of such a file can claim, or unpack to, more numbers than there is memory.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from core import inside

MOST_FILE_BYTES = 2_000_000_000
DAMAGED = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ZeroDivisionError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    EOFError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading one that is damaged, or made to harm, may raise beside ``OSError``."""


def read(path: Path, most: Mapping[str, int], optional: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
    """Returns columns of a file.

    Args:
        path: the file.
        most: name -> how many numbers it may have.
        optional: names that may be absent, and are then absent from what is returned.

    Raises:
        FileNotFoundError: there is no file. OSError: it cannot be read. One of ``DAMAGED``: a column is absent, larger
            than it may be, of objects, or not as large as its head says.
    """
    with inside.open_in(path, inside.beside(path)) as file, zipfile.ZipFile(file) as archive:
        there = set(archive.namelist())
        names = [name for name in most if f"{name}.npy" in there or name not in optional]
        return {name: _column(archive, name, most[name]) for name in names}


def _column(archive: zipfile.ZipFile, name: str, most: int) -> NDArray[Any]:
    entry = archive.getinfo(f"{name}.npy")
    with archive.open(entry) as file:
        shape, in_columns, kind = _head(file)
        count = 1
        for length in shape:
            count *= length
        if kind.hasobject or kind.itemsize == 0 or len(shape) > MOST_DIMENSIONS:
            raise ValueError(f"{name} does not hold plain numbers")
        if count > most or entry.file_size > most * kind.itemsize + MOST_HEAD_BYTES or kind.itemsize > MOST_ITEM_BYTES:
            raise ValueError(f"{name} has {count} numbers, more than the {most} that there can be")
        data = file.read(count * kind.itemsize + 1)
    if len(data) != count * kind.itemsize:
        raise ValueError(f"{name} has not the {count} numbers that its head says")
    return np.frombuffer(data, kind).reshape(shape, order="F" if in_columns else "C").copy()


MOST_DIMENSIONS = 4
MOST_HEAD_BYTES = 20_000
MOST_ITEM_BYTES = 1024
"""Of one number or text."""


def _head(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    read_head = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read_head is None:
        raise ValueError(f"the format {version} of numpy is not read")
    shape, in_columns, kind = read_head(file)
    if any(type(length) is not int or length < 0 for length in shape):
        raise ValueError("a length is below zero")
    return tuple(shape), bool(in_columns), kind
