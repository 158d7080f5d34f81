"""Packs the records of a run for the browser: one binary answer with a JSON head and aligned little-endian columns.

Layout: uint32 length of the head, the head (UTF-8 JSON), zeros up to a multiple of 8, then the columns, each padded to
a multiple of 8 bytes. The head names each column, its type, its first byte and its length. What the rules are called,
and their order, is sent too, so that the browser states none of it again. ``people`` in the head lists
``[id, frames]``; the rows of their frames, one person after the other, are the column ``people``.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.colours import LIMITS
from core.pipeline import select
from core.records import FrameTable
from core.settings.columns import FILTERABLE, FLAGS, JUDGED, METRIC_NAMES, RANKED_BEFORE, RANKED_BY

HAS_HASH, HAS_ERROR, HAS_FILE, HAS_THUMB, HAS_COLOURS = 1, 2, 4, 8, 16
"""Bits of the column ``flags``."""

FOLDS = {
    "Parts of the score": (*JUDGED, "subject_detail", "sharpness_rank"),
    "Camera movement": ("displacement",),
    "Flags": FLAGS,
    "Face pose": ("face_frontality", "eyes_open", "yaw", "pitch", "roll"),
    "Quality of the subject": (*(f"subject_{name}" for name in METRIC_NAMES), "subject_quality_score"),
}
"""Columns whose filters are folded away until somebody wants them; the others are always seen."""

TYPES = {"f8": np.float64, "u4": np.uint32, "u2": np.uint16, "u1": np.uint8}


def pack(table: FrameTable, thumbs: NDArray[np.int64]) -> bytes:
    """Returns the binary answer.

    Args:
        table: F records.
        thumbs: (T,) int64 ordinals that have a preview file.
    """
    discards = sorted(table.discards)
    place_of = {name: place for place, name in enumerate(discards)}
    places = np.array([place_of[name] for name in table.discards], np.uint16)
    columns: list[tuple[str, str, NDArray[Any]]] = [
        ("ordinal", "f8", table.ordinal),
        ("pts_s", "f8", table.pts_s),
        ("shot", "f8", table.shot),
        ("hash_high", "u4", table.phash >> np.uint64(32)),
        ("hash_low", "u4", table.phash & np.uint64(0xFFFFFFFF)),
        ("colours", "u1", table.colours.ravel()),
        ("discard", "u2", places[table.discard]),
        ("flags", "u1", _flags(table, thumbs)),
        ("letterbox", "u4", table.letterbox.ravel()),
        *((f"value:{name}", "f8", column) for name, column in table.values.items()),
        ("people", "u4", np.concatenate([np.zeros(0, np.int64), *table.people.values()])),
    ]
    people = [[person, len(rows)] for person, rows in table.people.items()]
    return _joined({"frames": len(table), "discards": discards, "people": people}, columns)


def _flags(table: FrameTable, thumbs: NDArray[np.int64]) -> NDArray[np.uint8]:
    flags = table.has_phash * HAS_HASH + table.error * HAS_ERROR + table.on_disk * HAS_FILE
    flags = flags + table.has_colours * HAS_COLOURS
    return np.asarray(flags + np.isin(table.ordinal, thumbs) * HAS_THUMB, np.uint8)


def _joined(head: dict[str, Any], columns: list[tuple[str, str, NDArray[Any]]]) -> bytes:
    bodies, entries, at = [], [], 0
    for name, kind, column in columns:
        body = np.ascontiguousarray(column, dtype=np.dtype(TYPES[kind]).newbyteorder("<")).tobytes()
        entries.append({"name": name, "type": kind, "at": at, "length": len(column)})
        bodies.append(_padded(body))
        at += len(bodies[-1])
    text = json.dumps(head | {"columns": entries, "rules": _rules()}).encode()
    return _padded(len(text).to_bytes(4, "little") + text) + b"".join(bodies)


def _rules() -> dict[str, Any]:
    return {
        "columns": list(FILTERABLE),
        "reasons": list(select.REASONS),
        "reason_of": {name: select.reason_of(name) for name in FILTERABLE},
        "flags": list(FLAGS),
        "folds": [[name, list(columns)] for name, columns in FOLDS.items()],
        "lower_is_better": list(select.LOWER_IS_BETTER),
        "quotas": list(select.QUOTAS),
        "steps": select.STEPS,
        "colour_limits": LIMITS.tolist(),
        "ranked": {"by": RANKED_BY, "before": RANKED_BEFORE},
    }


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)
