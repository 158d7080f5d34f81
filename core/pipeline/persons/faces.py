"""Faces that were read in runs of the video, as evidence for who is who. No model is opened, nothing is read anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import log
from core.errors import RunError
from core.pipeline.persons.anchors import Finder
from core.pipeline.persons.home import runs_of
from core.store import face_file, persons, run_file
from core.store import faces as face_store
from core.store.person_dir import PersonDir
from core.store.person_edits import Anchor, Edits
from core.store.persons import Persons, Tracklets
from core.store.run import RunDir

LEAST = 2
"""Faces from which somebody is known by them."""


@dataclass(frozen=True, eq=False)
class VideoFaces:
    """All faces of a video, N of them, read by one model."""

    model: str
    """Name of the pack or of its folder."""
    digest: str
    anchors: list[Anchor]
    vectors: NDArray[np.float32]
    """(N, D) unit vectors."""
    person: NDArray[np.int64]
    """(N,) the id of the person whose group holds the face; -1 = none."""


def faces_of_video(folder: PersonDir) -> VideoFaces | None:
    """Returns the faces of all runs of the video; of several models those of most faces. ``None`` = there are none."""
    found: dict[str, list[tuple[str, list[Anchor], NDArray[np.float32], NDArray[np.int64]]]] = {}
    for run in _runs(folder):
        try:
            state = face_file.read(run.face_file)
            if state is None:
                continue
            table = face_store.load(run, state.dimension)
        except RunError as error:
            log.get().warning("faces of %s are no evidence: %s", run.path, error)
            continue
        person = np.full(len(table), -1, np.int64)
        for group in state.face_groups or () if state.old_names is None else ():
            person[[row for row in group.rows if row < len(table)]] = group.person
        boxes = np.round(table.boxes.astype(np.float64), 2).tolist()
        anchors: list[Anchor] = [(f, *box) for f, box in zip(table.frame.tolist(), boxes, strict=True)]
        if anchors:
            found.setdefault(state.digest, []).append((state.model, anchors, np.array(table.vectors), person))
    if not found:
        return None
    digest, parts = max(found.items(), key=lambda item: (sum(len(part[1]) for part in item[1]), item[0]))
    anchors = [anchor for part in parts for anchor in part[1]]
    vectors, person = np.concatenate([part[2] for part in parts]), np.concatenate([part[3] for part in parts])
    return VideoFaces(parts[0][0], digest, anchors, vectors, person)


def _runs(folder: PersonDir) -> list[RunDir]:
    home = RunDir(folder.path.parent)
    if home.persons != folder.path:
        return []
    if not folder.about.exists():  # no bodies were looked for
        return runs_of(run_file.read(home.run_json).video, home.path.parent) if home.run_json.exists() else []
    return runs_of(persons.read_about(folder.about).video, home.path.parent)


def of_tracklets(tracklets: Tracklets | Persons, faces: VideoFaces | None, count: int) -> NDArray[np.float32] | None:
    """Returns (count, D) float32: the mean direction of the faces of each, zeros = fewer than ``LEAST``.

    Args:
        tracklets: T tracklets, or persons.
        faces: of the video; ``None`` = there are none, then ``None`` comes back.
        count: T.
    """
    if faces is None:
        return None
    places = Finder(tracklets).bodies_of(faces.anchors)
    good = places >= 0
    sums = np.zeros((count, faces.vectors.shape[1]), np.float32)
    np.add.at(sums, places[good], faces.vectors[good])
    sums[np.bincount(places[good], minlength=count) < LEAST] = 0
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), np.float32)


def of_persons(found: Persons | None, faces: VideoFaces, edits: Edits) -> dict[int, NDArray[np.float32]]:
    """Returns id -> (D,) mean direction of the faces of each person, by body, else by groups of faces."""
    means: dict[int, NDArray[np.float32]] = {}
    now = np.array([edits.now(person) if person >= 0 else -1 for person in faces.person.tolist()], np.int64)
    for person in np.unique(now[now >= 0]).tolist():
        means[person] = _mean(faces.vectors[now == person])
    if found is not None and len(found):
        bodies = of_tracklets(found, faces, len(found))
        assert bodies is not None
        for person, vector in zip(found.person_ids.tolist(), bodies, strict=True):
            if vector.any():
                means[person] = vector
    return means


def _mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)
