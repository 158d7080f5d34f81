"""What the page is told of the persons of a video, as plain JSON values: the table, the lanes, what may be one person.

Not here: routes (``persons_routes``), reading and deciding (``pipeline.persons.working``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FramesieveError
from core.settings.model import to_mapping
from core.store import face_file, faces, persons
from core.store.person_dir import PersonDir
from core.store.person_edits import MERGE, NAME, NOBODY, SPLIT, Edit, Edits
from core.store.persons import Persons
from core.store.run import RunDir
from core.ui import persons_faces
from core.ui.session import file_stamp

if TYPE_CHECKING:
    from core.pipeline.persons.by_faces import ByFaces
    from core.pipeline.persons.working import State

MOST_LANES = 20_000
"""Tracklets that the lanes show, those of the first ranked persons."""
MOST_SUGGESTED = 30
DESCRIBERS = ("stripes", "figure")
"""What the kinds of the program's own descriptors begin with, before their number."""


def told(state: State, run: RunDir | None, seconds: Callable[[int], float]) -> dict[str, Any]:
    """Returns the whole view.

    Args:
        state: the persons now.
        run: the run whose faces are looked at; ``None`` = none.
        seconds: time of an ordinal from the first frame.
    """
    material, grouped, detections = state.material, state.grouped, state.material.detections
    frame_s = _frame_s(detections.frames, seconds, material.rate)
    face_px = _largest_faces(state.persons, run)
    suggested = [
        {"persons": sorted((int(grouped.who[a]), int(grouped.who[b]))), "similarity": likeness}
        for likeness, a, b in grouped.found.suggested[:MOST_SUGGESTED]
    ]
    return {
        "frames": detections.frames,
        "width": material.width,
        "height": material.height,
        "cuts": detections.shots[1:, 0].tolist(),
        "persons": [_row(entry, seconds, frame_s, face_px) for entry in state.ranking],
        "lanes": _lanes(state),
        "suggestions": suggested,
        "settings": to_mapping(grouped.settings),
        "undo": words_of(grouped.edits.edits),
        "redo": words_of(grouped.edits.undone),
        "edits": len(grouped.edits.edits),
        "chosen": chosen_in(material.folder, grouped.edits),
        "mark": mark_of(material.folder),
        "crops": file_stamp(material.folder.crops),
        "faces": face_px is not None,
        "bodies": True,
        "old_looks": material.appearances is not None and _is_old(material.appearances.kind),
    }


def _is_old(kind: str) -> bool:
    """Whether looks were described by an older program, not by a network of somebody's own."""
    from core.metrics import appearance

    return kind != appearance.KIND and kind.rpartition("-")[0] in DESCRIBERS


def mark_of(folder: PersonDir) -> str:
    """Returns a text that changes when the persons do: other tabs of the page look again."""
    return f"{file_stamp(folder.persons)} {file_stamp(folder.edits)}"


def chosen_in(folder: PersonDir, edits: Edits) -> dict[str, Any]:
    """Returns whose files were written: ``persons`` (ids of now), ``files``, ``beside``: crops, tracks, videos."""
    found: dict[int, Path] = {}
    beside: list[str] = []
    with contextlib.suppress(OSError, ValueError, KeyError, FramesieveError):
        if folder.primary.exists():
            with np.load(folder.primary) as file:
                found[edits.now(int(file["person_id"]))] = folder.primary
    for person in _ids(edits):
        if folder.person(person).exists():
            found.setdefault(edits.now(person), folder.person(person))
        if folder.person_crops(person).is_dir():
            beside.append(str(folder.person_crops(person)))
        if folder.follow(person).exists():
            beside.append(str(folder.follow(person)))
    beside += [str(path) for path in map(folder.tracks, (".txt", ".xml")) if path.exists()]
    return {"persons": sorted(found), "files": [str(path) for path in found.values()], "beside": beside}


def compared(state: State, wanted: Sequence[int], by_faces: Sequence[ByFaces] = ()) -> dict[str, Any]:
    """Returns what speaks for and against some persons being one: ``pairs``, and the ``limits`` in force.

    Args:
        state: the persons now.
        wanted: their ids.
        by_faces: who is known by faces alone.

    Raises:
        SettingsError: there is no such person.
    """
    from core.pipeline.persons import edits
    from core.pipeline.persons.candidates import limits
    from core.pipeline.persons.canonical import why

    grouped, material = state.grouped, state.material
    now = list(dict.fromkeys(edits.known(grouped, person) for person in wanted))
    known = {one.person: one for one in by_faces}
    tracklets = {person: _tracklets(state, person) for person in now}
    gap, distance = limits(grouped.settings, material.rate, material.height)
    allowed = {"gap": gap, "distance": round(distance, 1), "area_ratio": list(grouped.settings.ratio)}
    allowed |= {"similarity": grouped.settings.similarity}
    pairs = []
    for at, one in enumerate(now):
        for other in now[at + 1 :]:
            if not tracklets[one] or not tracklets[other]:
                pairs.append(persons_faces.pair(one, other, known, state))
                continue
            found = why(grouped, one, other) | {"reason": _reason(state, tracklets[one], tracklets[other])}
            if found["shared_frames"]:
                found["reason"] = "overlap"
            pairs.append(found)
    return {"persons": now, "pairs": pairs, "limits": allowed}


def overlap(state: State, wanted: Sequence[int]) -> str | None:
    """Returns what is to be said before some persons are merged; ``None`` = nothing.

    Raises:
        SettingsError: there is no such person.
    """
    from core.pipeline.persons import edits

    now = list(dict.fromkeys(edits.known(state.grouped, person) for person in wanted))
    return edits.overlap_sentence(state.grouped, now)


def _row(
    entry: Mapping[str, Any], seconds: Callable[[int], float], frame_s: float, face_px: Mapping[int, int] | None
) -> dict[str, Any]:
    return {
        "id": entry["person_id"],
        "rank": entry["rank"],
        "name": entry["name"],
        "start": entry["start_frame"],
        "end": entry["end_frame"],
        "start_s": round(seconds(entry["start_frame"]), 3),
        "end_s": round(seconds(entry["end_frame"]), 3),
        "frames": entry["frames"],
        "screen_s": round(entry["frames"] * frame_s, 3),
        "shots": entry["shots"],
        "certainty": entry["confidence"],
        "score": entry["score"],
        "face": None if face_px is None else face_px.get(entry["person_id"]),
        "faces_only": False,
    }


def _frame_s(frames: int, seconds: Callable[[int], float], rate: Any) -> float:
    """How long a frame is seen, on the mean."""
    if frames > 1:
        return seconds(frames - 1) / (frames - 1)
    return float(1 / rate) if rate else 0.0


def _lanes(state: State) -> list[list[int]]:
    """Bars of the timeline: person, tracklet, first and last ordinal; of the first ranked persons first."""
    pieces, who = state.grouped.pieces, state.grouped.who
    place = {entry["person_id"]: entry["rank"] for entry in state.ranking}
    order = sorted(np.flatnonzero(who >= 0).tolist(), key=lambda t: (place.get(int(who[t]), len(place) + 1), t))
    first, last, ids = pieces.first, pieces.last, pieces.tracklet_ids
    return [[int(who[t]), int(ids[t]), int(first[t]), int(last[t])] for t in order[:MOST_LANES]]


def _tracklets(state: State, person: int) -> set[int]:
    return set(state.grouped.pieces.tracklet_ids[state.grouped.who == person].tolist())


def _reason(state: State, one: set[int], other: set[int]) -> str:
    """Why two persons were kept apart: what the log says of their nearest pair; "" = it says nothing of them."""
    for miss in state.grouped.found.near:
        a, b = miss["tracklets"]
        if (a in one and b in other) or (a in other and b in one):
            return str(miss["reason"])
    return ""


def words_of(edits: Sequence[Edit]) -> str | None:
    """Returns what is taken back or done again next; ``None`` = nothing."""
    if not edits:
        return None
    last = edits[-1]
    said = {
        MERGE: f"merge of {' and '.join(map(str, last.ids))}",
        SPLIT: f"split of {last.ids[0]}" if len(last.ids) == 1 else f"keeping {last.ids[0]} and {last.ids[1]} apart",
        NOBODY: f"removal of {last.ids[0]}",
        NAME: f"name of {last.ids[0]}",
    }
    return said[last.kind]


def _ids(edits: Edits) -> list[int]:
    return sorted(edits.known)


def _largest_faces(found: Persons, run: RunDir | None) -> dict[int, int] | None:
    """Person -> height of the largest face whose middle lies in a box of it; ``None`` = no faces were read."""
    if run is None:
        return None
    with contextlib.suppress(FramesieveError, OSError, ValueError):
        state = face_file.read(run.face_file)
        if state is None:
            return None
        table = faces.load(run, state.dimension)
        return _faces_in(found, table.frame, table.boxes)
    return None


def _faces_in(found: Persons, frame: NDArray[np.int64], boxes: NDArray[np.float32]) -> dict[int, int]:
    owner, order = found.owner, np.argsort(found.frame_numbers, kind="stable")
    frames = found.frame_numbers[order]
    largest: dict[int, int] = {}
    middle, high = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
    low, end = (np.searchsorted(frames, frame, side) for side in ("left", "right"))
    for at in range(len(frame)):
        rows = order[low[at] : end[at]]
        x, y = middle[at]
        area = found.bboxes[rows]
        inside = (area[:, 0] <= x) & (x < area[:, 2]) & (area[:, 1] <= y) & (y < area[:, 3])
        for row in rows[inside].tolist():
            person = int(found.person_ids[owner[row]])
            largest[person] = max(largest.get(person, 0), round(float(high[at])))
    return largest


def stages_in(folder: PersonDir) -> dict[str, bool]:
    """Returns which stages left their files."""
    names = {"1": "detections", "2": "tracklets", "3": "analysis", "4a": "appearance", "4b": "persons", "5": "ranking"}
    names |= {"6": "video", "7b": "table"}
    return {stage: bool(getattr(folder, name).exists()) for stage, name in names.items()}


def weights_in(folder: PersonDir) -> str | None:
    """Returns the name of the weights that stage 1 ran with, ``None`` where that is not known."""
    with contextlib.suppress(FramesieveError):
        noted = persons.read_about(folder.about).stages.get("1")
        if isinstance(noted, Mapping) and isinstance(noted.get("weights"), str):
            return str(noted["weights"])
    return None
