"""The faces of one frame: found, measured, compared, and what the frame's record says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import FACE_NUMBERS
from core.metrics.face_quality import face_sharpness, frontality
from core.models import FaceReader, Look
from core.records import FrameRecord
from core.video.frame import Frame

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


def read_faces(reader: FaceReader, frame: Frame, rgb: NDArray[np.uint8], look: Look) -> FoundFaces:
    """Finds and measures the faces of a frame. Numbers are rounded here, so that all later uses see the same ones."""
    faces = reader.read(rgb, look)
    if not len(faces):
        return FoundFaces([], faces.vectors)
    luma = frame.luma()
    sharpness = face_sharpness(luma.plane, luma.width, faces.boxes, full_range=luma.full_range)
    frontal = frontality(faces.points)
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
        }
        for i in range(len(faces))
    ]
    return FoundFaces(lines, faces.vectors)


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
    people: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Returns what the record of one frame says of its N faces.

    Sharpness and frontality are those of the face nearest to the reference, without one of the largest face.

    Args:
        lines: N faces as in ``faces.jsonl``.
        rows: N rows.
        distance: N cosine distances, if somebody is looked for.
        people: N person ids, -1 = single, if people were looked for.
    """
    values = dict.fromkeys(FACE_COLUMNS)
    found: dict[str, Any] = {**values, "face_count": len(lines), "face_rows": list(rows)}
    found["person_ids"] = None if people is None else sorted({p for p in people if p >= 0})
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
