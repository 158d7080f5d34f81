"""``cuts.json``: cuts that were found, and those that people added or took away, which survive a new detection."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import files
from core.errors import RunError

SCHEMA = 1
Shots = list[tuple[int, int]]


@dataclass(frozen=True)
class Cuts:
    """Ordinals at which shots begin, without 0."""

    found: tuple[int, ...] | None = None
    """By a detector; ``None`` = nobody looked."""
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()

    def with_cut(self, ordinal: int) -> Cuts:
        """Returns them with a cut made by hand."""
        added = tuple(sorted({*self.added, ordinal}))
        return dataclasses.replace(self, added=added, removed=tuple(c for c in self.removed if c != ordinal))

    def without_cut(self, ordinal: int) -> Cuts:
        """Returns them with a cut taken away by hand."""
        removed = tuple(sorted({*self.removed, ordinal}))
        return dataclasses.replace(self, removed=removed, added=tuple(c for c in self.added if c != ordinal))

    def shots(self, frames: int) -> Shots:
        """Returns ``[start, end)`` ordinals of the shots of a video of so many frames."""
        cuts = {*(self.found or ()), *self.added} - set(self.removed)
        return shots_between(cuts, frames)


def shots_between(cuts: Iterable[int], frames: int) -> Shots:
    """Returns the shots that cuts make; those outside of the video count for nothing."""
    edges = [0, *sorted(c for c in set(cuts) if 0 < c < frames), frames]
    return [(a, b) for a, b in itertools.pairwise(edges) if b > a]


def found_again(path: Path, shots: Shots, frames: int) -> Shots:
    """Notes what a detector found now and returns the shots with the cuts made by hand; no file is made for none.

    Raises:
        RunError: the file is damaged. StorageError: it cannot be written.
    """
    there = read(path)
    if there is None:
        return shots
    now = dataclasses.replace(there, found=tuple(start for start, _ in shots if start))
    write(path, now)
    return now.shots(frames)


def write(path: Path, cuts: Cuts) -> None:
    """Writes the file atomically. Raises ``StorageError``."""
    values = {"schema": SCHEMA, "found": None if cuts.found is None else list(cuts.found)}
    files.write_json(path, values | {"added": list(cuts.added), "removed": list(cuts.removed)}, indent=None)


def read(path: Path) -> Cuts | None:
    """Reads the file; ``None``: no cut was ever changed by hand. Raises ``RunError``: it is damaged."""
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        return None
    try:
        if not isinstance(values, dict) or values.get("schema") != SCHEMA:
            raise ValueError(f"it is no object of schema {SCHEMA}")
        found = values["found"]
        return Cuts(None if found is None else _numbers(found), _numbers(values["added"]), _numbers(values["removed"]))
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(
            f"{path} is damaged ({error}); restore it, or delete it, which forgets the cuts made by hand.",
            code="damaged",
        ) from error


def _numbers(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list) or not all(type(value) is int and value >= 0 for value in values):
        raise ValueError("cuts are wanted as a list of frame numbers")
    return tuple(sorted(set(values)))
