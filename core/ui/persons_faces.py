"""What the page shows of persons who are known by faces alone: rows of the table, bars of the lanes, pictures.

Not here: persons with bodies (``persons_view``), who they are (``pipeline.persons.by_faces``).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SettingsError
from core.settings.model import to_mapping
from core.settings.persons import PersonGroup
from core.store import ledger as ledgers
from core.store import run_file
from core.store.person_dir import PersonDir
from core.store.person_edits import Edits
from core.store.run import RunDir
from core.ui.session import Workspace, file_stamp

if TYPE_CHECKING:
    from core.pipeline.persons.by_faces import ByFaces, FaceRuns
    from core.pipeline.persons.working import State

NO_TRACKLET = -1
"""In the place of a tracklet in a bar of the lanes."""
APART_S = 1.0
"""Faces that are further from each other are in two bars."""
OPEN_VIDEOS = 4


class FacesOnly:
    """Reads the groups of faces of videos, and remembers them until a file changes. Thread-safe."""

    def __init__(self, workspace: Workspace) -> None:
        """Reads nothing yet."""
        self._workspace = workspace
        self._lock = threading.Lock()
        self._read: OrderedDict[Path, tuple[tuple[str, ...], FaceRuns | None]] = OrderedDict()

    def of(self, folder: PersonDir, also: RunDir | None, edits: Edits, bodies: Collection[int]) -> list[ByFaces]:
        """Returns who is known by faces alone, in the runs of the video and in one more.

        Raises:
            RunError: the run of the folder cannot be read.
        """
        from core.pipeline.persons.by_faces import by_faces

        return by_faces(self.groups(folder, also), edits, bodies)

    def groups(self, folder: PersonDir, also: RunDir | None) -> FaceRuns | None:
        """Returns the groups of faces of the video."""
        from core.pipeline.persons.by_faces import read_groups, runs_with_faces

        runs = runs_with_faces(folder, also)
        stamps = tuple(file_stamp(path) for run in runs for path in (run.face_file, run.faces, run.face_vectors))
        with self._lock:
            known = self._read.get(folder.path)
            if known is None or known[0] != stamps:
                known = stamps, read_groups(runs)
            self._read[folder.path] = known
            self._read.move_to_end(folder.path)
            while len(self._read) > OPEN_VIDEOS:
                self._read.popitem(last=False)
            return known[1]

    def mark(self, folder: PersonDir, also: RunDir | None) -> str:
        """Returns a text that changes when the groups of faces do."""
        from core.pipeline.persons.by_faces import runs_with_faces

        return " ".join(file_stamp(run.face_file) for run in runs_with_faces(folder, also))

    def pictures(self, one: ByFaces) -> list[list[Any]]:
        """Returns [row, ordinal, address of the picture] of the best faces, in the order of time."""
        found: list[list[Any]] = []
        for path, row, ordinal in one.pictures:
            run = self._workspace.at(path)
            if run is not None:
                found.append([row, ordinal, f"runs/{run.id}/face/{row}?{file_stamp(run.run.faces)}"])
        return found


def picked(pictures: Sequence[list[Any]], count: int) -> list[list[Any]]:
    """Returns ``count`` of the pictures at most, evenly spread."""
    if not pictures:
        return []
    places = np.linspace(0, len(pictures) - 1, min(count, len(pictures))).round().astype(int)
    return [pictures[at] for at in places.tolist()]


def row(one: ByFaces, rank: int, seconds: Callable[[int], float], shots: NDArray[np.int64] | None) -> dict[str, Any]:
    """Returns a row of the table.

    Args:
        one: who it is.
        rank: its place in the table.
        seconds: time of an ordinal.
        shots: (S, 2) first and end ordinals; ``None`` = cuts are not known.
    """
    first, last = int(one.frames[0]), int(one.frames[-1])
    seen = None if shots is None else len(np.unique(np.searchsorted(shots[:, 0], one.frames, "right")))
    return {
        "id": one.person,
        "rank": rank,
        "name": one.name,
        "start": first,
        "end": last,
        "start_s": round(seconds(first), 3),
        "end_s": round(seconds(last), 3),
        "frames": len(one.frames),
        "screen_s": None,
        "shots": seen,
        "certainty": one.certainty,
        "score": None,
        "face": one.largest,
        "faces_only": True,
    }


def bars(one: ByFaces, frame_s: float) -> list[list[int]]:
    """Returns bars of the timeline, as ``persons_view`` does of tracklets: frames of faces with no long gap."""
    step = int(np.median(np.diff(one.frames))) if len(one.frames) > 1 else 1
    far = max(2 * step, round(APART_S / frame_s) if frame_s > 0 else 1)
    parts = np.split(one.frames, np.flatnonzero(np.diff(one.frames) > far) + 1)
    return [[one.person, NO_TRACKLET, int(part[0]), int(part[-1])] for part in parts]


def with_faces(view: dict[str, Any], some: Sequence[ByFaces], seconds: Callable[[int], float], mark: str) -> None:
    """Puts persons who are known by faces alone into a view, behind all others."""
    frame_s = seconds(view["frames"] - 1) / (view["frames"] - 1) if view["frames"] > 1 else 0.0
    shots = None if view["cuts"] is None else np.array([[0, 0], *([cut, 0] for cut in view["cuts"])], np.int64)
    rank = len(view["persons"])
    view["persons"] += [row(one, rank + at, seconds, shots) for at, one in enumerate(some, start=1)]
    for one in some:
        view["lanes"] += bars(one, frame_s)
    view["cuts"] = view["cuts"] or []
    view["by_faces"] = len(some)
    view["mark"] += f" {mark}"


def bare(folder: PersonDir, edits: Edits, words: Callable[[Sequence[Any]], str | None]) -> dict[str, Any]:
    """Returns the view of a video in which no bodies were looked for, without its persons.

    Raises:
        RunError: its run cannot be read.
    """
    run = RunDir(folder.path.parent)
    about = run_file.read(run.run_json).video
    return {
        "frames": len(ledgers.load(run.ledger)),
        "width": about.width,
        "height": about.height,
        "cuts": None,
        "persons": [],
        "lanes": [],
        "suggestions": [],
        "settings": to_mapping(PersonGroup()),
        "undo": words(edits.edits),
        "redo": words(edits.undone),
        "edits": len(edits.edits),
        "chosen": {"persons": [], "files": [], "beside": []},
        "mark": file_stamp(folder.edits),
        "crops": "",
        "faces": True,
        "bodies": False,
    }


def pair(one: int, other: int, known: Mapping[int, ByFaces], state: State | None) -> dict[str, Any]:
    """Returns what is to be said of two persons of whom one or both are known by faces alone."""
    vectors = [_vector(person, known, state) for person in (one, other)]
    alike = None
    if vectors[0] is not None and vectors[1] is not None and vectors[0].shape == vectors[1].shape:
        alike = round(float(vectors[0] @ vectors[1]), 4)
    return {"persons": [one, other], "reason": "by_faces", "similarity": None, "face_similarity": alike}


def compared(wanted: Sequence[int], some: Sequence[ByFaces]) -> dict[str, Any]:
    """Returns what is told of persons side by side where no bodies were looked for, as ``persons_view.compared``.

    Raises:
        SettingsError: there is no such person.
    """
    known = {one.person: one for one in some}
    for person in wanted:
        if person not in known:
            raise SettingsError(f"there is no person {person}.", code="no_person", person=person)
    pairs = [pair(one, other, known, None) for at, one in enumerate(wanted) for other in wanted[at + 1 :]]
    return {"persons": list(wanted), "pairs": pairs, "limits": {}}


def _vector(person: int, known: Mapping[int, ByFaces], state: State | None) -> NDArray[np.float32] | None:
    if person in known:
        return known[person].vector
    if state is None or state.material.faces is None:
        return None
    from core.pipeline.persons.faces import of_persons

    return of_persons(state.persons, state.material.faces, state.grouped.edits).get(person)


def decided(folder: PersonDir, kind: str, persons: Sequence[int], name: str) -> Edits:
    """Does what somebody decided where no bodies were looked for; returns the edits.

    Raises:
        SettingsError, RunError: it cannot be done.
    """
    from core.pipeline.persons import by_faces

    def make(edits: Edits) -> Edits:
        if kind == "merge":
            return by_faces.merged(edits, persons)
        if kind == "name":
            return by_faces.renamed(edits, persons[0], name)
        if kind in ("undo", "redo"):
            return edits.without_last() if kind == "undo" else edits.with_last_undone()
        raise SettingsError(
            "persons of this video are known by faces only: there is no body to decide about; find people first.",
            code="no_body",
            field="kind",
        )

    return by_faces.decide(folder, make)
