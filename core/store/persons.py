"""The files of the person pipeline, as docs/formats.md says: checked when read, whole when written.

Each stage's file notes from which content of the stage before it was made, so that none is read with another's rows.
Not here: where they lie (``person_dir``), edits (``person_edits``), crops (``person_crops``), what older scripts load
(``person_legacy``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError
from core.records import VideoInfo
from core.store import npz, run_file

MOST_ROWS = 200_000_000
MOST_SHOTS = 10_000_000
NOBODY = -1
"""In ``tracklet_person``: the tracklet belongs to no person."""


# --- stage 1


@dataclass(frozen=True, eq=False, slots=True)
class RawDetections:
    """Every box of stage 1, by frame and then by confidence, falling; parallel arrays of length D."""

    frame_numbers: NDArray[np.int64]
    """(D,) int64 ordinals, ascending."""
    bboxes: NDArray[np.float32]
    """(D, 4) float32 xyxy, source pixels, ``x2``/``y2`` exclusive."""
    confidences: NDArray[np.float32]
    """(D,) float32, 0-1."""
    classes: NDArray[np.int64]
    """(D,) int64 ids of the weights."""
    shots: NDArray[np.int64]
    """(S, 2) int64 ``[start, end)`` ordinals; no shot is a video without frames."""
    made_by: str = ""
    """Digest of video, weights and settings."""

    def __post_init__(self) -> None:
        n = len(self.frame_numbers)
        if (self.bboxes.shape, self.confidences.shape, self.classes.shape) != ((n, 4), (n,), (n,)):
            raise ValueError("columns of several lengths")
        if self.shots.ndim != 2 or self.shots.shape[1:] != (2,):
            raise ValueError("shots are not pairs")
        if n and (self.frame_numbers[0] < 0 or np.any(np.diff(self.frame_numbers) < 0)):
            raise ValueError("frames are not in order")
        _check_boxes(self.bboxes, self.confidences)

    def __len__(self) -> int:
        return len(self.frame_numbers)

    @property
    def frames(self) -> int:
        """F, frames of the video."""
        return int(self.shots[-1, 1]) if len(self.shots) else 0

    def indptr(self) -> NDArray[np.int64]:
        """Returns (F + 1,) int64: the boxes of frame i are the rows ``indptr[i]:indptr[i + 1]``."""
        return np.searchsorted(self.frame_numbers, np.arange(self.frames + 1)).astype(np.int64)

    def digest(self) -> str:
        """Returns 16 hex digits of the content."""
        return digest_of(self.frame_numbers, self.bboxes, self.confidences, self.classes, self.shots)


def write_detections(path: Path, found: RawDetections) -> None:
    """Writes stage 1 atomically. Raises ``StorageError``."""
    files.write_npz(
        path,
        {
            "frame_numbers": found.frame_numbers,
            "bboxes": found.bboxes,
            "confidences": found.confidences,
            "classes": found.classes,
            "shots": found.shots,
            "made_by": np.array(found.made_by),
        },
    )


def read_detections(path: Path) -> RawDetections:
    """Reads stage 1. Raises ``RunError``: it is absent or damaged; the sentence names the stage to run."""
    most = {"frame_numbers": MOST_ROWS, "bboxes": 4 * MOST_ROWS, "confidences": MOST_ROWS, "classes": MOST_ROWS}
    file = _read(path, "1", most | {"shots": 2 * MOST_SHOTS, "made_by": 1}, ("made_by",))
    with _damage(path, "1"):
        return RawDetections(
            _ints(file["frame_numbers"]),
            _floats(file["bboxes"]),
            _floats(file["confidences"]),
            _ints(file["classes"]),
            _ints(file["shots"]),
            str(file.get("made_by", "")),
        )


# --- stage 2


@dataclass(frozen=True, eq=False, slots=True)
class Tracklets:
    """Boxes of one person in one shot without a long gap; those of tracklet t are ``indptr[t]:indptr[t + 1]``."""

    tracklet_ids: NDArray[np.int64]
    """(T,) int64, from 1, by first appearance."""
    indptr: NDArray[np.int64]
    """(T + 1,) int64."""
    frame_numbers: NDArray[np.int64]
    """(N,) int64, strictly ascending within a tracklet."""
    bboxes: NDArray[np.float32]
    """(N, 4) float32, as ``RawDetections``."""
    confidences: NDArray[np.float32]
    """(N,) float32."""
    detection_rows: NDArray[np.int64]
    """(N,) int64 rows of ``RawDetections``."""
    made_from: str = ""
    """Digest of the detections."""

    def __post_init__(self) -> None:
        _check_groups(self.tracklet_ids, self.indptr, len(self.frame_numbers))
        n = len(self.frame_numbers)
        if (self.bboxes.shape, self.confidences.shape, self.detection_rows.shape) != ((n, 4), (n,), (n,)):
            raise ValueError("columns of several lengths")
        if len(self.indptr) > 1 and np.any(np.diff(self.indptr) <= 0):
            raise ValueError("a tracklet is empty")
        _check_boxes(self.bboxes, self.confidences)

    def __len__(self) -> int:
        return len(self.tracklet_ids)

    @property
    def owner(self) -> NDArray[np.int64]:
        """(N,) int64: the tracklet of each row."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    @property
    def first(self) -> NDArray[np.int64]:
        """(T,) int64: frame in which each begins."""
        return self.frame_numbers[self.indptr[:-1]]

    @property
    def last(self) -> NDArray[np.int64]:
        """(T,) int64: frame in which each ends, inclusive."""
        return self.frame_numbers[self.indptr[1:] - 1]

    def digest(self) -> str:
        """Returns 16 hex digits of the content."""
        return digest_of(self.indptr, self.frame_numbers, self.bboxes, self.detection_rows)


def write_tracklets(path: Path, found: Tracklets, more: Mapping[str, NDArray[Any]] | None = None) -> None:
    """Writes stage 2 atomically; ``more``: object arrays for older scripts. Raises ``StorageError``."""
    columns = {name: getattr(found, name) for name in ("tracklet_ids", "indptr", *COLUMNS)}
    _write(path, columns | {"made_from": np.array(found.made_from)}, more)


def read_tracklets(path: Path, detections: RawDetections | None = None) -> Tracklets:
    """Reads stage 2. Raises ``RunError``: absent, damaged, or not made from these detections."""
    most = {"tracklet_ids": MOST_ROWS, "indptr": MOST_ROWS, "made_from": 1} | dict.fromkeys(COLUMNS, MOST_ROWS)
    file = _read(path, "2", most | {"bboxes": 4 * MOST_ROWS}, ("made_from",))
    with _damage(path, "2"):
        found = Tracklets(
            _ints(file["tracklet_ids"]),
            _ints(file["indptr"]),
            _ints(file["frame_numbers"]),
            _floats(file["bboxes"]),
            _floats(file["confidences"]),
            _ints(file["detection_rows"]),
            str(file.get("made_from", "")),
        )
    if detections is not None:
        check_made_from(path, "2", found.made_from, detections.digest())
    return found


COLUMNS = ("frame_numbers", "bboxes", "confidences", "detection_rows")


# --- stage 3


@dataclass(frozen=True, eq=False, slots=True)
class Analysis:
    """Numbers of each tracklet: columns of length T."""

    shot: NDArray[np.int64]
    duration: NDArray[np.int64]
    """Frames from the first to the last, inclusive."""
    boxes: NDArray[np.int64]
    """Boxes; fewer than ``duration`` where frames are missing."""
    longest_gap: NDArray[np.int64]
    """Most frames without a box between two boxes."""
    mean_area: NDArray[np.float32]
    """Square pixels."""
    mean_confidence: NDArray[np.float32]
    speed: NDArray[np.float32]
    """Mean way of the centre, pixels a frame."""
    jitter: NDArray[np.float32]
    """Mean change of the centre's velocity between successive frames, pixels."""
    border: NDArray[np.float32]
    """Share of boxes that touch the edge of the picture, 0-1."""
    centres: NDArray[np.float32]
    """(T, 2, 2) float32: centre in the first boxes and in the last ones, x and y."""
    velocities: NDArray[np.float32]
    """(T, 2, 2) float32: velocity in the first boxes and in the last ones, pixels a frame."""

    def __len__(self) -> int:
        return len(self.shot)


SCALARS = ("shot", "duration", "boxes", "longest_gap", "mean_area", "mean_confidence", "speed", "jitter", "border")
WHOLE = ("shot", "duration", "boxes", "longest_gap")


def write_analysis(path: Path, found: Analysis, made_from: str) -> None:
    """Writes stage 3 atomically. Raises ``StorageError``."""
    columns = {name: getattr(found, name) for name in (*SCALARS, "centres", "velocities")}
    files.write_npz(path, columns | {"made_from": np.array(made_from)})


def read_analysis(path: Path, tracklets: Tracklets) -> Analysis:
    """Reads stage 3. Raises ``RunError``: absent, damaged, or of other tracklets."""
    most = dict.fromkeys(SCALARS, MOST_ROWS) | {"centres": 4 * MOST_ROWS, "velocities": 4 * MOST_ROWS, "made_from": 1}
    file = _read(path, "3", most)
    check_made_from(path, "3", str(file["made_from"]), tracklets.digest())
    with _damage(path, "3"):
        if any(file[name].shape != (len(tracklets),) for name in SCALARS):
            raise ValueError("columns of several lengths")
        if any(file[name].shape != (len(tracklets), 2, 2) for name in ("centres", "velocities")):
            raise ValueError("columns of several lengths")
        names = (*SCALARS, "centres", "velocities")
        columns: dict[str, Any] = {name: (_ints if name in WHOLE else _floats)(file[name]) for name in names}
        return Analysis(**columns)


# --- stage 4


@dataclass(frozen=True, eq=False, slots=True)
class Appearances:
    """What each tracklet looks like."""

    vectors: NDArray[np.float32]
    """(T, K) float32 unit vectors; zeros = no crop."""
    kind: str
    """What made them: vectors of two kinds are never compared."""
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """(C,) int64, ascending: the rows of ``Tracklets`` whose crops were described; of older files none."""
    of_rows: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """(C, K) float32 unit vectors of these crops, kept to 11 bits."""


def write_appearances(path: Path, found: Appearances, made_from: str) -> None:
    """Writes stage 4a atomically. Raises ``StorageError``."""
    columns = {"vectors": found.vectors, "kind": np.array(found.kind), "made_from": np.array(made_from)}
    columns |= {"rows": found.rows, "of_rows": found.of_rows.astype(np.float16)}
    files.write_npz(path, columns)


def read_appearances(path: Path, tracklets: Tracklets) -> Appearances:
    """Reads stage 4a. Raises ``RunError``: absent, damaged, or of other tracklets."""
    most = {"vectors": MOST_ROWS, "kind": 1, "made_from": 1, "rows": MOST_ROWS, "of_rows": MOST_ROWS}
    file = _read(path, "4a", most, optional=("rows", "of_rows"))
    check_made_from(path, "4a", str(file["made_from"]), tracklets.digest())
    with _damage(path, "4a"):
        vectors = _floats(file["vectors"])
        if vectors.ndim != 2 or len(vectors) != len(tracklets) or not np.all(np.isfinite(vectors)):
            raise ValueError("no vector for each tracklet")
        if not len(file.get("rows", ())):
            return Appearances(vectors, str(file["kind"]))
        rows, of_rows = _ints(file["rows"]), _floats(file.get("of_rows", np.zeros(0)))
        if rows[0] < 0 or rows[-1] >= len(tracklets.frame_numbers) or np.any(np.diff(rows) <= 0):
            raise ValueError("crops of rows that are not there")
        if of_rows.shape != (len(rows), vectors.shape[1]) or not np.all(np.isfinite(of_rows)):
            raise ValueError("no vector for each crop")
        return Appearances(vectors, str(file["kind"]), rows, of_rows)


@dataclass(frozen=True, eq=False, slots=True)
class Persons:
    """The canonical persons; the boxes of person p, one a frame at most, are ``indptr[p]:indptr[p + 1]``."""

    person_ids: NDArray[np.int64]
    """(P,) int64 from 1, ascending."""
    indptr: NDArray[np.int64]
    """(P + 1,) int64."""
    frame_numbers: NDArray[np.int64]
    """(N,) int64, strictly ascending within a person."""
    bboxes: NDArray[np.float32]
    """(N, 4) float32, as ``RawDetections``."""
    confidences: NDArray[np.float32]
    """(N,) float32."""
    detection_rows: NDArray[np.int64]
    """(N,) int64."""
    tracklet_person: NDArray[np.int64]
    """(T,) int64: the id of the person of each tracklet, that of most of its boxes; ``NOBODY`` = none."""
    made_from: str = ""
    """Digest of the tracklets."""

    def __post_init__(self) -> None:
        _check_groups(self.person_ids, self.indptr, len(self.frame_numbers))
        n = len(self.frame_numbers)
        if (self.bboxes.shape, self.confidences.shape, self.detection_rows.shape) != ((n, 4), (n,), (n,)):
            raise ValueError("columns of several lengths")
        _check_boxes(self.bboxes, self.confidences)

    def __len__(self) -> int:
        return len(self.person_ids)

    def rows(self, person: int) -> slice:
        """Returns the rows of a person by its id, none where there is no such person."""
        at = int(np.searchsorted(self.person_ids, person))
        if at == len(self) or int(self.person_ids[at]) != person:
            return slice(0, 0)
        return slice(int(self.indptr[at]), int(self.indptr[at + 1]))

    @property
    def owner(self) -> NDArray[np.int64]:
        """(N,) int64: the place (not the id) of the person of each row."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def digest(self) -> str:
        """Returns 16 hex digits of the content."""
        return digest_of(self.person_ids, self.indptr, self.frame_numbers, self.bboxes)


def write_persons(path: Path, found: Persons, more: Mapping[str, NDArray[Any]] | None = None) -> None:
    """Writes stage 4b atomically; ``more``: object arrays for older scripts. Raises ``StorageError``."""
    names = ("person_ids", "indptr", *COLUMNS, "tracklet_person")
    columns = {name: getattr(found, name) for name in names}
    _write(path, columns | {"made_from": np.array(found.made_from)}, more)


def read_persons(path: Path, tracklets: Tracklets | None = None) -> Persons:
    """Reads stage 4b. Raises ``RunError``: absent, damaged, or of other tracklets."""
    most = {"person_ids": MOST_ROWS, "indptr": MOST_ROWS, "made_from": 1, "tracklet_person": MOST_ROWS}
    most |= dict.fromkeys(COLUMNS, MOST_ROWS) | {"bboxes": 4 * MOST_ROWS}
    file = _read(path, "4", most, ("made_from",))
    with _damage(path, "4"):
        found = Persons(
            _ints(file["person_ids"]),
            _ints(file["indptr"]),
            _ints(file["frame_numbers"]),
            _floats(file["bboxes"]),
            _floats(file["confidences"]),
            _ints(file["detection_rows"]),
            _ints(file["tracklet_person"]),
            str(file.get("made_from", "")),
        )
    if tracklets is not None:
        check_made_from(path, "4", found.made_from, tracklets.digest())
    return found


# --- stage 7

ONE = np.dtype([("frame_numbers", "<i8"), ("bboxes", "<f4", (4,)), ("confidences", "<f4")])
"""A row of ``primary_person``."""


def write_person(path: Path, persons: Persons, person: int) -> int:
    """Writes one person as ``primary_person`` atomically and returns its frames. Raises ``StorageError``."""
    rows = persons.rows(person)
    table = np.zeros(rows.stop - rows.start, ONE)
    for name in ONE.names or ():
        table[name] = getattr(persons, name)[rows]
    files.write_npz(path, {"primary_person": table, "person_id": np.array(person, np.int64)})
    return len(table)


# --- persons.json


@dataclass(frozen=True)
class About:
    """What ``persons.json`` holds."""

    video: VideoInfo
    stages: Mapping[str, Any] = field(default_factory=dict)
    """Stage -> its settings when it last ran, plain JSON values."""


def write_about(path: Path, about: About) -> None:
    """Writes ``persons.json`` atomically. Raises ``StorageError``."""
    values = {"schema": 1, "video": run_file.video_to_mapping(about.video), "stages": dict(about.stages)}
    files.write_json(path, values)


def read_about(path: Path) -> About:
    """Reads ``persons.json``. Raises ``RunError``: it is absent or damaged."""
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        raise RunError(f"{path} is missing: run stage 1 of people first.", code="no_stage", stage="1") from None
    with _damage(path, "1"):
        if not isinstance(values, dict) or not isinstance(values.get("video"), dict):
            raise ValueError("it does not say of which video it is")
        stages = values.get("stages")
        return About(run_file.video_from_mapping(values["video"]), stages if isinstance(stages, dict) else {})


# --- what all share


def digest_of(*columns: NDArray[Any]) -> str:
    """Returns 16 hex digits over the bytes of arrays."""
    found = hashlib.sha256()
    for column in columns:
        found.update(np.ascontiguousarray(column).view(np.uint8).data if column.size else b"")
        found.update(str(column.shape).encode())
    return found.hexdigest()[:16]


def check_made_from(path: Path, stage: str, noted: str, now: str) -> None:
    """Raises ``RunError`` where a file was made from another content than is there now."""
    if noted != now:
        raise RunError(
            f"{path} was made before the stage before it ran again: run stage {stage} again.",
            code="stale_stage",
            stage=stage,
        )


def _read(path: Path, stage: str, most: Mapping[str, int], optional: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
    try:
        return npz.read(path, most, optional)
    except FileNotFoundError:
        raise RunError(f"{path} is missing: run stage {stage} first.", code="no_stage", stage=stage) from None
    except (OSError, *npz.DAMAGED) as error:
        raise _damaged(path, stage, error) from error


class _damage:  # noqa: N801  reads as a word of the language
    """Turns what wrong columns raise into one sentence."""

    def __init__(self, path: Path, stage: str) -> None:
        self._path, self._stage = path, stage

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if isinstance(error, (ValueError, TypeError)):
            raise _damaged(self._path, self._stage, error) from error


def _damaged(path: Path, stage: str, error: BaseException) -> RunError:
    return RunError(f"{path} is damaged ({error}): run stage {stage} again.", code="damaged_stage", stage=stage)


def _write(path: Path, columns: Mapping[str, NDArray[Any]], more: Mapping[str, NDArray[Any]] | None) -> None:
    if not more:
        files.write_npz(path, columns)
        return
    with files.atomic(path) as file:
        np.savez_compressed(file, allow_pickle=True, **columns, **more)


def _ints(column: NDArray[Any]) -> NDArray[np.int64]:
    if column.dtype.kind not in "iu":
        raise ValueError("whole numbers are wanted")
    return column.astype(np.int64, copy=False)


def _floats(column: NDArray[Any]) -> NDArray[np.float32]:
    return column.astype(np.float32, copy=False)


def _check_groups(ids: NDArray[np.int64], indptr: NDArray[np.int64], rows: int) -> None:
    if indptr.shape != (len(ids) + 1,) or indptr[0] != 0 or indptr[-1] != rows or np.any(np.diff(indptr) < 0):
        raise ValueError("its columns do not fit together")


def _check_boxes(boxes: NDArray[np.float32], confidences: NDArray[np.float32]) -> None:
    if not (np.isfinite(boxes.sum(dtype=np.float64)) and np.isfinite(confidences.sum(dtype=np.float64))):
        raise ValueError("a box is no number")
