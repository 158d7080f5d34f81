"""Part files: the detections of an unfinished pass over a video, append-only, from which the next pass resumes.

Several writers have a file each (a pass, live inference), and all files of a video count together. A torn last record
is ignored on reading and cut before appending. Earlier versions kept such files hidden beside the videos; their records
are taken over. Not here: the finished cache (``detections``), the list of all part files (``parts_left``).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import portalocker
from numpy.typing import NDArray

from core import files
from core.errors import RunBusy, StorageError
from core.records import Detections

MAGIC = b"FSPART1\n"
HEADER_LENGTH = struct.Struct("<I")
RECORD = struct.Struct("<IIII")
"""Ordinal, boxes, flags, CRC-32 of the three numbers and the boxes."""
BOX = np.dtype([("box", "<f2", 4), ("conf", "<f2"), ("class", "<u2")])
UNDECODED = 1
"""Flag: the frame could not be decoded."""
SATURATED = 2
"""Flag: as many boxes as are kept at most."""
WRITERS = 16
"""Most files of one video, and so most processes that write at once."""
HOME = ".parts"
"""The folder of these files in the folder of runs."""
PART = ".part"
ABOUT = ("video", "weights")
"""Entries of the header that are for people and no part of the key."""


class Row(NamedTuple):
    """The record of one frame."""

    ordinal: int
    flags: int
    boxes: NDArray[Any]
    """(N,) of ``BOX``: xyxy divided by width and height, confidence, class id."""


def row_of(ordinal: int, detections: Detections | None, width: int, height: int, max_det: int) -> Row:
    """Returns the record of a frame.

    Args:
        ordinal: 0-based.
        detections: in pixels; ``None`` = the frame could not be decoded.
        width: of the picture that they are of, pixels.
        height: likewise.
        max_det: most boxes that are kept of a frame; so many mean that there may have been more.
    """
    boxes = np.zeros(0 if detections is None else len(detections), BOX)
    if detections is None:
        return Row(ordinal, UNDECODED, boxes)
    boxes["box"] = detections.xyxy / np.array([width, height, width, height], np.float32)
    boxes["conf"] = detections.confidence
    boxes["class"] = detections.class_id
    return Row(ordinal, SATURATED if len(detections) >= max_det else 0, boxes)


def detections_of(row: Row, width: int, height: int) -> Detections:
    """Returns a row's detections in pixels of a picture of ``width`` x ``height``."""
    xyxy = row.boxes["box"].astype(np.float32) * np.array([width, height, width, height], np.float32)
    return Detections(xyxy, row.boxes["conf"].astype(np.float32), row.boxes["class"].astype(np.int64))


class PartFile:
    """The file of one writer, locked while it is open. Use it with ``with``."""

    def __init__(
        self, home: Path, key: Mapping[str, Any], about: Mapping[str, str] | None = None, old: Sequence[Path] = ()
    ) -> None:
        """Only notes the names; nothing is opened.

        Args:
            home: the folder of part files; made where it is absent.
            key: what the records depend on (video, weights, settings); each key has files of its own.
            about: ``video`` and ``weights``, for people.
            old: files of earlier versions that may hold records of this key; those that do are taken over.
        """
        self._home, self._key, self._old = Path(home), dict(key), tuple(old)
        self._header = _header_bytes(self._key | dict(about or {}))
        self._file: BinaryIO | None = None
        self.path = self._paths()[0]

    def __enter__(self) -> PartFile:
        """Locks the first file that no other writer has.

        Raises:
            StorageError: the folder cannot be written. RunBusy: too many writers.
        """
        files.make_folder(self._home)
        for path in self._paths():
            file = _locked(path)
            if file is not None:
                self._file, self.path = file, path
                self._begin(file)
                return self
        raise RunBusy(f"{WRITERS} passes work on {self._paths()[0]}; wait for one or stop it.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Unlocks the file for the next writer; a file without a record is deleted."""
        file, self._file = self._file, None
        if file is None:
            return
        with contextlib.suppress(OSError):
            if os.fstat(file.fileno()).st_size <= _header_size(self.path):
                self.path.unlink()
        file.close()

    def append(self, rows: list[Row]) -> None:
        """Appends rows; they survive a killed process. Raises ``StorageError`` when they cannot be written."""
        assert self._file is not None
        data = b"".join(map(_packed, rows))
        with files.storage_errors(self.path):
            while data:
                data = data[self._file.write(data) :]

    def rows(self) -> Iterator[Row]:
        """Yields the rows of all writers so far, in no order; a frame may come twice."""
        for path in self._paths():
            yield from self._rows_in(path)

    @property
    def others(self) -> list[Path]:
        """Files of the same video and weights whose key differs (other settings), so that this pass begins anew.

        Empty where a file of this key holds a record.
        """
        name = _name_of(self._key)
        video_and_weights, _, _ = name.rpartition("-")
        if any(True for _ in self.rows()):
            return []
        paths = sorted(self._home.glob(f"{video_and_weights}-*{PART}"))  # digits and hex: nothing to escape
        return [path for path in paths if not path.name.startswith(name)]

    def remove(self) -> None:
        """Deletes the own file and those that no process writes: the finished cache holds their rows."""
        self.close()
        for path in self._paths():
            remove(path)

    def _paths(self) -> list[Path]:
        return [self._home / f"{_name_of(self._key)}.{number}{PART}" for number in range(WRITERS)]

    def _begin(self, file: BinaryIO) -> None:
        try:
            self._repair(file)
            self._take_over()
        except BaseException:
            self.close()
            raise

    def _repair(self, file: BinaryIO) -> None:
        """Cuts a torn last record off, or everything when it is of another key."""
        with files.storage_errors(self.path):
            end = sum(RECORD.size + row.boxes.nbytes for row in self._rows_in(self.path))
            start = _header_size(self.path) if key_of(self.path) == self._key else 0
            file.truncate(start + end)
            if not start:
                file.write(self._header)

    def _take_over(self) -> None:
        """Moves the rows of earlier versions' files into the own file."""
        for path in self._old:
            if key_of(path) != self._key:
                continue
            other = _locked(path)
            if other is None:
                continue  # an earlier version is still writing it
            with other:
                self.append(list(self._rows_in(path)))
                other.truncate(0)
            with contextlib.suppress(OSError):
                path.unlink()

    def _rows_in(self, path: Path) -> Iterator[Row]:
        if key_of(path) == self._key:
            yield from rows_in(path)


def remove(path: Path) -> bool:
    """Deletes a part file unless a process writes it; returns whether it is gone."""
    with contextlib.suppress(OSError, portalocker.LockException), open(path, "r+b") as file:
        portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
        file.truncate(0)
        path.unlink()
    return not path.exists()


def header(path: Path) -> dict[str, Any] | None:
    """Returns the header of a part file; ``None`` for another file, or one whose beginning is torn."""
    try:
        with open(path, "rb") as file:
            start = file.read(len(MAGIC) + HEADER_LENGTH.size)
            if not start.startswith(MAGIC) or len(start) < len(MAGIC) + HEADER_LENGTH.size:
                return None
            (length,) = HEADER_LENGTH.unpack(start[len(MAGIC) :])
            values = json.loads(file.read(length)) if length <= MOST_HEADER_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


MOST_HEADER_BYTES = 1 << 20
"""A longer header is none of ours."""


def key_of(path: Path) -> dict[str, Any] | None:
    """Returns what the records of a part file depend on; ``None`` as ``header``."""
    values = header(path)
    return None if values is None else {name: value for name, value in values.items() if name not in ABOUT}


def rows_in(path: Path) -> Iterator[Row]:
    """Yields the complete records of a part file."""
    at = _header_size(path)
    try:
        data = path.read_bytes() if at else b""
    except OSError:
        return
    while at + RECORD.size <= len(data):
        ordinal, count, flags, crc = RECORD.unpack_from(data, at)
        boxes = data[at + RECORD.size : at + RECORD.size + count * BOX.itemsize]
        if len(boxes) < count * BOX.itemsize or crc != _crc(ordinal, count, flags, boxes):
            return
        yield Row(ordinal, flags, np.frombuffer(boxes, BOX))
        at += RECORD.size + len(boxes)


def _header_size(path: Path) -> int:
    """Bytes before the first record; 0 where ``header`` is ``None``."""
    if header(path) is None:
        return 0
    with open(path, "rb") as file:
        start = len(MAGIC) + HEADER_LENGTH.size
        return start + int(HEADER_LENGTH.unpack(file.read(start)[len(MAGIC) :])[0])


def _locked(path: Path) -> BinaryIO | None:
    """Opens a part file for this process alone, made where it is absent; ``None`` = another process has it.

    Raises:
        StorageError: it cannot be written, or its disk has no locks.
    """
    while True:
        with files.storage_errors(path):
            file: BinaryIO = open(path, "a+b", buffering=0)  # noqa: SIM115  the caller closes it
        try:
            portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
        except portalocker.AlreadyLocked:
            file.close()
            return None
        except portalocker.LockException as error:
            file.close()
            raise StorageError(
                f"{path} cannot be locked ({error}); choose a folder on a local disk.", code="cannot_lock"
            ) from None
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        file.close()  # its last writer has just removed it: what is written there is lost


def _name_of(key: Mapping[str, Any]) -> str:
    """``<size>-<16 hex of the video>-<8 hex of the weights>-<8 hex of everything>``, as far as the key knows them."""
    digest = hashlib.sha256(json.dumps(dict(key), sort_keys=True).encode()).hexdigest()[:8]
    size, _, video = str(key.get("fingerprint", "")).partition("-")
    parts = (size, video[:16], str(key.get("weights_sha256", ""))[:8], digest)
    return "-".join(part for part in parts if part.isalnum())


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


def _header_bytes(values: Mapping[str, Any]) -> bytes:
    text = json.dumps(dict(values), sort_keys=True).encode()
    return MAGIC + HEADER_LENGTH.pack(len(text)) + text
