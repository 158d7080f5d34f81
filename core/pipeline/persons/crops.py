"""Stage 4a: what each tracklet looks like, from a few of its crops; and the best crops of anybody."""

from __future__ import annotations

from collections.abc import Callable, Container, Generator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from core.geometry import area
from core.metrics import appearance
from core.store.person_crops import Crops
from core.store.persons import Appearances, Persons, Tracklets
from core.video import images
from core.video.stream import threads_to_use

DESCRIBED = 10
"""Crops of a tracklet that are described, spread in time."""
AT_EDGE = 0.5
"""What a crop counts that the edge of the picture cuts off."""
LOOKED_AT = 3
"""Crops of each part of time among which the sharpest is shown."""
PART = 64
"""Tracklets between two reports."""
Describe = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def worth(boxes: NDArray[np.float32], confidences: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Returns (N,) float32: how much a crop is likely to show: sure, large, not cut off by the edge of the picture."""
    inside = (boxes[:, :2] > 1).all(axis=1) & (boxes[:, 2] < width - 1) & (boxes[:, 3] < height - 1)
    size = np.sqrt(area(boxes))
    found: NDArray[np.float32] = confidences * size * np.where(inside, np.float32(1), np.float32(AT_EDGE))
    return found


def best_of_parts(
    indptr: NDArray[np.int64], score: NDArray[np.float32], there: NDArray[np.bool_], parts: int, each: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns places of rows and the group of each: the best ``each`` of every part of every group, group by group.

    Args:
        indptr: (G + 1,) int64: rows of each group.
        score: (N,) float32, more is better.
        there: (N,) bool: rows that can be taken.
        parts: into how many parts of equal length each group is divided.
        each: rows of a part.
    """
    rows = np.flatnonzero(there)
    sizes = np.diff(indptr)
    owner = np.repeat(np.arange(len(sizes)), sizes)[rows]
    part = (rows - indptr[owner]) * parts // np.maximum(sizes[owner], 1)
    cell = owner * parts + part
    order = np.lexsort((-score[rows], cell))
    sorted_cell = cell[order]
    start = np.flatnonzero(np.diff(sorted_cell, prepend=-1))
    rank = np.arange(len(order)) - np.repeat(start, np.diff(start, append=len(order)))
    chosen = order[rank < each]
    return rows[chosen], owner[chosen]


def describe_tracklets(
    tracklets: Tracklets,
    crops: Crops,
    width: int,
    height: int,
    describe: Describe = appearance.describe,
    kind: str = appearance.KIND,
) -> Generator[int, None, Appearances]:
    """Yields how many crops are described; returns their vectors and one of each tracklet, zeros where it has no crop.

    Args:
        tracklets: of stage 2.
        crops: of stage 1.
        width: of the picture, pixels.
        height: likewise.
        describe: makes a unit vector of a crop; called by several threads at once.
        kind: names what ``describe`` makes.
    """
    score = worth(tracklets.bboxes, tracklets.confidences, width, height)
    places, owner = best_of_parts(tracklets.indptr, score, crops.has[tracklets.detection_rows], DESCRIBED)
    rows = tracklets.detection_rows[places].tolist()

    def one(row: int) -> NDArray[np.float32]:
        jpeg = crops.jpeg(row)
        assert jpeg is not None, "only rows with a crop are chosen"
        return describe(images.decode_jpeg(jpeg))

    parts: list[NDArray[np.float32]] = []
    with ThreadPoolExecutor(threads_to_use()) as pool:
        for start in range(0, len(rows), PART):
            parts.append(np.stack(list(pool.map(one, rows[start : start + PART]))))
            yield start + len(parts[-1])
    if not parts:
        return Appearances(np.zeros((len(tracklets), appearance.LENGTH), np.float32), kind)
    found = np.concatenate(parts)
    sums = np.zeros((len(tracklets), found.shape[1]), np.float32)
    np.add.at(sums, owner, found)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    order = np.argsort(places)
    vectors = np.asarray(sums / np.maximum(norms, 1e-9), np.float32)
    return Appearances(
        vectors, kind, places[order].astype(np.int64), found[order].astype(np.float16).astype(np.float32)
    )


def best_crops(
    persons: Persons, crops: Crops, width: int, height: int, count: int, only: Container[int] | None = None
) -> dict[int, list[tuple[int, NDArray[np.uint8]]]]:
    """Returns the best crops of each person, in the order of time: id -> [(ordinal, (256, 128, 3) uint8 RGB)].

    The time of a person is cut into ``count`` parts; of the likeliest crops of each the sharpest is taken.

    Args:
        persons: of stage 4.
        crops: of stage 1.
        width: of the picture, pixels.
        height: likewise.
        count: crops of a person, at most.
        only: ids of those who are wanted; ``None`` = all.
    """
    score = worth(persons.bboxes, persons.confidences, width, height)
    has = crops.has[persons.detection_rows]
    if only is not None:
        wanted = np.array([person in only for person in persons.person_ids.tolist()], np.bool_)
        has &= np.repeat(wanted, np.diff(persons.indptr))
    places, owner = best_of_parts(persons.indptr, score, has, count, LOOKED_AT)
    found: dict[int, list[tuple[int, NDArray[np.uint8]]]] = {}
    part = (places - persons.indptr[owner]) * count // np.maximum(np.diff(persons.indptr)[owner], 1)
    for cell in np.split(np.arange(len(places)), np.flatnonzero(np.diff(owner * count + part)) + 1):
        shown: list[tuple[float, int, NDArray[np.uint8]]] = []
        for at in places[cell].tolist():
            jpeg = crops.jpeg(int(persons.detection_rows[at]))
            if jpeg is not None:
                picture = images.decode_jpeg(jpeg)
                sharp = appearance.sharpness(picture) ** 0.25
                shown.append((float(score[at]) * sharp, int(persons.frame_numbers[at]), picture))
        if shown:
            _, ordinal, picture = max(shown, key=lambda one: one[0])
            found.setdefault(int(persons.person_ids[owner[cell[0]]]), []).append((ordinal, picture))
    return found
