"""Pictures of faces: small ones for choosing among people, large ones for export."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files, inside
from core.geometry import crop
from core.pipeline.counting import numbered_by
from core.pipeline.faces.measure import distances
from core.pipeline.faces.people import Person, best_rows, edits_of, label_now, labels, people_of
from core.pipeline.persons.home import persons_of_run
from core.pipeline.runs import video_of
from core.settings.filter import FilterSettings
from core.store import face_file
from core.store import faces as face_store
from core.store.faces import FaceTable
from core.store.run import RunDir
from core.video import images
from core.video.frame import Frame
from core.video.stream import map_frames

SIDE_PX = 160
"""Longer side of the small pictures."""
MARGIN = 0.25
QUALITY = 88
SINGLES = 40
"""Single faces that are shown, the best ones."""
RUNS_KNOWN = 2
"""Runs whose faces are kept in memory for drawing, about 1 kB a face."""


def shown_rows(people: Sequence[Person] | None, table: FaceTable) -> tuple[list[list[int]], list[int]]:
    """Returns the best rows of each person, and those of the single faces, best first."""
    best = [best_rows(table, person.rows) for person in people or ()]
    label = labels(people, len(table))
    alone = np.flatnonzero(label < 0) if label is not None else np.zeros(0, np.int64)
    singles = alone[np.argsort(-table.quality()[alone], kind="stable")][:SINGLES]
    return best, singles.tolist()


def people_view(path: Path) -> dict[str, Any]:
    """Returns what the page shows of the faces of a run, as plain JSON values; crops that are not cut yet have no file.

    ``{"model", "provider", "faces", "references": [label], "people": null or [{"id", "name", "faces", "frames", "best":
    [row]}], "singles": {"faces", "best": [row]}, "frame_of": {row: ordinal}, "names": {id: name}}``; ``names`` are
    those of all persons of the video, the picture of a row is ``RunDir.face_crop(row)``. ``{}`` = no faces were read.
    Reads no picture and opens no model.
    """
    run = RunDir(path)
    state = face_file.read(run.face_file)
    if state is None:
        return {}
    table = face_store.load(run, state.dimension)
    found, known = people_of(run, state), edits_of(run)
    best, singles = shown_rows(found, table)
    people = [
        {
            "id": person.id,
            "name": person.name,
            "faces": len(person.rows),
            "frames": len(np.unique(table.frame[[row for row in person.rows if row < len(table)]])),
            "best": rows,
        }
        for person, rows in zip(found or (), best, strict=True)
    ]
    alone = len(table) - sum(len(person.rows) for person in found or ())
    return {
        "model": Path(state.model).name,
        "provider": state.provider,
        "faces": len(table),
        "references": [label_now(reference.label, known) for reference in state.references],
        "people": None if found is None else people,
        "singles": {"faces": 0 if found is None else alone, "best": singles},
        "frame_of": {str(row): int(table.frame[row]) for some in (*best, singles) for row in some},
        "names": {str(person): name for person, name in known.names().items()},
    }


def faces_of_frame(path: Path, ordinal: int) -> list[dict[str, Any]]:
    """Returns the faces of one frame for drawing, as plain JSON values.

    ``row``, ``bbox``, ``kps``, ``confidence``, ``sharpness``, ``frontality``, ``distance`` (null without a reference),
    ``person`` (null = single, or people were never looked for), ``name``.
    """
    run = RunDir(path)
    stamps = [_stamp(file) for file in (run.faces, run.face_file, persons_of_run(run).edits)]
    return [dict(face) for face in _faces_by_frame(path, *stamps).get(ordinal, ())]


def _stamp(file: Path) -> tuple[int, int]:
    """Changes whenever the file does; of a file that is not there it is zero."""
    with contextlib.suppress(OSError):
        found = file.stat()
        return found.st_mtime_ns, found.st_size
    return 0, 0


@functools.lru_cache(maxsize=RUNS_KNOWN)
def _faces_by_frame(path: Path, *stamps: tuple[int, int]) -> dict[int, list[dict[str, Any]]]:
    """The faces of each frame, as ``faces_of_frame`` returns them: the file is read once, not for each frame."""
    run = RunDir(path)
    state = face_file.read(run.face_file)
    if state is None:
        return {}
    table = face_store.load(run, state.dimension)
    near = distances(table.vectors, state.reference_vectors)
    people = people_of(run, state)
    label = labels(people, len(table))
    names = {person.id: person.name for person in people or ()}
    found: dict[int, list[dict[str, Any]]] = {}
    for row, ordinal in enumerate(table.frame.tolist()):
        person = None if label is None or label[row] < 0 else int(label[row])
        sharpness = float(table.sharpness[row])
        found.setdefault(ordinal, []).append(
            {
                "row": row,
                "bbox": [round(v, 2) for v in table.boxes[row].tolist()],
                "kps": [[round(v, 2) for v in point] for point in table.points[row].tolist()],
                "confidence": float(table.confidence[row]),
                "sharpness": None if np.isnan(sharpness) else sharpness,
                "frontality": float(table.frontality[row]),
                "distance": None if near is None else float(near[row]),
                "person": person,
                "name": names.get(person, "") if person is not None else "",
            }
        )
    return found


def cut_out(path: Path, rows: Iterable[int], video: Path | None = None) -> Generator[int, None, None]:
    """Writes the small pictures of faces that have none yet, from the frames on disk, else from the video in one pass.

    Yields how many are written. The rows of a run never change what they show, so that a picture stays right.

    Raises:
        RunError: a frame is not on disk and the video is gone.
    """
    run = RunDir(path)
    state = face_file.read(run.face_file)
    if state is None:
        return
    table = face_store.load(run, state.dimension)
    wanted: dict[int, list[int]] = {}
    for row in rows:
        if row < len(table) and not run.face_crop(row).exists():
            wanted.setdefault(int(table.frame[row]), []).append(row)
    if not wanted:
        return
    files.make_folder(run.face_crops)

    def write(ordinal: int, rgb: NDArray[np.uint8]) -> int:
        for row in wanted[ordinal]:
            small = images.fitted(crop(rgb, table.boxes[row].tolist(), MARGIN), SIDE_PX)
            files.write_bytes(run.face_crop(row), images.encode_jpeg(small, QUALITY), sync=False)
        return len(wanted[ordinal])

    done, missing = 0, []
    for ordinal in sorted(wanted):
        data = _picture_bytes(run, ordinal)
        if data is None or images.coding_of(data) is not None:  # kept in colours of its own
            missing.append(ordinal)
            continue
        done += write(ordinal, images.decode(data))
        yield done
    if missing:

        def make_work() -> Callable[[Frame], int]:
            return lambda frame: write(frame.ordinal, frame.rgb())

        source, ordinals = video_of(run, video), np.array(missing, np.int64)
        with numbered_by(run), closing(map_frames(source, ordinals, make_work)) as chunks:
            for chunk in chunks:
                done += sum(count or 0 for _, count in chunk)
                yield done


def _picture_bytes(run: RunDir, ordinal: int) -> bytes | None:
    """The picture of a frame that lies in the run itself; a link that leads out of it is none."""
    for suffix in (".jpg", ".png"):
        with contextlib.suppress(OSError):
            return inside.read_bytes(run.frame(ordinal, suffix), (run.path,), images.MOST_BYTES)
    return None


def wanted_faces(run: RunDir, filters: FilterSettings | None) -> dict[int, list[tuple[int, list[float]]]]:
    """Returns the faces of each frame that an export cuts out: ordinal -> (row, xyxy box), in the order of the rows.

    Those of the wanted people where people are filtered, those near enough to the reference where that is filtered; all
    others too where neither is.
    """
    state = face_file.read(run.face_file)
    if state is None:
        return {}
    table = face_store.load(run, state.dimension)
    stay = np.ones(len(table), np.bool_)
    farthest = None if filters is None else filters.max.get("face_distance")
    near = distances(table.vectors, state.reference_vectors)
    if farthest is not None and near is not None:
        stay &= near <= farthest
    label = labels(people_of(run, state), len(table))
    if filters is not None and filters.person_ids is not None and label is not None:
        stay &= np.isin(label, np.array(filters.person_ids, np.int64))
    found: dict[int, list[tuple[int, list[float]]]] = {}
    for row in np.flatnonzero(stay).tolist():
        found.setdefault(int(table.frame[row]), []).append((row, table.boxes[row].tolist()))
    return found
