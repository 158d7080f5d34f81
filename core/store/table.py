"""The only bridge from rows on disk (metadata.jsonl) to columns in memory (FrameTable). No filter logic."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import FILTERABLE
from core.errors import RunError
from core.records import FrameRecord, FrameTable
from core.store import jsonl
from core.store.run import RunDir

ROWS = 2048
"""Records parsed at a time; chosen by measurement: 256 to 4,096 are equally fast, more are slower."""
HASH_DIGITS = 16
NO_HASH = "0" * HASH_DIGITS


def load_table(source: Path | RunDir) -> FrameTable:
    """Reads all records of a run as columns; a torn last line is left out.

    Args:
        source: a run, its folder, or a ``metadata.jsonl``.

    Returns:
        Columns of length F in ordinal order. ``values`` holds each name of ``config.FILTERABLE`` that at least one
        record has a number for.

    Raises:
        RunError: the file is missing or damaged, a field has another type, or ordinals do not ascend.
    """
    path = _metadata(source)
    columns, reasons, filled = _Columns(_count_lines(path)), {"": 0}, 0
    rows = jsonl.read(path)
    while filled < len(columns) and (batch := list(itertools.islice(rows, min(ROWS, len(columns) - filled)))):
        try:
            columns.fill(slice(filled, filled + len(batch)), batch, reasons)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RunError(_first_bad(path, filled, batch, error)) from error
        filled += len(batch)
    rows.close()
    return columns.table(path, filled, reasons)


def records(source: Path | RunDir) -> Iterator[FrameRecord]:
    """Yields the records of a run one by one, in file order; a torn last line is left out. Raises as ``load_table``."""
    path = _metadata(source)
    for number, values in enumerate(jsonl.read(path), 1):
        try:
            record = FrameRecord.from_mapping(values)
        except TypeError as error:
            raise RunError(_bad_line(path, number, "frame_number or pts_s is missing")) from error
        yield record


class _Columns:
    """Preallocated columns; a batch of records fills a range of rows."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.ordinal = np.empty(length, np.int64)
        self.pts_s = np.empty(length, np.float64)
        self.shot = np.empty(length, np.int64)
        self.phash = np.empty(length, np.uint64)
        self.has_phash = np.empty(length, np.bool_)
        self.error = np.empty(length, np.bool_)
        self.reason = np.zeros(length, np.int32)
        self.on_disk = np.empty(length, np.bool_)
        self.values: dict[str, NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return self.length

    def fill(self, at: slice, batch: list[dict[str, Any]], reasons: dict[str, int]) -> None:
        """Fills the rows ``at``; ``reasons`` collects the discard reasons that were met, name -> code."""
        self.ordinal[at] = _integers([r["frame_number"] for r in batch])
        self.pts_s[at] = [r["pts_s"] for r in batch]
        if np.isnan(self.pts_s[at]).any():
            raise ValueError("pts_s is null")
        self.shot[at] = _integers([-1 if (s := r.get("shot_id")) is None else s for r in batch])
        self.error[at] = [r.get("error") is not None for r in batch]
        self.on_disk[at] = [r.get("filename") is not None for r in batch]
        self.reason[at] = [reasons.setdefault(r.get("discard_reason") or "", len(reasons)) for r in batch]
        self.phash[at], self.has_phash[at] = hashes([r.get("phash") for r in batch])
        for name in FILTERABLE:
            self._fill_values(name, at, [r.get(name) for r in batch])

    def _fill_values(self, name: str, at: slice, numbers: list[float | None]) -> None:
        if numbers.count(None) == len(numbers):
            if name in self.values:
                self.values[name][at] = np.nan
            return
        if name not in self.values:
            self.values[name] = np.full(self.length, np.nan)
        self.values[name][at] = np.array(numbers, dtype=np.float64)

    def table(self, path: Path, rows: int, reasons: Mapping[str, int]) -> FrameTable:
        """Cuts the columns to ``rows`` and checks their order."""
        _check_order(path, self.ordinal[:rows])
        return FrameTable(
            ordinal=self.ordinal[:rows],
            pts_s=self.pts_s[:rows],
            shot=self.shot[:rows],
            phash=self.phash[:rows],
            has_phash=self.has_phash[:rows],
            error=self.error[:rows],
            discarded=np.array(list(reasons), dtype=np.str_)[self.reason[:rows]],
            on_disk=self.on_disk[:rows],
            values={name: self.values[name][:rows] for name in FILTERABLE if name in self.values},
        )


def hashes(texts: list[str | None]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Turns hex hashes into numbers at once.

    Args:
        texts: F strings of 16 hex digits, or ``None``.

    Returns:
        (F,) uint64 (0 where there is none) and (F,) bool: there is one.

    Raises:
        ValueError: a text is not 16 hex digits.
    """
    found = np.array([bool(text) for text in texts], dtype=np.bool_)
    digits = [text or NO_HASH for text in texts]
    if set(map(len, digits)) - {HASH_DIGITS}:
        raise ValueError("phash is not 16 hex digits")
    raw = bytes.fromhex("".join(digits))
    if 2 * len(raw) != HASH_DIGITS * len(digits):  # fromhex skips blanks
        raise ValueError("phash is not 16 hex digits")
    return np.frombuffer(raw, dtype=">u8").astype(np.uint64), found


def _metadata(source: Path | RunDir) -> Path:
    path = source.metadata if isinstance(source, RunDir) else Path(source)
    path = RunDir(path).metadata if path.is_dir() else path
    if not path.is_file():
        raise RunError(f"{path} is missing; run extract first.")
    return path


def _count_lines(path: Path) -> int:
    with open(path, "rb", buffering=0) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _integers(numbers: list[Any]) -> NDArray[np.int64]:
    """An array of exactly these integers; numpy alone would cut 1.5 to 1 and read "7"."""
    column = np.array(numbers)
    if column.size and column.dtype.kind not in "iu":
        raise ValueError("frame_number or shot_id is not an integer")
    return column.astype(np.int64)


def _check_order(path: Path, ordinal: NDArray[np.int64]) -> None:
    wrong = np.flatnonzero(np.diff(ordinal) <= 0)
    if len(wrong):
        at = int(wrong[0])
        before, after = int(ordinal[at]), int(ordinal[at + 1])
        what = f"frame {after} twice" if before == after else f"frame {after} after frame {before}"
        raise RunError(_bad_line(path, at + 2, f"{what}; records must be in ascending order"))


def _first_bad(path: Path, start: int, batch: list[dict[str, Any]], error: Exception) -> str:
    """Finds the record of a batch that is to blame: only after an error, so it may be slow."""
    for number, record in enumerate(batch, start + 1):
        try:
            _Columns(1).fill(slice(0, 1), [record], {"": 0})
        except (KeyError, TypeError, ValueError, OverflowError) as own:
            what = f"{own.args[0]} is missing" if isinstance(own, KeyError) else str(own)
            return _bad_line(path, number, what)
    return _bad_line(path, start + 1, str(error))


def _bad_line(path: Path, number: int, what: str) -> str:
    return (
        f"{path} line {number}: {what}; delete that line and all lines after it, then run extract again to resume "
        "from there."
    )
