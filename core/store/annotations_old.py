"""``annotations.json`` of the original annotation tool: ``{"22": {"points": [[x, y], ...], "labels": [1, 0]}}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import files
from core.errors import RunError


@dataclass(frozen=True)
class OldNote:
    """The points on the first frame of one segment."""

    points: tuple[tuple[float, float], ...]
    labels: tuple[int, ...]


def is_old(values: Any) -> bool:
    """Whether JSON values are such a file: an object whose keys are numbers of segments."""
    return isinstance(values, dict) and bool(values) and all(str(key).strip().isdigit() for key in values)


def read_old(path: Path) -> Mapping[int, OldNote] | None:
    """Reads such a file: number of the segment -> what was said of it; ``None`` = it is of another kind.

    Raises:
        RunError: it is absent, or damaged.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        raise RunError(f"{path} does not exist; name an annotations.json.", code="missing") from None
    if not is_old(values):
        return None
    try:
        return {int(key): _note(value) for key, value in values.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError(f"{path} is damaged ({error}); restore it from a copy.", code="damaged") from error


def _note(value: Mapping[str, Any]) -> OldNote:
    points = tuple((float(x), float(y)) for x, y in value["points"])
    labels = tuple(int(label) for label in value.get("labels", [1] * len(points)))
    if len(points) != len(labels) or not set(labels) <= {0, 1}:
        raise ValueError("its labels do not fit its points")
    return OldNote(points, labels)
