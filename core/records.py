"""The small types that travel between rooms. Numpy and the standard library only.

Dataclasses that hold arrays are frozen and never compared by value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class VideoInfo:
    """What is known of one video stream. Unknown is ``None``, never 0; header claims are named so."""

    path: str
    size_bytes: int
    fingerprint: str
    """Size and SHA-256 of the first and last MiB; the same for every copy of the file."""
    container: str
    codec: str
    width: int
    """Of the displayed picture, after rotation, on the stored pixel grid."""
    height: int
    rotation: int
    """Clockwise degrees (0, 90, 180, 270) to turn the stored picture for display."""
    sample_aspect_ratio: Fraction | None
    pixel_format: str
    bit_depth: int
    color_range: str
    """``"full"`` or ``"limited"``, as used for the luma."""
    color_matrix: str | None
    color_transfer: str | None
    rate: Fraction | None
    """Average frames per second: counted frames over measured time."""
    rate_in_header: Fraction | None
    time_base: Fraction
    frames: int
    """Counted, never the header's."""
    frames_in_header: int | None
    duration_s: float | None
    """From the first frame's pts to the end of the last frame."""
    duration_in_header_s: float | None
    stream_index: int
    video_streams: int
    audio: bool


@dataclass(frozen=True, eq=False, slots=True)
class FrameLedger:
    """Every frame of a video in presentation order; index = ordinal (0-based)."""

    pts: NDArray[np.int64]
    """(F,) int64, strictly increasing, in units of ``time_base``."""
    key: NDArray[np.bool_]
    """(F,) bool: container key frame, decoding can start there."""
    time_base: Fraction
    clock: str = "pts"
    """What names a decoded frame: its ``"pts"``; where those are unusable its ``"dts"``, else the ``"order"``."""

    def __post_init__(self) -> None:
        if self.pts.shape != self.key.shape or self.pts.ndim != 1:
            raise ValueError(f"pts {self.pts.shape} and key {self.key.shape} must be two columns of one length")
        if len(self.pts) > 1 and not bool(np.all(np.diff(self.pts) > 0)):
            raise ValueError("pts must increase strictly")

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def keys(self) -> NDArray[np.int64]:
        """(K,) int64: ordinals of the key frames."""
        return np.flatnonzero(self.key).astype(np.int64)

    def seconds(self, ordinal: int) -> float:
        """Returns the presentation time of a frame in seconds, as FFmpeg prints it (the first need not be 0)."""
        return float(int(self.pts[ordinal]) * self.time_base)

    def ordinal_of(self, pts: int) -> int | None:
        """Returns the ordinal of the frame with exactly this pts, else ``None``."""
        at = int(np.searchsorted(self.pts, pts))
        return at if at < len(self.pts) and int(self.pts[at]) == pts else None

    def entry(self, ordinal: int) -> int:
        """Returns the key frame from which ``ordinal`` is decoded: the last one at or before it, else 0."""
        at = int(np.searchsorted(self.keys, ordinal, side="right"))
        return int(self.keys[at - 1]) if at else 0


@dataclass(frozen=True, eq=False, slots=True)
class Faces:
    """The faces of one picture: parallel arrays of length N, the surest face first."""

    boxes: NDArray[np.float32]
    """(N, 4) float32 xyxy, pixels, ``x2``/``y2`` exclusive, inside the picture."""
    points: NDArray[np.float32]
    """(N, 5, 2) float32 xy, pixels: the eye on the left of the picture, the other eye, nose, both ends of the mouth."""
    confidence: NDArray[np.float32]
    """(N,) float32, 0-1."""
    vectors: NDArray[np.float32]
    """(N, D) float32 unit vectors; small cosine distance = the same person."""

    def __post_init__(self) -> None:
        n = len(self.boxes)
        shapes = (self.boxes.shape, self.points.shape, self.confidence.shape, self.vectors.shape[:1])
        if shapes != ((n, 4), (n, 5, 2), (n,), (n,)):
            raise ValueError(f"boxes, points, confidence and vectors of shapes {shapes} are not of the same N faces")

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, which: Any) -> Faces:
        """Returns some of the faces: by mask, indices or slice."""
        return Faces(self.boxes[which], self.points[which], self.confidence[which], self.vectors[which])

    @classmethod
    def empty(cls, dimension: int) -> Faces:
        """Returns no faces, with vectors of this length."""
        zeros = np.zeros
        return cls(
            zeros((0, 4), np.float32),
            zeros((0, 5, 2), np.float32),
            zeros(0, np.float32),
            zeros((0, dimension), np.float32),
        )


@dataclass(slots=True)
class FrameRecord:
    """One line of ``metadata.jsonl``: Python scalars only. ``None`` = not measured. Units in docs/formats.md."""

    frame_number: int
    pts_s: float
    filename: str | None = None
    discard_reason: str | None = None
    shot_id: int | None = None
    quality_score: float | None = None
    sharpness: float | None = None
    edge_strength: float | None = None
    contrast: float | None = None
    brightness: float | None = None
    entropy: float | None = None
    phash: str | None = None
    colours: str | None = None
    """72 hex digits: coarse colours, see docs/formats.md, Near-duplicates."""
    error: str | None = None
    more: dict[str, Any] = field(default_factory=dict)
    """Fields that later stages added, as they stand in the file."""

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> FrameRecord:
        """Builds a record from a decoded JSON line; fields of later stages go to ``more``."""
        known = {k: v for k, v in values.items() if k in RECORD_FIELDS}
        return cls(**known, more={k: v for k, v in values.items() if k not in RECORD_FIELDS})

    def to_mapping(self) -> dict[str, Any]:
        """Returns the JSON object of this record, fields in the order of docs/formats.md."""
        return {name: getattr(self, name) for name in RECORD_FIELDS} | self.more


RECORD_FIELDS = tuple(f.name for f in dataclasses.fields(FrameRecord) if f.name != "more")


@dataclass(frozen=True, eq=False, slots=True)
class FrameTable:
    """The records of a run as columns of length F, in ordinal order. NaN, -1 or "" = not measured."""

    ordinal: NDArray[np.int64]
    """(F,) int64."""
    pts_s: NDArray[np.float64]
    """(F,) float64 seconds."""
    shot: NDArray[np.int64]
    """(F,) int64; -1 = not known."""
    phash: NDArray[np.uint64]
    """(F,) uint64; meaningful only where ``has_phash``."""
    has_phash: NDArray[np.bool_]
    colours: NDArray[np.uint8]
    """(F, 36) uint8, see ``metrics/colours.py``; meaningful only where ``has_colours``."""
    has_colours: NDArray[np.bool_]
    error: NDArray[np.bool_]
    """(F,) bool: the record carries an error."""
    discarded: NDArray[np.str_]
    """(F,) str: ``discard_reason`` or ""."""
    on_disk: NDArray[np.bool_]
    """(F,) bool: the frame has a file."""
    values: Mapping[str, NDArray[np.float64]]
    """Column name -> (F,) float64; NaN = not measured. Names as in ``config.FILTERABLE``; absent = never measured."""
    people: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    """Person id -> rows of the frames that show this person, ascending; empty until people were looked for."""

    def __len__(self) -> int:
        return len(self.ordinal)


@dataclass(frozen=True, eq=False, slots=True)
class Selection:
    """What a filter keeps of a table, and why it refused the rest."""

    ordinal: NDArray[np.int64]
    """(F,) int64: ordinals of the table."""
    keep: NDArray[np.bool_]
    """(F,) bool."""
    reason: NDArray[np.int16]
    """(F,) int16: 0 = kept, else index into ``reasons`` of the first rule that refused the frame."""
    reasons: tuple[str, ...]
    """Names; ``reasons[0]`` is "" (kept)."""
    only_by: Mapping[str, int]
    """Filter name (``"min sharpness"``, ``"duplicate"``, ...) -> how many frames only that filter removes."""
    duplicate_of: NDArray[np.int64]
    """(F,) int64: ordinal of the frame that represents the group of duplicates, -1 = not a removed duplicate."""
    relaxed: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Column -> (lower, upper) bound that was really used, where ``at_least`` loosened it."""

    @property
    def kept(self) -> NDArray[np.int64]:
        """(K,) int64: kept ordinals, ascending."""
        return self.ordinal[self.keep]

    def counts(self) -> dict[str, int]:
        """Returns how many frames each reason refused, in the order of the rules, without reasons that refused none."""
        found = np.bincount(self.reason, minlength=len(self.reasons))
        return {name: int(found[i]) for i, name in enumerate(self.reasons) if i and found[i]}

    def __iter__(self) -> Iterator[int]:
        return iter(self.kept.tolist())


@dataclass(frozen=True, eq=False, slots=True)
class Detections:
    """What a detector found in one frame: parallel arrays of length N."""

    xyxy: NDArray[np.float32]
    """(N, 4) float32: pixels of the source in display orientation, ``x2``/``y2`` exclusive."""
    confidence: NDArray[np.float32]
    """(N,) float32, 0-1."""
    class_id: NDArray[np.int64]
    """(N,) int64: index into the names of the weights."""

    def __post_init__(self) -> None:
        count = len(self.confidence)
        if self.xyxy.shape != (count, 4) or self.confidence.shape != (count,) or self.class_id.shape != (count,):
            raise ValueError(
                f"xyxy {self.xyxy.shape}, confidence {self.confidence.shape} and class_id {self.class_id.shape} "
                "must be (N, 4), (N,) and (N,)"
            )

    @classmethod
    def empty(cls) -> Detections:
        """Returns no detection."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.confidence)

    def __getitem__(self, mask: NDArray[Any] | slice) -> Detections:
        """Returns the detections that a mask, an array of rows or a slice picks."""
        return Detections(self.xyxy[mask], self.confidence[mask], self.class_id[mask])
