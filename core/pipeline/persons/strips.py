"""The best crops of persons by the rows of the detections, for a page that fetches the pictures itself.

As ``crops.best_crops``, which gives the pictures; how sharp a crop is, is remembered, since groupings change often.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from core.metrics import appearance
from core.pipeline.persons.crops import LOOKED_AT, best_of_parts, worth
from core.store.person_crops import Crops
from core.store.persons import Persons
from core.video import images

Strip = list[tuple[int, int]]
"""(Row of the detections, ordinal), in the order of time."""


def strips(
    persons: Persons,
    crops: Crops,
    size: tuple[int, int],
    count: int,
    only: Collection[int],
    sharpness: dict[int, float],
) -> dict[int, Strip]:
    """Returns the best crops of some persons: the time of each is cut into parts, the sharpest of each part is taken.

    Args:
        persons: of stage 4.
        crops: of stage 1.
        size: width and height of the picture, pixels.
        count: crops of a person, at most.
        only: ids of those who are wanted.
        sharpness: by row of the detections; what is measured is added.
    """
    score = worth(persons.bboxes, persons.confidences, *size)
    wanted = np.isin(persons.person_ids, list(only))
    has = crops.has[persons.detection_rows] & np.repeat(wanted, np.diff(persons.indptr))
    places, owner = best_of_parts(persons.indptr, score, has, count, LOOKED_AT)
    part = (places - persons.indptr[owner]) * count // np.maximum(np.diff(persons.indptr)[owner], 1)
    found: dict[int, Strip] = {}
    for cell in np.split(np.arange(len(places)), np.flatnonzero(np.diff(owner * count + part)) + 1):
        if not len(cell):
            continue
        rows = [(at, int(persons.detection_rows[at])) for at in places[cell].tolist()]
        best = max(rows, key=lambda one: float(score[one[0]]) * _sharp(crops, one[1], sharpness))
        person = int(persons.person_ids[owner[cell[0]]])
        found.setdefault(person, []).append((best[1], int(persons.frame_numbers[best[0]])))
    return found


def _sharp(crops: Crops, row: int, sharpness: dict[int, float]) -> float:
    if row not in sharpness:
        jpeg = crops.jpeg(row)
        sharpness[row] = 0.0 if jpeg is None else appearance.sharpness(images.decode_jpeg(jpeg)) ** 0.25
    return sharpness[row]


def reel(persons: Persons, crops: Crops, person: int, most: int) -> Strip:
    """Returns crops of a person from its first frame to its last, evenly spread, ``most`` of them at most."""
    rows = persons.rows(person)
    there = np.flatnonzero(crops.has[persons.detection_rows[rows]]) + rows.start
    chosen: NDArray[np.int64] = there[np.linspace(0, len(there) - 1, min(most, len(there))).round().astype(np.int64)]
    pairs = zip(persons.detection_rows[chosen].tolist(), persons.frame_numbers[chosen].tolist(), strict=True)
    return list(pairs)
