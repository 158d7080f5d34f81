"""The faces of a run: ``faces.jsonl`` and ``faces.f32``, append-only with the same rows; as columns in memory.

A row counts when both files hold it completely; what an interruption left behind it is cut before more is appended.
Not here: the face columns of records (``table``, ``pipeline.faces.measure``), references and people (``face_file``).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError
from core.store import jsonl
from core.store.run import RunDir

FLOAT_BYTES = 4


@dataclass(frozen=True, eq=False, slots=True)
class FaceTable:
    """All faces of a run as columns of length N; index = row."""

    frame: NDArray[np.int64]
    """(N,) int64 ordinals; ascending within each pass that read faces."""
    boxes: NDArray[np.float32]
    """(N, 4) float32 xyxy, pixels."""
    points: NDArray[np.float32]
    """(N, 5, 2) float32 xy, pixels."""
    confidence: NDArray[np.float64]
    """(N,) 0-1."""
    area_pct: NDArray[np.float64]
    """(N,) percent of the frame that the box covers."""
    sharpness: NDArray[np.float64]
    """(N,) 0-100, NaN = too small to be measured."""
    frontality: NDArray[np.float64]
    """(N,) 0-100."""
    vectors: NDArray[np.float32]
    """(N, D) float32 unit vectors, memory-mapped: read when they are used."""

    def __len__(self) -> int:
        return len(self.frame)

    def quality(self) -> NDArray[np.float64]:
        """Returns (N,) float64, no unit: how well each face shows its person, for choosing the best picture.

        Confidence x (frontality + 10) x the square root of (sharpness + 1) x the side of the box in pixels.
        """
        side = np.sqrt(np.maximum(np.prod(self.boxes[:, 2:] - self.boxes[:, :2], axis=1), 0))
        sharp = np.sqrt(np.nan_to_num(self.sharpness) + 1.0)
        return np.asarray(self.confidence * (self.frontality + 10.0) * sharp * side, np.float64)


class FaceAppender:
    """Appends faces to a run whose lock this process holds; used with ``with``. Entering cuts torn rows."""

    def __init__(self, run: RunDir, dimension: int) -> None:
        self.run, self.dimension = run, dimension
        self.rows = 0
        self._lines: jsonl.Appender | None = None
        self._vectors: BinaryIO | None = None

    def __enter__(self) -> FaceAppender:
        self.rows = count(self.run, self.dimension)
        cut(self.run, self.rows, self.dimension)
        with files.storage_errors(self.run.face_vectors):
            self._vectors = open(self.run.face_vectors, "ab", buffering=0)
        self._lines = jsonl.Appender(self.run.faces).__enter__()
        return self

    def append(self, lines: list[dict[str, Any]], vectors: NDArray[np.float32]) -> list[int]:
        """Writes faces, vectors first, and returns their rows.

        Args:
            lines: the object of each face for ``faces.jsonl``, without ``row``.
            vectors: (N, D) float32.

        Raises:
            StorageError: the disk is full or the file cannot be written; both files are then as before.
        """
        if self._vectors is None or self._lines is None:
            raise ValueError("append outside of the with block")
        rows = list(range(self.rows, self.rows + len(lines)))
        if not rows:
            return rows
        start = self.rows * self.dimension * FLOAT_BYTES
        try:
            with files.storage_errors(self.run.face_vectors):
                rest = memoryview(np.ascontiguousarray(vectors, "<f4").tobytes())
                while rest:
                    rest = rest[self._vectors.write(rest) :]
            self._lines.append({"row": row} | line for row, line in zip(rows, lines, strict=True))
        except BaseException:
            with contextlib.suppress(OSError):
                self._vectors.truncate(start)
            raise
        self.rows += len(rows)
        return rows

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        lines, vectors = self._lines, self._vectors
        self._lines = self._vectors = None
        if vectors is not None:
            with files.storage_errors(self.run.face_vectors), vectors:
                if kind is None:
                    os.fsync(vectors.fileno())
        if lines is not None:
            lines.__exit__(kind, error, at)


def count(run: RunDir, dimension: int) -> int:
    """Returns how many rows both files hold completely."""
    vectors = run.face_vectors.stat().st_size // (dimension * FLOAT_BYTES) if run.face_vectors.exists() else 0
    return min(vectors, sum(1 for _ in jsonl.read(run.faces)))


def cut(run: RunDir, rows: int, dimension: int) -> None:
    """Keeps the first ``rows`` rows of both files and cuts the rest; missing files stay missing.

    Raises:
        StorageError: a file cannot be written.
    """
    if run.faces.exists():
        _truncate(run.faces, _end_of_line(run.faces, rows))
    if run.face_vectors.exists():
        _truncate(run.face_vectors, rows * dimension * FLOAT_BYTES)


def cut_after(run: RunDir, first_row: int, last_frame: int, dimension: int) -> None:
    """Cuts what an interrupted pass left: the rows from ``first_row`` on whose frames lie behind ``last_frame``."""
    keep = 0
    whole = count(run, dimension)
    for line in jsonl.read(run.faces):
        if keep >= whole or (keep >= first_row and line["frame_number"] > last_frame):
            break
        keep += 1
    cut(run, keep, dimension)


def frames_of_rows(run: RunDir) -> list[int]:
    """Returns the ordinal of each row, in the order of the file."""
    return [line["frame_number"] for line in jsonl.read(run.faces)]


def load(run: RunDir, dimension: int) -> FaceTable:
    """Reads all faces of a run; rows that only one of the files holds are left out.

    Raises:
        RunError: a line is not as docs/formats.md describes it.
    """
    lines = list(jsonl.read(run.faces))
    stored = run.face_vectors.stat().st_size if run.face_vectors.exists() else 0
    n = min(len(lines), stored // (dimension * FLOAT_BYTES))
    vectors: NDArray[np.float32] = np.zeros((0, dimension), np.float32)
    if n:
        vectors = np.memmap(run.face_vectors, "<f4", "r", shape=(n, dimension))
    try:
        return _table(lines[:n], vectors)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RunError(
            f"{run.faces} is damaged ({error!r}); move it and {run.face_vectors.name} away and read the faces again.",
            code="damaged",
        ) from error


def _table(lines: list[dict[str, Any]], vectors: NDArray[np.float32]) -> FaceTable:
    if [line["row"] for line in lines] != list(range(len(lines))):
        raise ValueError("its rows are not 0, 1, 2 ...")

    def numbers(name: str) -> NDArray[np.float64]:
        return np.array([np.nan if (value := line[name]) is None else value for line in lines], np.float64)

    return FaceTable(
        frame=np.array([line["frame_number"] for line in lines], np.int64),
        boxes=np.array([line["bbox"] for line in lines], np.float32).reshape(-1, 4),
        points=np.array([line["kps"] for line in lines], np.float32).reshape(-1, 5, 2),
        confidence=numbers("confidence"),
        area_pct=numbers("area_pct"),
        sharpness=numbers("sharpness"),
        frontality=numbers("frontality"),
        vectors=vectors,
    )


def remove(run: RunDir) -> None:
    """Deletes all face files of a run: rows, vectors, references and people, pictures."""
    import shutil

    for path in (run.face_file, run.faces, run.face_vectors):
        with files.storage_errors(path):
            path.unlink(missing_ok=True)
    shutil.rmtree(run.face_crops, ignore_errors=True)


def rows_in(lists: Iterable[Iterable[int]], rows: int) -> NDArray[np.bool_]:
    """Returns (rows,) bool: the row is named in one of the lists."""
    named = np.zeros(rows, np.bool_)
    for some in lists:
        named[[row for row in some if 0 <= row < rows]] = True
    return named


def _end_of_line(path: Path, lines: int) -> int:
    with open(path, "rb") as file:
        return sum(len(line) for _, line in zip(range(lines), file, strict=False))


def _truncate(path: Path, size: int) -> None:
    with files.storage_errors(path):
        if path.stat().st_size > size:
            with open(path, "r+b") as file:
                file.truncate(size)
                os.fsync(file.fileno())
