"""Detections of a video that is not done: an append-only file beside the future cache, from which a pass goes on.

Several writers have a file each (a pass, live inference); what any of them found counts for all. A torn last record is
ignored on reading and cut before appending. Not here: the finished cache (``detections``).
"""

from __future__ import annotations

import contextlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import portalocker
from numpy.typing import NDArray

from core.errors import RunBusy, StorageError
from core.records import Detections
from core.store import files
from core.store.detections import PREDS

MAGIC = b"FSPART1\n"
HEAD = struct.Struct("<I")
RECORD = struct.Struct("<IIII")
"""Ordinal, boxes, flags, CRC-32 of the three numbers and the boxes."""
BOX = np.dtype([("box", "<f2", 4), ("conf", "<f2"), ("class", "<u2")])
UNDECODED = 1
"""Flag: the frame could not be decoded."""
SATURATED = 2
"""Flag: as many boxes as are kept at most."""
WRITERS = 16
"""Files beside each other at most."""


class Row(NamedTuple):
    """What is known of one frame."""

    ordinal: int
    flags: int
    boxes: NDArray[Any]
    """(N,) of ``BOX``: xyxy divided by width and height, confidence, class id."""


def row_of(ordinal: int, found: Detections | None, width: int, height: int, max_det: int) -> Row:
    """Returns what is recorded of a frame; ``None`` = it could not be decoded.

    Args:
        ordinal: 0-based.
        found: in pixels.
        width: of the picture in which they were found.
        height: likewise.
        max_det: so many boxes mean that there may have been more.
    """
    boxes = np.zeros(0 if found is None else len(found), BOX)
    if found is None:
        return Row(ordinal, UNDECODED, boxes)
    boxes["box"] = found.xyxy / np.array([width, height, width, height], np.float32)
    boxes["conf"] = found.confidence
    boxes["class"] = found.class_id
    return Row(ordinal, SATURATED if len(found) >= max_det else 0, boxes)


def detections_of(row: Row, width: int, height: int) -> Detections:
    """Returns a row's detections in pixels of a picture of ``width`` x ``height``."""
    xyxy = row.boxes["box"].astype(np.float32) * np.array([width, height, width, height], np.float32)
    return Detections(xyxy, row.boxes["conf"].astype(np.float32), row.boxes["class"].astype(np.int64))


class PartFile:
    """The file of one writer, locked while it is open. Use it with ``with``."""

    def __init__(self, preds: Path, key: Mapping[str, Any]) -> None:
        """Names the files; nothing is opened.

        Args:
            preds: where the cache will be.
            key: what the records depend on (video, weights, settings); files of another key are made anew.
        """
        self._preds = preds
        self._head = _head_of(key)
        self._file: BinaryIO | None = None
        self.path = preds
        self.begun_anew = False
        """Whether the file held rows of another key, which are gone now."""

    def __enter__(self) -> PartFile:
        """Takes the first file that no other writer has.

        Raises:
            StorageError: the folder cannot be written. RunBusy: too many writers.
        """
        for path in self._paths():
            with files.storage_errors(path):
                file: BinaryIO = open(path, "a+b", buffering=0)
            try:
                portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            except portalocker.AlreadyLocked:
                file.close()
                continue
            except portalocker.LockException as error:
                file.close()
                raise StorageError(f"{path} cannot be locked ({error}); choose a folder on a local disk.") from None
            self._file, self.path = file, path
            self._repair(file)
            return self
        raise RunBusy(f"{WRITERS} passes work on {self._preds}; wait for one or stop it.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leaves the file to the next writer."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def append(self, rows: list[Row]) -> None:
        """Adds rows; they stay when the process dies. Raises ``StorageError`` when they cannot be written."""
        assert self._file is not None
        data = b"".join(map(_packed, rows))
        with files.storage_errors(self.path):
            while data:
                data = data[self._file.write(data) :]

    def rows(self) -> Iterator[Row]:
        """Yields what all writers recorded so far, in no order; a frame may come twice."""
        for path in self._paths():
            yield from self._rows_in(path)

    def remove(self) -> None:
        """Deletes the files of all writers that are gone, and the own one: the cache holds it all now."""
        self.close()
        for path in self._paths():
            with contextlib.suppress(OSError, portalocker.LockException), open(path, "r+b") as file:
                portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
                file.truncate(0)
                path.unlink()

    def _paths(self) -> list[Path]:
        label = self._preds.name.removesuffix(PREDS)
        return [self._preds.with_name(f".{label}.{number}.part") for number in range(WRITERS)]

    def _repair(self, file: BinaryIO) -> None:
        """Cuts a torn last record off, or everything when it is of another key."""
        with files.storage_errors(self.path):
            end = sum(RECORD.size + row.boxes.nbytes for row in self._rows_in(self.path))
            if _starts_with(self.path, self._head):
                file.truncate(len(self._head) + end)
            else:
                self.begun_anew = self.path.stat().st_size > 0
                file.truncate(0)
                file.write(self._head)

    def _rows_in(self, path: Path) -> Iterator[Row]:
        try:
            data = path.read_bytes()
        except OSError:
            return
        if not data.startswith(self._head):
            return
        at = len(self._head)
        while at + RECORD.size <= len(data):
            ordinal, count, flags, crc = RECORD.unpack_from(data, at)
            boxes = data[at + RECORD.size : at + RECORD.size + count * BOX.itemsize]
            if len(boxes) < count * BOX.itemsize or crc != _crc(ordinal, count, flags, boxes):
                return
            yield Row(ordinal, flags, np.frombuffer(boxes, BOX))
            at += RECORD.size + len(boxes)


def columns(rows: Iterator[Row], frames: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Joins rows of all frames into the columns of a cache, and returns them with the flags of each frame (F,).

    Raises:
        KeyError: a frame is missing.
    """
    known: dict[int, Row] = {}
    for row in rows:
        known.setdefault(row.ordinal, row)
    ordered = [known[ordinal] for ordinal in range(frames)]
    counts = np.array([len(row.boxes) for row in ordered], np.int64)
    boxes = np.concatenate([row.boxes for row in ordered]) if ordered else np.zeros(0, BOX)
    made: dict[str, NDArray[Any]] = {
        "boxes": np.ascontiguousarray(boxes["box"]).astype(np.float16),
        "confs": np.ascontiguousarray(boxes["conf"]).astype(np.float16),
        "clss": np.ascontiguousarray(boxes["class"]).astype(np.uint16),
        "indptr": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    }
    return made, np.array([row.flags for row in ordered], np.int64)


def _packed(row: Row) -> bytes:
    boxes = row.boxes.tobytes()
    crc = _crc(row.ordinal, len(row.boxes), row.flags, boxes)
    return RECORD.pack(row.ordinal, len(row.boxes), row.flags, crc) + boxes


def _crc(ordinal: int, count: int, flags: int, boxes: bytes) -> int:
    return zlib.crc32(boxes, zlib.crc32(struct.pack("<III", ordinal, count, flags)))


def _head_of(key: Mapping[str, Any]) -> bytes:
    text = json.dumps(dict(key), sort_keys=True).encode()
    return MAGIC + HEAD.pack(len(text)) + text


def _starts_with(path: Path, head: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(head)) == head
