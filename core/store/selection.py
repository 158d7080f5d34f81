"""Reads and writes selection.json (the frames that a filter kept) and shots.json. How frames are chosen: pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core import files
from core.errors import RunError, SettingsError
from core.records import FrameTable
from core.settings.filter import FilterSettings
from core.settings.model import LARGEST, from_mapping, to_mapping

SCHEMA = 1


@dataclass(frozen=True)
class MadeFrom:
    """The state of the run when the selection was made, to notice that it is stale."""

    records: int
    """How many records the run had."""
    quality_weights: tuple[float, ...]
    """The five weights in force then."""


@dataclass(frozen=True, eq=False)
class SavedSelection:
    """What ``selection.json`` holds."""

    filters: FilterSettings | None
    """With the manual keeps and rejects; ``None`` = the ordinals were chosen outside of the program."""
    kept: NDArray[np.int64]
    """(K,) int64 ordinals, ascending."""
    digest: str
    """Of ``kept``."""
    made_from: MadeFrom | None = None
    """``None`` = not known."""


def digest(kept: ArrayLike) -> str:
    """Returns the digest of a selection: SHA-256 (64 hex digits) of its ordinals as little-endian int64."""
    return hashlib.sha256(np.asarray(kept, dtype="<i8").tobytes()).hexdigest()


def write(path: Path, filters: FilterSettings, kept: ArrayLike, made_from: MadeFrom | None = None) -> SavedSelection:
    """Writes ``selection.json`` atomically and returns what it holds. Raises ``StorageError`` when it cannot."""
    ordinals = np.asarray(kept, dtype=np.int64)
    saved = SavedSelection(filters, ordinals, digest(ordinals), made_from)
    values: dict[str, Any] = {"schema": SCHEMA, "digest": saved.digest, "filter": to_mapping(filters)}
    if made_from is not None:
        weights = [float(weight) for weight in made_from.quality_weights]
        values["made_from"] = {"records": int(made_from.records), "quality_weights": weights}
    files.write_json(path, values | {"kept": ordinals.tolist()}, indent=None)
    return saved


def read(path: Path) -> SavedSelection | None:
    """Reads ``selection.json``, or a list of ordinals that was written by hand; ``None`` when there is no such file.

    Such a list is ``[12, 48, 103]`` or ``{"kept": [12, 48, 103]}``, in any order.

    Raises:
        RunError: it holds something else, its digest and its ordinals disagree, or it is of a newer program.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        return None
    if isinstance(values, list):
        values = {"kept": values}
    if not isinstance(values, dict) or "kept" not in values:
        raise RunError(
            f"{path} holds no frame numbers; write a list such as [12, 48, 103], or filter the run again.",
            code="damaged",
        )
    return _parse(path, values)


def stale(saved: SavedSelection, table: FrameTable, weights: Sequence[float]) -> str | None:
    """Returns one sentence on why the filters of a saved selection may keep other frames now; ``None`` = they do not.

    Args:
        saved: from ``read``.
        table: the records of the run as they are now.
        weights: the run's quality weights now.
    """
    was = saved.made_from
    if was is None:
        return None
    if was.records != len(table):
        return f"the selection was made from {was.records} records and the run has {len(table)} now; filter it again."
    if was.quality_weights != tuple(map(float, weights)):
        before, now = (" ".join(f"{w:g}" for w in row) for row in (was.quality_weights, weights))
        return f"the selection was made with the quality weights {before} and the run has {now} now; filter it again."
    return None


def write_shots(path: Path, shots: ArrayLike) -> None:
    """Writes ``shots.json`` atomically. Raises as ``read_shots``, and ``StorageError``.

    Args:
        path: the file.
        shots: (S, 2) int64 ordinals, ``[start, end)`` each, ascending, not overlapping.
    """
    files.write_json(path, _checked_shots(path, shots).tolist(), indent=None)


def read_shots(path: Path) -> NDArray[np.int64] | None:
    """Returns (S, 2) int64 ordinals, ``[start, end)`` each, ascending; ``None`` when shots were never asked for.

    Raises:
        RunError: the file is not such a list.
    """
    try:
        return _checked_shots(path, files.read_json(path))
    except FileNotFoundError:
        return None


def _parse(path: Path, values: dict[str, Any]) -> SavedSelection:
    schema, kept, stated = values.get("schema", SCHEMA), values["kept"], values.get("digest")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise RunError(
            f"{path} has schema {schema}, this program reads up to {SCHEMA}; update the program.", code="newer_schema"
        )
    if not isinstance(kept, list):
        raise RunError(
            f'{path}: "kept" is not a list of frame numbers; write for example [12, 48, 103].', code="damaged"
        )
    for ordinal in kept:
        if type(ordinal) is not int or not 0 <= ordinal <= LARGEST:
            raise RunError(f'{path}: "kept" holds {ordinal!r}; frame numbers are whole numbers from 0.', code="damaged")
    if stated is not None and stated != digest(kept):
        raise RunError(
            f'{path} was changed after it was written: its "digest" belongs to other frames. Take the "digest" out to '
            "use it as it is now, or filter the run again.",
            code="other_digest",
        )
    ordinals = np.unique(np.array(kept, dtype=np.int64))
    return SavedSelection(_filters(path, values), ordinals, digest(ordinals), _made_from(path, values))


def _filters(path: Path, values: dict[str, Any]) -> FilterSettings | None:
    if values.get("filter") is None:
        return None
    if not isinstance(values["filter"], dict):
        raise RunError(
            f'{path}: "filter" is not an object of settings; take it out or filter the run again.', code="damaged"
        )
    try:
        return from_mapping(FilterSettings, values["filter"])
    except SettingsError as error:
        raise RunError(f'{path}: in "filter", {error} Take it out or filter the run again.', code="damaged") from error


def _made_from(path: Path, values: dict[str, Any]) -> MadeFrom | None:
    made_from = values.get("made_from")
    if made_from is None:
        return None
    weights = made_from.get("quality_weights") if isinstance(made_from, dict) else None
    if (
        not isinstance(made_from, dict)
        or type(made_from.get("records")) is not int
        or not isinstance(weights, list)
        or not all(type(weight) in (int, float) for weight in weights)
    ):
        raise RunError(
            f'{path}: "made_from" does not hold "records" and "quality_weights"; take it out or filter the run again.',
            code="damaged",
        )
    return MadeFrom(made_from["records"], tuple(map(float, weights)))


def _checked_shots(path: Path, shots: Any) -> NDArray[np.int64]:
    try:
        table = np.asarray(shots)
        if table.size and table.dtype.kind not in "iu":
            raise ValueError("not integers")
        table = table.astype(np.int64).reshape(len(shots), 2)
    except (TypeError, ValueError, OverflowError) as error:
        raise RunError(
            f"{path} does not hold pairs [start, end); delete it and find the shots again.", code="damaged"
        ) from error
    edges = table.ravel()
    if (table[:, 0] >= table[:, 1]).any() or (np.diff(edges) < 0).any() or (edges < 0).any():
        raise RunError(
            f"{path}: shots must be ascending and not overlap; delete it and find the shots again.", code="damaged"
        )
    return table
