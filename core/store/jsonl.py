"""Append-only files of JSON lines. A torn last line is what an interruption leaves, and no error.

A line counts only with its newline. NaN and infinity become ``null`` ("not measured"). Not here: what a record means.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import orjson

from core import files
from core.errors import RunError
from core.records import FrameRecord

Record = Mapping[str, Any] | FrameRecord

BLOCK_BYTES = 1 << 16
RECORDS_PER_WRITE = 4096


def read(path: Path) -> Generator[dict[str, Any], None, None]:
    """Yields every complete record of the file in order; a missing file holds none.

    A last line without a newline, or one that is not a JSON object, is torn and is left out.

    Raises:
        RunError: a line that is not the last one is not a JSON object, or the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                record = parsed(line)
                if record is not None:
                    yield record
                elif line.endswith(b"\n") and file.read(1):  # in this order: another process may be finishing the line
                    raise RunError(_broken(path, number), code="damaged", line=number)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(
            f"{path} cannot be read ({error.strerror}); check its permissions and the disk.", code="cannot_read"
        ) from error


def between(path: Path, key: str, first: float, last: float) -> list[dict[str, Any]]:
    """Returns the records whose number ``key`` is in ``first`` ... ``last``, of a file that is ordered by it.

    Found by halving, so that a file of a long film is not read whole. A missing file holds none; a line that is no
    record with that number ends what is found.
    """
    try:
        with open(path, "rb") as file:
            low, high = 0, file.seek(0, os.SEEK_END)
            while high - low > BLOCK_BYTES:  # a line that begins at low or before is too early
                middle = (low + high) // 2
                file.seek(middle)
                file.readline()
                number = (parsed(file.readline()) or {}).get(key)
                low, high = (middle, high) if number is not None and number < first else (low, middle)
            file.seek(low)
            if low:
                file.readline()
            found = []
            while (record := parsed(file.readline())) is not None and record.get(key, math.inf) <= last:
                if record[key] >= first:
                    found.append(record)
            return found
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}).", code="cannot_read") from error


def repair(path: Path) -> int:
    """Cuts a torn last line so that the next append starts on a line of its own; returns how many bytes were cut.

    Raises:
        StorageError: the file cannot be written.
    """
    with files.storage_errors(path):
        if not path.exists():
            return 0
        with open(path, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            start = _last_line(file, size)
            file.seek(start)
            if start == size or parsed(file.read()) is not None:
                return 0
            file.truncate(start)
            os.fsync(file.fileno())
            return size - start


class Appender:
    """Appends records to one file; used with ``with``. Entering cuts a torn last line, leaving syncs to the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Appender:
        repair(self.path)
        with files.storage_errors(self.path):
            self._file = open(self.path, "ab", buffering=0)
        return self

    def append(self, records: Iterable[Record]) -> int:
        """Writes all ``records`` at once and returns how many bytes; from then on they survive a killed process.

        After a failed write the file is as before, so that the caller may free space and append again.

        Raises:
            StorageError: the disk is full or the file cannot be written.
        """
        if self._file is None:
            raise ValueError("append outside of the with block")
        data = encode(records)
        with files.storage_errors(self.path):
            _write_all(self._file, data)
        return len(data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        with files.storage_errors(self.path), file:
            if kind is None:
                os.fsync(file.fileno())


def append(path: Path, records: Iterable[Record]) -> int:
    """Appends once: opens, cuts a torn last line, writes, closes. Returns the bytes; raises as ``Appender``."""
    with Appender(path) as appender:
        return appender.append(records)


def rewrite(path: Path, records: Iterable[Record]) -> None:
    """Replaces the whole file atomically; ``records`` may be read from the same file while it is written anew.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old file is then untouched.
    """
    batch: list[Record] = []
    with files.atomic(path) as file:
        for record in records:
            batch.append(record)
            if len(batch) == RECORDS_PER_WRITE:
                file.write(encode(batch))
                batch.clear()
        file.write(encode(batch))


def encode(records: Iterable[Record]) -> bytes:
    """Returns one JSON line per record. NaN and infinity become ``null``; numpy scalars become plain numbers."""
    return b"".join(map(_line, records))


def _line(record: Record) -> bytes:
    values = record.to_mapping() if isinstance(record, FrameRecord) else record
    try:
        return orjson.dumps(values, option=OPTIONS)
    except TypeError:
        # Escapes keep a path with bytes that are not UTF-8 whole; orjson refuses them.
        return json.dumps(_plain(values), separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY


def _plain(value: Any) -> Any:
    """Plain values for what orjson refuses: surrogate escapes (in paths), subclasses of tuple, other mappings."""
    if isinstance(value, Mapping):
        return {_plain(str(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    return str(value) if isinstance(value, str) else value


def parsed(line: bytes) -> dict[str, Any] | None:
    """Returns the object of one line; ``None`` for a line that is torn or holds something else."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        record = _escaped(line)
    return record if isinstance(record, dict) else None


def _escaped(line: bytes) -> Any:
    """Parses a line with surrogate escapes (bytes that are not UTF-8): orjson refuses it, ``json`` does not."""
    if SURROGATE.search(line) is None:
        return None
    try:
        return json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _broken(path: Path, number: int) -> str:
    return (
        f"{path} line {number} is not a JSON object, so the file was damaged after it was written; delete that line "
        "and all lines after it, then run the same command again to resume from there."
    )


def _last_line(file: BinaryIO, size: int) -> int:
    """Returns the offset at which the last line starts, whether it ends with a newline or not."""
    end = max(0, size - 1)  # a newline at the very end closes the last line, it does not start one
    while end > 0:
        start = max(0, end - BLOCK_BYTES)
        file.seek(start)
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def _write_all(file: BinaryIO, data: bytes) -> None:
    start = file.seek(0, os.SEEK_END)
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        with contextlib.suppress(OSError):
            file.truncate(start)
        raise
