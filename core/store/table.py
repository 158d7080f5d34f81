"""The only bridge from rows on disk (metadata.jsonl) to columns in memory (FrameTable). No filter logic."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError
from core.records import FrameRecord, FrameTable
from core.settings.columns import FILTERABLE
from core.settings.model import LARGEST
from core.store import jsonl
from core.store.run import RunDir

ROWS = 2048
"""Records parsed at a time; chosen by measurement: 256 to 4,096 are equally fast, more are slower."""
HASH_DIGITS = 16
COLOUR_DIGITS = 72
MOST_DISCARDS = 32_000
"""Different discard reasons in one run: those that we write and some more have to fit into int16."""


def load_table(source: Path | RunDir) -> FrameTable:
    """Reads all records of a run as columns; a torn last line is left out.

    Args:
        source: a run, its folder, or a ``metadata.jsonl``.

    Returns:
        Columns of length F in ordinal order. ``values`` holds each name of ``FILTERABLE`` that at least one
        record has a number for.

    Raises:
        RunError: the file is missing or damaged, a field has another type, or ordinals do not ascend.
    """
    path = _metadata(source)
    columns, discards, filled = _Columns(_count_lines(path)), {"": 0}, 0
    rows = jsonl.read(path)
    while filled < len(columns) and (batch := list(itertools.islice(rows, min(ROWS, len(columns) - filled)))):
        try:
            columns.fill(slice(filled, filled + len(batch)), batch, discards)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RunError(_first_bad(path, filled, batch), code="damaged") from error
        filled += len(batch)
    rows.close()
    return columns.table(path, filled, discards)


def records(source: Path | RunDir) -> Iterator[FrameRecord]:
    """Yields the records of a run one by one, in file order; a torn last line is left out. Raises as ``load_table``."""
    path = _metadata(source)
    for number, values in enumerate(jsonl.read(path), 1):
        wrong = wrong_field(values)
        if wrong:
            raise RunError(_bad_line(path, number, wrong), code="damaged", line=number)
        yield FrameRecord.from_mapping(values)


def wrong_field(values: Mapping[str, Any]) -> str | None:
    """Says which field of a record is not what docs/formats.md wants, and what came; ``None`` = all are right."""
    for name in REQUIRED:
        if values.get(name) is None:
            return f"{name} is {'null' if name in values else 'missing'}"
    for name, value in values.items():
        if name in FIELDS and value is not None:
            is_right, wanted = FIELDS[name]
            if not is_right(value):
                return f"{name} = {_shown(value)} is not {wanted}"
    return None


REQUIRED = ("frame_number", "pts_s")
NUMBERS = frozenset({int, float})
TEXT = frozenset({str})
NONE = type(None)
HEX = re.compile(r"[0-9a-fA-F]*")


def _is_number(value: Any) -> bool:
    return type(value) in NUMBERS


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_count, value))


def _is_hex(value: Any, digits: int) -> bool:
    return isinstance(value, str) and len(value) in (0, digits) and HEX.fullmatch(value) is not None


def _is_hash(value: Any) -> bool:
    return _is_hex(value, HASH_DIGITS)


def _is_rectangle(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_is_count, value))


def _are_colours(value: Any) -> bool:
    return _is_hex(value, COLOUR_DIGITS)


FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "frame_number": (_is_count, "a whole number from 0"),
    "shot_id": (_is_count, "a whole number from 0"),
    "pts_s": (_is_number, "a number of seconds"),
    "phash": (_is_hash, "16 hex digits"),
    "colours": (_are_colours, "72 hex digits"),
    "person_ids": (_are_ids, "a list of whole numbers from 0"),
    "letterbox": (_is_rectangle, "four whole numbers: x, y, width, height"),
    **dict.fromkeys(("filename", "discard_reason", "error", "subject_by"), (_is_text, "text")),
    **dict.fromkeys(FILTERABLE, (_is_number, "a number")),
}
"""Field -> whether a value that is not null is right, and what is wanted."""


def _shown(value: Any) -> str:
    text = jsonl.encode([{"": value}]).decode()[4:-2]
    return text if len(text) <= 60 else f"{text[:60]}..."


class _Columns:
    """Preallocated columns; a batch of records fills a range of rows."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.ordinal = np.empty(length, np.int64)
        self.pts_s = np.empty(length, np.float64)
        self.shot = np.empty(length, np.int64)
        self.phash = np.empty(length, np.uint64)
        self.has_phash = np.empty(length, np.bool_)
        self.colours = np.empty((length, COLOUR_DIGITS // 2), np.uint8)
        self.has_colours = np.empty(length, np.bool_)
        self.error = np.empty(length, np.bool_)
        self.discard = np.zeros(length, np.int16)
        self.on_disk = np.empty(length, np.bool_)
        self.values: dict[str, NDArray[np.float64]] = {}
        self.people: dict[int, list[int]] = {}
        self.letterbox = np.zeros((0, 4), np.uint32)

    def __len__(self) -> int:
        return self.length

    def fill(self, at: slice, batch: list[dict[str, Any]], discards: dict[str, int]) -> None:
        """Fills the rows ``at``; ``discards`` collects the discard reasons that were met, name -> code."""
        self.ordinal[at] = _integers([r["frame_number"] for r in batch])
        self.pts_s[at] = _of_types(NUMBERS, [r["pts_s"] for r in batch])
        self.shot[at] = _integers([-1 if (s := r.get("shot_id")) is None else s for r in batch])
        self.error[at] = [error is not None for error in _of_types(TEXT | {NONE}, [r.get("error") for r in batch])]
        self.on_disk[at] = [name is not None for name in _of_types(TEXT | {NONE}, [r.get("filename") for r in batch])]
        dropped = _of_types(TEXT | {NONE}, [r.get("discard_reason") for r in batch])
        self.discard[at] = [discards.setdefault(reason or "", len(discards)) for reason in dropped]
        if len(discards) > MOST_DISCARDS:
            raise ValueError("too many discard reasons")
        self.phash[at], self.has_phash[at] = hashes(_of_types(TEXT | {NONE}, [r.get("phash") for r in batch]))
        seen = _of_types(TEXT | {NONE}, [r.get("colours") for r in batch])
        self.colours[at], self.has_colours[at] = colours(seen)
        for name in FILTERABLE:
            self._fill_values(name, at, [r.get(name) for r in batch])
        self._fill_letterbox(at, [r.get("letterbox") for r in batch])
        for row, record in enumerate(batch, at.start):
            if ids := record.get("person_ids"):
                if not _are_ids(ids):
                    raise TypeError("person_ids is not a list of ids")
                for person in ids:
                    self.people.setdefault(person, []).append(row)

    def _fill_letterbox(self, at: slice, found: list[list[int] | None]) -> None:
        if found.count(None) == len(found):
            return
        if not all(one is None or _is_rectangle(one) for one in found):
            raise TypeError("letterbox is not four whole numbers")
        if len(self.letterbox) == 0:
            self.letterbox = np.zeros((self.length, 4), np.uint32)
        self.letterbox[at] = [one or (0, 0, 0, 0) for one in found]

    def _fill_values(self, name: str, at: slice, numbers: list[float | None]) -> None:
        if numbers.count(None) == len(numbers):
            if name in self.values:
                self.values[name][at] = np.nan
            return
        if name not in self.values:
            self.values[name] = np.full(self.length, np.nan)
        self.values[name][at] = np.array(_of_types(NUMBERS | {NONE}, numbers), dtype=np.float64)

    def table(self, path: Path, rows: int, discards: Mapping[str, int]) -> FrameTable:
        """Cuts the columns to ``rows`` and checks their order."""
        _check_order(path, self.ordinal[:rows])
        return FrameTable(
            ordinal=self.ordinal[:rows],
            pts_s=self.pts_s[:rows],
            shot=self.shot[:rows],
            phash=self.phash[:rows],
            has_phash=self.has_phash[:rows],
            colours=self.colours[:rows],
            has_colours=self.has_colours[:rows],
            error=self.error[:rows],
            discard=self.discard[:rows],
            discards=tuple(discards),
            on_disk=self.on_disk[:rows],
            values={name: self.values[name][:rows] for name in FILTERABLE if name in self.values},
            people={person: np.array(at, np.int64) for person, at in sorted(self.people.items())},
            letterbox=self.letterbox[:rows],
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
    raw, found = _bytes_of("phash", texts, HASH_DIGITS)
    return np.frombuffer(raw, dtype=">u8").astype(np.uint64), found


def colours(texts: list[str | None]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Turns the hex digits of coarse colours into numbers at once.

    Args:
        texts: F strings of 72 hex digits, or ``None``.

    Returns:
        (F, 36) uint8 (0 where there are none) and (F,) bool: there are some.

    Raises:
        ValueError: a text is not 72 hex digits.
    """
    raw, found = _bytes_of("colours", texts, COLOUR_DIGITS)
    return np.frombuffer(raw, np.uint8).reshape(-1, COLOUR_DIGITS // 2), found


def _bytes_of(name: str, texts: list[str | None], digits: int) -> tuple[bytes, NDArray[np.bool_]]:
    """The bytes of all texts, one after another, and which there are."""
    found = np.array([bool(text) for text in texts], dtype=np.bool_)
    none = "0" * digits
    filled = [text or none for text in texts]
    if set(map(len, filled)) - {digits}:
        raise ValueError(f"{name} is not {digits} hex digits")
    raw = bytes.fromhex("".join(filled))
    if 2 * len(raw) != digits * len(filled):  # fromhex skips blanks
        raise ValueError(f"{name} is not {digits} hex digits")
    return raw, found


def _metadata(source: Path | RunDir) -> Path:
    path = source.metadata if isinstance(source, RunDir) else Path(source)
    path = RunDir(path).metadata if path.is_dir() else path
    if not path.is_file():
        raise RunError(f"{path} is missing; run extract first.", code="no_run")
    return path


def _count_lines(path: Path) -> int:
    with open(path, "rb", buffering=0) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _of_types(types: frozenset[type], values: list[Any]) -> list[Any]:
    """The values; numpy alone would read "7" and true as numbers. Whose line is wrong is found out afterwards."""
    if not types.issuperset(map(type, values)):
        raise TypeError("a field has another type")
    return values


def _integers(numbers: list[Any]) -> NDArray[np.int64]:
    column = np.array(_of_types(frozenset({int}), numbers), dtype=np.int64)
    if column.min(initial=0) < -1:
        raise ValueError("a number is below zero")
    return column


def _check_order(path: Path, ordinal: NDArray[np.int64]) -> None:
    wrong = np.flatnonzero(np.diff(ordinal) <= 0)
    if len(wrong):
        at = int(wrong[0])
        before, after = int(ordinal[at]), int(ordinal[at + 1])
        what = f"frame {after} twice" if before == after else f"frame {after} after frame {before}"
        raise RunError(
            _bad_line(path, at + 2, f"{what}; records must be in ascending order"), code="damaged", line=at + 2
        )


def _first_bad(path: Path, start: int, batch: list[dict[str, Any]]) -> str:
    """Finds the record of a batch that is to blame: only after an error, so it may be slow."""
    for number, record in enumerate(batch, start + 1):
        wrong = wrong_field(record)
        if wrong:
            return _bad_line(path, number, wrong)
    return _bad_line(
        path, start + 1, "a field is not what docs/formats.md wants, there or in one of the lines after it"
    )


def _bad_line(path: Path, number: int, what: str) -> str:
    return (
        f"{path} line {number}: {what}; delete that line and all lines after it, then run extract again to resume "
        "from there."
    )
