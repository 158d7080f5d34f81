"""The faces of one frame: found, measured, compared, and what the frame's record says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.face_pose import eyes_open, pose_of_five, pose_of_solid
from core.metrics.face_quality import face_sharpness, frontality
from core.models import FaceReader, FaceSearch
from core.records import Faces, FrameRecord
from core.settings.columns import FACE_NUMBERS
from core.video.frame import Frame

LOOKS = ("eyes_open", "yaw", "pitch", "roll")
FACE_COLUMNS = (*FACE_NUMBERS, "face_rows", "person_ids")
"""What the records of frames whose faces were read have beside the rest."""


@dataclass(frozen=True, eq=False, slots=True)
class FoundFaces:
    """The faces of one frame, as they will stand in ``faces.jsonl``."""

    lines: list[dict[str, Any]]
    """Without ``row``."""
    vectors: NDArray[np.float32]
    """(N, D) float32."""

    def __len__(self) -> int:
        return len(self.lines)


def read_faces(reader: FaceReader, frame: Frame, rgb: NDArray[np.uint8], look: FaceSearch) -> FoundFaces:
    """Finds and measures the faces of a frame. Numbers are rounded here, so that all later uses see the same ones."""
    faces = reader.read(rgb, look)
    if not len(faces):
        return FoundFaces([], faces.vectors)
    luma = frame.luma()
    sharpness = face_sharpness(luma.plane, luma.width, faces.boxes, full_range=luma.full_range)
    frontal, looks = frontality(faces.points), _looks(faces)
    sides = faces.boxes[:, 2:] - faces.boxes[:, :2]
    area = 100.0 * sides.prod(axis=1, dtype=np.float64) / (rgb.shape[0] * rgb.shape[1])
    lines = [
        {
            "frame_number": frame.ordinal,
            "bbox": _rounded(faces.boxes[i], 2),
            "kps": [_rounded(point, 2) for point in faces.points[i]],
            "confidence": round(float(faces.confidence[i]), 4),
            "area_pct": round(float(area[i]), 4),
            "sharpness": None if np.isnan(sharpness[i]) else round(float(sharpness[i]), 3),
            "frontality": round(float(frontal[i]), 2),
            **looks[i],
        }
        for i in range(len(faces))
    ]
    return FoundFaces(lines, faces.vectors)


def _looks(faces: Faces) -> list[dict[str, float | None]]:
    """Where each face looks and how far its eyes are open: by the densest points that the model gives."""
    pose = pose_of_five(faces.points)
    if faces.solid is not None:
        solid = pose_of_solid(faces.solid)
        pose = np.where(np.isnan(solid), pose, solid)
    eyes = faces.solid if faces.dense is None else faces.dense
    opened = np.full(len(faces), np.nan) if eyes is None else eyes_open(eyes, pose[:, 0])
    return [_named(opened[i], pose[i]) for i in range(len(faces))]


def _named(opened: float, pose: NDArray[np.float64]) -> dict[str, float | None]:
    numbers = (round(float(value), 1) for value in (opened, *pose))
    return {name: None if np.isnan(value) else value for name, value in zip(LOOKS, numbers, strict=True)}


def _look_of(line: Mapping[str, Any]) -> dict[str, float | None]:
    """That of a face of a run; of one that an older program read, as far as its five points tell it."""
    if "yaw" in line:
        return {name: line[name] for name in LOOKS}
    return _named(np.nan, pose_of_five(np.array([line["kps"]], np.float32))[0])


def distances(vectors: NDArray[np.float32], references: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Returns (N,) float64: the cosine distance (0-2) of each face to the nearest reference; ``None`` without one.

    Args:
        vectors: (N, D) float32 unit vectors.
        references: (R, D) float32 unit vectors.
    """
    if not len(references):
        return None
    nearest = (vectors @ references.T).max(axis=1)
    return np.asarray(np.round(np.clip(1.0 - nearest.astype(np.float64), 0.0, 2.0), 5), np.float64)


def columns(
    lines: Sequence[Mapping[str, Any]],
    rows: Sequence[int],
    distance: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Returns what the record of one frame says of its N faces; not who they are (``persons.frames``).

    Sharpness, frontality, eyes and angles are those of the face nearest to the reference, without one of the largest.

    Args:
        lines: N faces as in ``faces.jsonl``.
        rows: N rows.
        distance: N cosine distances, if somebody is looked for.
    """
    values = dict.fromkeys(FACE_COLUMNS)
    found: dict[str, Any] = {**values, "face_count": len(lines), "face_rows": list(rows)}
    if not lines:
        return found
    best = max(range(len(lines)), key=lambda i: lines[i]["area_pct"])
    if distance is not None:
        best = min(range(len(lines)), key=lambda i: distance[i])
        found["face_distance"] = distance[best]
    found["max_face_confidence"] = max(line["confidence"] for line in lines)
    found["max_face_area_pct"] = max(line["area_pct"] for line in lines)
    found["face_sharpness"] = lines[best]["sharpness"]
    found["face_frontality"] = lines[best]["frontality"]
    found |= _look_of(lines[best])
    return found


def is_read(record: FrameRecord) -> bool:
    """Whether the faces of this frame were read."""
    return record.more.get("face_count") is not None


def passes(record: FrameRecord, min_area_pct: float) -> bool:
    """Whether a frame passes the face filter: it was read and shows a face of at least this size."""
    largest = record.more.get("max_face_area_pct")
    return largest is not None and largest >= min_area_pct


def _rounded(numbers: NDArray[np.float32], digits: int) -> list[float]:
    return [round(number, digits) for number in numbers.tolist()]
