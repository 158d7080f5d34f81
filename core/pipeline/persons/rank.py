"""Stage 5: who is likely the primary person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.geometry import area
from core.pipeline.persons.analyse import motion
from core.pipeline.persons.detect import shots_of
from core.settings.persons import PersonRank
from core.store.persons import Persons, RawDetections


def rank(
    persons: Persons,
    detections: RawDetections,
    settings: PersonRank,
    width: int,
    height: int,
    names: Mapping[int, str] | None = None,
) -> list[dict[str, Any]]:
    """Returns the persons, highest score first, as plain JSON values: what ``ranking_results.json`` holds.

    ``duration`` = frames / those of the longest person; ``coverage`` = frames / (last - first + 1); ``centre`` = 1 -
    mean distance of the box from the middle of the picture / half of its diagonal; ``smoothness`` = 1 / (1 + jitter /
    mean height of the box), jitter as ``analyse.motion``; ``score`` = their weighted mean.

    Args:
        persons: of stage 4.
        detections: of stage 1, for the shots.
        settings: the weights.
        width: of the picture, pixels.
        height: likewise.
        names: id -> name, where one was given.
    """
    if not len(persons):
        return []
    count, owner, boxes = len(persons), persons.owner, persons.bboxes
    frames = np.diff(persons.indptr)
    first, last = persons.frame_numbers[persons.indptr[:-1]], persons.frame_numbers[persons.indptr[1:] - 1]

    def mean(values: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(owner, values, count) / frames, np.float64)

    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 - np.array([width, height], np.float32) / 2
    away = np.hypot(middle[:, 0], middle[:, 1]) / (np.hypot(width, height) / 2)
    _, jitter = motion(boxes, persons.frame_numbers, owner, count)
    tall = np.maximum(mean(boxes[:, 3] - boxes[:, 1]), 1e-6)
    parts = {
        "duration": frames / frames.max(),
        "coverage": frames / (last - first + 1),
        "centre": np.clip(1 - mean(away), 0, 1),
        "smoothness": 1 / (1 + jitter / tall),
    }
    weights = {name: float(getattr(settings, f"rank_{name}")) for name in parts}
    total = sum(weights.values()) or 1.0
    score = sum((weights[name] * part for name, part in parts.items()), np.zeros(count)) / total
    shot = shots_of(detections, persons.frame_numbers)
    shots = np.bincount(owner[_first_of(owner, shot)], minlength=count)
    sure, mean_area = mean(persons.confidences), mean(area(boxes))
    found = []
    for place, at in enumerate(np.lexsort((persons.person_ids, -score)).tolist()):
        found.append(
            {
                "rank": place + 1,
                "person_id": int(persons.person_ids[at]),
                "name": (names or {}).get(int(persons.person_ids[at]), ""),
                "score": round(float(score[at]), 6),
                **{name: round(float(part[at]), 6) for name, part in parts.items()},
                "frames": int(frames[at]),
                "start_frame": int(first[at]),
                "end_frame": int(last[at]),
                "shots": int(shots[at]),
                "confidence": round(float(sure[at]), 4),
                "mean_area_px": round(float(mean_area[at]), 1),
            }
        )
    return found


def _first_of(owner: NDArray[np.int64], shot: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) bool: the first row of each shot of each person."""
    first = np.ones(len(owner), np.bool_)
    first[1:] = (owner[1:] != owner[:-1]) | (shot[1:] != shot[:-1])
    return first
