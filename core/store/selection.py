"""selection.json and shots.json: what a filter kept, and where the video cuts. Which frames to keep: core/pipeline."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core import config
from core.config import FilterSettings
from core.errors import RunError, SettingsError
from core.store import files

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class SavedSelection:
    """What ``selection.json`` holds."""

    filters: FilterSettings
    """With the manual keeps and rejects."""
    kept: NDArray[np.int64]
    """(K,) int64 ordinals, ascending."""
    digest: str
    """Of ``kept``."""


def digest(kept: ArrayLike) -> str:
    """Returns the digest of a selection: SHA-256 (64 hex digits) of its ordinals as little-endian int64."""
    return hashlib.sha256(np.asarray(kept, dtype="<i8").tobytes()).hexdigest()


def write(path: Path, filters: FilterSettings, kept: ArrayLike) -> SavedSelection:
    """Writes ``selection.json`` atomically and returns what it holds. Raises ``StorageError`` when it cannot."""
    ordinals = np.asarray(kept, dtype=np.int64)
    saved = SavedSelection(filters=filters, kept=ordinals, digest=digest(ordinals))
    values = {
        "schema": SCHEMA,
        "digest": saved.digest,
        "filter": config.to_mapping(filters),
        "kept": ordinals.tolist(),
    }
    files.write_json(path, values, indent=None)
    return saved


def read(path: Path) -> SavedSelection | None:
    """Reads ``selection.json``; ``None`` when there is none.

    Raises:
        RunError: it is damaged, was edited so that digest and ordinals disagree, or is of a newer program.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        return None
    try:
        return _parse(path, values)
    except (KeyError, TypeError, ValueError, OverflowError, SettingsError) as error:
        raise RunError(f"{path} is damaged ({error}); delete it and filter the run again.") from error


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


def _parse(path: Path, values: Any) -> SavedSelection:
    if values["schema"] > SCHEMA:
        raise RunError(f"{path} has schema {values['schema']}, this program reads up to {SCHEMA}; update the program.")
    kept = np.array(values["kept"], dtype=np.int64)
    if values["digest"] != digest(kept):
        raise ValueError("digest and kept ordinals disagree")
    filters = config.from_mapping(FilterSettings, values["filter"])
    return SavedSelection(filters=filters, kept=kept, digest=values["digest"])


def _checked_shots(path: Path, shots: Any) -> NDArray[np.int64]:
    try:
        table = np.asarray(shots, dtype=np.int64).reshape(len(shots), 2)
    except (TypeError, ValueError, OverflowError) as error:
        raise RunError(f"{path} does not hold pairs [start, end); delete it and find the shots again.") from error
    edges = table.ravel()
    if (table[:, 0] >= table[:, 1]).any() or (np.diff(edges) < 0).any() or (edges < 0).any():
        raise RunError(f"{path}: shots must be ascending and not overlap; delete it and find the shots again.")
    return table
