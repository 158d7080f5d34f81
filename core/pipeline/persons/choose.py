"""Stage 7: the files of the person, or of each of several persons, whom somebody chose."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import SettingsError
from core.store import person_legacy
from core.store.person_crops import Crops
from core.store.person_dir import PersonDir
from core.store.person_edits import Edits
from core.store.persons import Persons, RawDetections, write_person
from core.store.run import frame_name
from core.video import images
from core.video.frame import Frame
from core.video.probe import Video
from core.video.stream import map_frames
from core.wording import plural

QUALITY = 95
"""JPEG quality of full-size crops."""
PICTURE_BYTES = 256 * 128 * 3
GB = 1_000_000_000


def spans(persons: Persons, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Returns id, name, first and last frame and number of frames of each person, plain JSON values."""
    found = []
    for person in persons.person_ids.tolist():
        rows = persons.rows(person)
        start, end = persons.frame_numbers[rows.start], persons.frame_numbers[rows.stop - 1]
        named = names.get(person, "")
        count = rows.stop - rows.start
        about = {"start_frame": int(start), "end_frame": int(end), "frames": count}
        found.append({"person_id": person, "name": named, **about})
    return found


def span_line(entry: Mapping[str, Any]) -> str:
    """Returns ``"person 14 (Anna): frames 103 to 365, 250 appearances"``."""
    name = f" ({entry['name']})" if entry["name"] else ""
    frames = f"frames {entry['start_frame']} to {entry['end_frame']}, {plural(entry['frames'], 'appearance')}"
    return f"person {entry['person_id']}{name}: {frames}"


def resolved(persons: Persons, wanted: Iterable[int], edits: Edits) -> list[int]:
    """Returns the ids that these persons have now, each once.

    Raises:
        SettingsError: one is unknown; the sentence and its facts list all persons with their spans.
    """
    there = set(persons.person_ids.tolist())
    found: list[int] = []
    for person in wanted:
        now = edits.now(person)
        if now not in there:
            all_of_them = spans(persons, edits.names())
            said = "; ".join(map(span_line, all_of_them)) or "nobody was found"
            raise SettingsError(
                f"there is no person {person}; {said}.",
                code="no_person",
                field="person_id",
                person=person,
                persons=all_of_them,
            )
        if now not in found:
            found.append(now)
    return found


def write_chosen(folder: PersonDir, persons: Persons, chosen: list[int]) -> list[Path]:
    """Writes ``primary_person.npz`` for one, ``person_<id>.npz`` for each of several; returns what was written.

    Raises:
        StorageError: a file cannot be written.
    """
    paths = [folder.primary] if len(chosen) == 1 else [folder.person(person) for person in chosen]
    for path, person in zip(paths, chosen, strict=True):
        write_person(path, persons, person)
    return paths


def cut_out(
    folder: PersonDir, video: Video, persons: Persons, person: int, padding: float, aspect: float | None
) -> Generator[int, None, None]:
    """Writes ``person_<id>/frame_000123.jpg`` of every frame of a person, full size; yields how many are written.

    Args:
        folder: of the persons.
        video: from ``probe``.
        persons: of stage 4.
        person: an id.
        padding: border, as a share of the width and of the height of the box.
        aspect: width by height of a crop, which grows to have it; ``None`` = as the box.

    Raises:
        StorageError: the folder cannot be written.
    """
    rows = persons.rows(person)
    boxes = grown(persons.bboxes[rows], padding, aspect)
    box_of = dict(zip(persons.frame_numbers[rows].tolist(), boxes.tolist(), strict=True))
    target = files.make_folder(folder.person_crops(person))

    def write(frame: Frame) -> bool:
        part = part_of(frame.rgb(), box_of[frame.ordinal])
        if part.size:
            files.write_bytes(target / frame_name(frame.ordinal), images.encode_jpeg(part, QUALITY), sync=False)
        return bool(part.size)

    def make_work() -> Callable[[Frame], bool]:
        return write

    done = 0
    for old in target.glob("frame_*.jpg"):  # of another choice
        old.unlink(missing_ok=True)
    with closing(map_frames(video, persons.frame_numbers[rows], make_work)) as chunks:
        for chunk in chunks:
            done += len(chunk)
            yield done


def grown(boxes: NDArray[np.float32], padding: float, aspect: float | None) -> NDArray[np.float32]:
    """Returns (N, 4) boxes with a border, and as wide or as high as ``aspect`` wants; they may leave the picture."""
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) * (1 + 2 * padding)
    if aspect is not None:
        wide = np.maximum(size[:, 0], size[:, 1] * aspect)
        size = np.stack([wide, wide / aspect], axis=1)
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1).astype(np.float32)


def part_of(rgb: NDArray[np.uint8], box: list[float]) -> NDArray[np.uint8]:
    """Returns what of a box lies in the picture."""
    x1, y1, x2, y2 = (round(v) for v in box)
    return np.ascontiguousarray(rgb[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)])


# --- for older scripts


def write_legacy_crops(
    folder: PersonDir, detections: RawDetections, persons: Persons, crops: Crops, ranked: list[int], most_gb: float
) -> int:
    """Writes ``crops_cache.pkl`` frame by frame and returns how many crops it holds.

    The frame of each person's highest confidence is always in it, that person's crop first in its dictionary (of two
    who share such a frame the one that is ranked higher). Of the rest as many as fit, evenly spread.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    first: dict[int, tuple[int, int]] = {}
    for person in reversed(ranked):
        rows = persons.rows(person)
        best = rows.start + int(np.argmax(persons.confidences[rows]))
        row = crops.nearest(persons.detection_rows[rows], best - rows.start)
        if row is not None:
            first[int(persons.frame_numbers[best])] = int(persons.detection_rows[best]), row
    indptr = detections.indptr()
    return person_legacy.write_crops(
        folder.legacy_crops, _legacy_frames(indptr, crops, first, int(most_gb * GB / PICTURE_BYTES))
    )


def _legacy_frames(
    indptr: NDArray[np.int64], crops: Crops, first: Mapping[int, tuple[int, int]], most: int
) -> Iterator[tuple[int, dict[int, NDArray[np.uint8]]]]:
    there = np.add.reduceat(np.append(crops.has, False), indptr[:-1]) if len(indptr) > 1 else np.zeros(0, np.int64)
    there = np.where(np.diff(indptr) > 0, there, 0)
    wanted = np.zeros(len(there), np.bool_)
    wanted[list(first)] = True
    step = 1
    room = most - int(there[wanted].sum())
    while step < len(there) and int(there[::step].sum()) > room:
        step *= 2
    if room > 0:
        wanted[::step] = True
    for frame in np.flatnonzero(wanted & ((there > 0) | wanted)).tolist():
        found: dict[int, NDArray[np.uint8]] = {}
        start, end = int(indptr[frame]), int(indptr[frame + 1])
        if frame in first:
            row, shown = first[frame]
            jpeg = crops.jpeg(shown)
            assert jpeg is not None, "nearest gives rows that have one"
            found[row - start] = images.decode_jpeg(jpeg)
        for row in range(start, end):
            if row - start not in found and (jpeg := crops.jpeg(row)) is not None:
                found[row - start] = images.decode_jpeg(jpeg)
        if found:
            yield frame, found
