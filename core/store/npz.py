"""Reads the arrays of an untrusted ``.npz``: headers are checked against limits before anything is unpacked.

A few kilobytes of a file that was made by hand can claim, or unpack to, more numbers than there is memory.
"""

from __future__ import annotations

import threading
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
"""What reading a damaged or malicious file may raise beside ``OSError``."""


def read(path: Path, most: Mapping[str, int], optional: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
    """Returns arrays of a file by their names.

    Args:
        path: the file.
        most: name -> how many numbers the array may have.
        optional: names that may be absent, and are then absent from the result.

    Raises:
        FileNotFoundError: there is no file. OSError: it cannot be read. One of ``DAMAGED``: an array is absent, larger
            than it may be, of objects, or not as large as its header says.
    """
    with inside.open_in(path, inside.beside(path)) as file, zipfile.ZipFile(file) as archive:
        there = set(archive.namelist())
        names = [name for name in most if f"{name}.npy" in there or name not in optional]
        return {name: _column(archive, name, most[name]) for name in names}


def _column(archive: zipfile.ZipFile, name: str, most: int) -> NDArray[Any]:
    entry = archive.getinfo(f"{name}.npy")
    with archive.open(entry) as file:
        shape, fortran_order, dtype = _header(file)
        count = 1
        for length in shape:
            count *= length
        if dtype.hasobject or dtype.itemsize == 0 or len(shape) > MOST_DIMENSIONS:
            raise ValueError(f"{name} does not hold plain numbers")
        if (
            count > most
            or entry.file_size > most * dtype.itemsize + MOST_HEADER_BYTES
            or dtype.itemsize > MOST_ITEM_BYTES
        ):
            raise ValueError(f"{name} has {count} numbers, more than the {most} that there can be")
        data = file.read(count * dtype.itemsize + 1)
    if len(data) != count * dtype.itemsize:
        raise ValueError(f"{name} has not the {count} numbers that its header says")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C").copy()


MOST_DIMENSIONS = 4
MOST_HEADER_BYTES = 20_000
MOST_ITEM_BYTES = 1024
"""Of one number or text."""


_PARSING = threading.Lock()
"""A header is a Python literal, and Python 3.11 fails when two threads parse one at once (SystemError)."""


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read_header is None:
        raise ValueError(f"the format {version} of numpy is not read")
    with _PARSING:
        shape, fortran_order, dtype = read_header(file)
    if any(type(length) is not int or length < 0 for length in shape):
        raise ValueError("a length is below zero")
    return tuple(shape), bool(fortran_order), dtype
