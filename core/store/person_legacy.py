"""What older scripts load: object arrays, and crops as a pickle. Written only where it is asked for, never read."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.store.persons import Persons, Tracklets

PROTOCOL = 3
"""The newest without frames, so that a dictionary can be written piece by piece."""


def persons_array(persons: Persons) -> dict[str, NDArray[Any]]:
    """Returns ``persons``: an object array of ``{"person_id", "frame_numbers", "bboxes", "confidences"}``."""
    found = np.empty(len(persons), object)
    for at, person in enumerate(persons.person_ids.tolist()):
        rows = slice(int(persons.indptr[at]), int(persons.indptr[at + 1]))
        found[at] = {
            "person_id": person,
            "frame_numbers": persons.frame_numbers[rows],
            "bboxes": persons.bboxes[rows],
            "confidences": persons.confidences[rows],
            "tracklet_ids": (np.flatnonzero(persons.tracklet_person == person) + 1).tolist(),
        }
    return {"persons": found}


def tracklets_array(tracklets: Tracklets) -> dict[str, NDArray[Any]]:
    """Returns ``tracklets``: an object array of ``{"tracklet_id", "frame_numbers", "bboxes", "confidences"}``."""
    found = np.empty(len(tracklets), object)
    for at, tracklet in enumerate(tracklets.tracklet_ids.tolist()):
        rows = slice(int(tracklets.indptr[at]), int(tracklets.indptr[at + 1]))
        found[at] = {
            "tracklet_id": tracklet,
            "frame_numbers": tracklets.frame_numbers[rows],
            "bboxes": tracklets.bboxes[rows],
            "confidences": tracklets.confidences[rows],
        }
    return {"tracklets": found}


def write_crops(path: Path, frames: Iterable[tuple[int, Mapping[int, NDArray[np.uint8]]]]) -> int:
    """Writes ``{frame: {index within the frame: picture}}`` frame by frame and returns how many pictures it holds.

    Only one frame is in memory at a time. The reader uses nothing but ``pickle.load``.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    count = 0
    with files.atomic(path) as file:
        file.write(pickle.PROTO + bytes([PROTOCOL]) + pickle.EMPTY_DICT)
        for frame, crops in frames:
            file.write(pickle.MARK + _body(int(frame)) + _body(dict(crops)) + pickle.SETITEMS)
            count += len(crops)
        file.write(pickle.STOP)
    return count


def _body(value: Any) -> bytes:
    """A pickled value without its beginning and its end. It only looks up what it has itself remembered."""
    return pickle.dumps(value, PROTOCOL)[2:-1]
