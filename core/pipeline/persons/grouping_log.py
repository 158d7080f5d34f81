"""What grouping found and why: groups, decisions, near misses, suggestions, each with its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.pipeline.persons.candidates import Pairs
from core.store.persons import Tracklets


@dataclass
class Grouping:
    """Which tracklets are together, and why."""

    label: NDArray[np.int64]
    """(T,) int64 group of each tracklet from 0; -1 = nobody."""
    merges: list[dict[str, Any]] = field(default_factory=list)
    near: list[dict[str, Any]] = field(default_factory=list)
    suggested: list[tuple[float, int, int]] = field(default_factory=list)
    """(Likeness, place of a tracklet, place of another one): groups that may be one person, best first."""


SUGGESTS = (
    "face_similarity",
    "similarity",
    "rival",
    "groups_differ",
    "ambiguous",
    "area_ratio",
    "distance",
    "gap",
    "motion",
    "overlap",
)
"""Reasons that a person may overrule by a look."""


class GroupingLog:
    """Notes each decision and near miss, and what may be suggested."""

    def __init__(self, tracklets: Tracklets, found: Grouping, suggest: float) -> None:
        """Writes into ``found``; pairs from the likeness ``suggest`` on may be suggested."""
        self._ids, self._found, self._suggest = tracklets.tracklet_ids, found, suggest
        self._seen: set[tuple[int, int]] = set()

    def note(self, pairs: Pairs, at: int, by: str, reason: str, near: float, rival: float | None = None) -> None:
        """Notes one pair: why it stayed apart ("" = joined), and how near it was to being joined."""
        a, b = int(pairs.first[at]), int(pairs.second[at])
        entry: dict[str, Any] = {
            "tracklets": [int(self._ids[a]), int(self._ids[b])],
            "by": by,
            "reason": reason or "joined",
        } | numbers(pairs, at)
        if rival:
            entry["rival"] = round(rival, 4)
        if not reason:
            self._found.merges.append(entry)
            return
        self._found.near.append(entry | {"_near": near})
        likeness = float(pairs.similarity[at])
        if reason == "face_similarity":
            likeness = max(self._suggest, float(np.nan_to_num(likeness)))
        if reason in SUGGESTS and likeness >= self._suggest and (a, b) not in self._seen:
            self._seen.add((a, b))
            self._found.suggested.append((round(likeness, 4), a, b))


def numbers(pairs: Pairs, at: int) -> dict[str, Any]:
    """Returns the numbers of one pair as plain JSON values; ``null`` = not known."""
    similarity, face = float(pairs.similarity[at]), float(pairs.face[at])
    return {
        "gap": int(pairs.gap[at]),
        "distance": round(float(pairs.distance[at]), 1),
        "missed": round(float(pairs.missed[at]), 1),
        "area_ratio": round(float(pairs.ratio[at]), 3),
        "similarity": None if math.isnan(similarity) else round(similarity, 4),
        "face_similarity": None if math.isnan(face) else round(face, 4),
    }
