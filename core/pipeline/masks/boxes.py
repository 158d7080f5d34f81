"""Who is to be seen in a frame: bodies and faces that were found in the video, or that the masker's network sees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.errors import CacheError
from core.geometry import iou
from core.pipeline.detect import folders_for
from core.pipeline.masks.home import Home
from core.pipeline.persons.home import persons_of_run
from core.records import Detections
from core.store import detections, face_file, faces, persons, run_file
from core.store.detections import DetectionCache
from core.store.faces import FaceTable
from core.store.persons import RawDetections
from core.store.run import RunDir


@runtime_checkable
class SeesObjects(Protocol):
    """A masker whose network sees objects by itself."""

    def objects(self, rgb: NDArray[np.uint8]) -> Detections:
        """Returns what it sees in an (H, W, 3) picture."""


class BoxesOfFrames:
    """Boxes of bodies by ordinal."""

    def __init__(self, boxes_of: Callable[[int], Detections]) -> None:
        """``boxes_of``: what was found in a frame."""
        self.found = boxes_of

    def best_iou(self, ordinal: int, box: NDArray[np.float32]) -> float:
        """Returns the overlap (0-1) with the box of the frame that overlaps most; 0 where the frame has none."""
        boxes = self.found(ordinal).xyxy
        return float(iou(box[None], boxes).max()) if len(boxes) else 0.0


def detected_in(home: Home) -> BoxesOfFrames | None:
    """Returns the boxes of persons of a run's video: those of the person pipeline, else of a detection cache.

    ``None``: nobody looked. Of a cache whose weights know no class person all boxes are taken.

    Raises:
        RunError: the file of the person pipeline is damaged.
    """
    if home.run is None:
        return None
    folder = persons_of_run(home.run)
    if folder.detections.exists():
        return _of_persons(persons.read_detections(folder.detections))
    return _of_cache(home.run, home.moved)


def _of_persons(raw: RawDetections) -> BoxesOfFrames:
    indptr = raw.indptr()

    def found(ordinal: int) -> Detections:
        if ordinal + 1 >= len(indptr):
            return Detections.empty()
        rows = slice(int(indptr[ordinal]), int(indptr[ordinal + 1]))
        return Detections(raw.bboxes[rows], raw.confidences[rows], raw.classes[rows])

    return BoxesOfFrames(found)


def _of_cache(run: RunDir, moved: Path | None) -> BoxesOfFrames | None:
    """Boxes of the first cache of the video that can be read."""
    info = run_file.read(run.run_json).video
    video = moved or Path(info.path)
    for path in detections.listed(video, folders_for(video, run.path), info.stream_suffix):
        try:
            cache = detections.read(path, info)
        except CacheError:
            continue
        names = [name.lower() for name in cache.meta.names]
        wanted = names.index(PERSON) if PERSON in names else None

        def found(ordinal: int, cache: DetectionCache = cache, wanted: int | None = wanted) -> Detections:
            there = cache.frame(ordinal)
            sure = there.confidence >= SURE
            return there[sure if wanted is None else sure & (there.class_id == wanted)]

        return BoxesOfFrames(found)
    return None


PERSON = "person"
SURE = 0.25
"""Confidence from which a box of a cache counts; caches keep far weaker ones."""


class FacesOfRun:
    """The faces that were read in a run, and whose face is looked for."""

    def __init__(self, table: FaceTable, references: NDArray[np.float32]) -> None:
        """``references``: (R, D) float32 unit vectors; none = nobody is looked for."""
        self.table, self.references = table, references

    def within(self, start: int, end: int) -> NDArray[np.int64]:
        """Returns the rows of faces in frames ``[start, end)``."""
        return np.flatnonzero((self.table.frame >= start) & (self.table.frame < end))

    def distances(self, rows: NDArray[np.int64], vectors: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """Returns (N,) cosine distances (0-2) of faces to the nearest of some vectors, else to the references."""
        wanted = self.references if vectors is None else vectors
        if not len(wanted) or not len(rows):
            return np.full(len(rows), 2.0)
        return np.asarray(1.0 - (self.table.vectors[rows] @ wanted.T).max(axis=1), np.float64)


def faces_in(home: Home) -> FacesOfRun | None:
    """Returns the faces of a run; ``None``: none were read. Raises ``RunError``: a file is damaged."""
    state = None if home.run is None else face_file.read(home.run.face_file)
    if home.run is None or state is None:
        return None
    return FacesOfRun(faces.load(home.run, state.dimension), state.reference_vectors)
