"""The small types that travel between rooms. Numpy and the standard library only.

Dataclasses that hold arrays are frozen and never compared by value.
"""

from __future__ import annotations

import dataclasses
import hashlib
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
    """Clockwise degrees (0, 90, 180, 270) to turn the stored picture for display, after ``mirrored``."""
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
    missing_bytes: int | None = None
    """A file that was cut off: bytes (at least) that it promises and that lie beyond its end; ``None`` = none known."""
    missing_frames: int | None = None
    """Of such a file: frames that its index lists and whose data lie beyond its end; ``None`` = no index says."""
    promised_s: float | None = None
    """Of such a file: the length that its header promises."""
    repaired_times: int = 0
    """Frames without a usable time stamp: theirs is missing or out of line, and their time was made."""
    ledger_digest: str | None = None
    """Of order and times, where counting frames takes more than their stamps (``FrameLedger.digest``)."""
    named_stream: bool = False
    """Whether a person named this stream, which the rules would not take: names of files carry its index."""
    first_stream: bool = True
    """Whether no film comes before it in the file: it is the one that earlier programs read."""
    mirrored: bool = False
    """Whether the stored picture is mirrored left to right for display, before it is turned."""
    orientation_source: str = "container"
    """What says so: ``"container"``, ``"bitstream"`` (of the codec); ``"nearest"``: its matrix is none of the eight."""
    color_primaries: str | None = None
    peak_cd_m2: float | None = None
    """Of a PQ video: the peak that its metadata state (its brightest content, else that of the mastering display)."""
    rendering: str | None = None
    """How wide gamut or HDR becomes the SDR picture, in words; ``None``: pictures are shown as they are stored. Runs of
    two renderings have other pixels."""

    @property
    def stream_suffix(self) -> str:
        """What stands behind the stem of the video in names of files: ``"_s2"`` for a stream that a person named."""
        return f"_s{self.stream_index}" if self.named_stream else ""

    @property
    def view(self) -> dict[str, Any]:
        """What is read otherwise than earlier programs did: stream, mirroring, count. Empty for nearly all videos.

        Two things of one file that were made with different views are never mixed.
        """
        view: dict[str, Any] = {} if self.first_stream else {"stream_index": self.stream_index}
        view |= {"mirrored": True} if self.mirrored else {}
        return view | ({} if self.ledger_digest is None else {"ledger_digest": self.ledger_digest})


def shown_otherwise(before: VideoInfo, now: VideoInfo) -> str | None:
    """Returns what differs between two openings of one file, as the end of "was made ..."; ``None`` = nothing.

    Frames of the one are not those of the other: another stream, turned or mirrored otherwise.
    """
    if before.stream_index != now.stream_index:
        return f"from stream {before.stream_index} of its video, not stream {now.stream_index}"
    if (before.rotation, before.mirrored) != (now.rotation, now.mirrored):
        return f"with its pictures {_turned(before)}, and they have to be {_turned(now)}"
    if (before.width, before.height) != (now.width, now.height):
        return f"with pictures of {before.width}x{before.height}, and they are of {now.width}x{now.height}"
    return None


def _turned(info: VideoInfo) -> str:
    words = [f"turned by {info.rotation} degrees"] if info.rotation else []
    return " and ".join((["mirrored"] if info.mirrored else []) + words) or "as they are stored"


@dataclass(frozen=True, eq=False, slots=True)
class FrameLedger:
    """Every frame of a video in presentation order; index = ordinal (0-based).

    Two clocks: *times*, when a frame is shown (``pts``), and *names*, what the decoder stamps on it, by which it is
    found again. They are the same unless stamps are missing, repeated or out of line.
    """

    pts: NDArray[np.int64]
    """(F,) int64 times in units of ``time_base``: strictly increasing, with clock ``"order"`` non-decreasing."""
    key: NDArray[np.bool_]
    """(F,) bool: container key frame, decoding can start there."""
    time_base: Fraction
    clock: str = "pts"
    """What names a decoded frame: its ``"pts"``; where those are unusable its ``"dts"``, else the ``"order"``: frames
    are counted from a key frame whose name is known, else from the beginning."""
    names: NDArray[np.int64] | None = None
    """(F,) int64, with clock ``"order"`` only: the pts that the decoder stamps on each frame, ``UNNAMED`` where it
    stamps none; ``None`` = on none of them."""
    repaired: NDArray[np.bool_] | None = None
    """(F,) bool: the time was made, for want of a usable stamp; ``None`` = of no frame."""
    decoded: int = 0
    """Version of the rules (``video.ledger.RULES``) by which a full decode counted the frames; 0 = counted from
    packets, or by a program that noted nothing."""
    entries: NDArray[np.int64] = field(init=False, repr=False)
    """(E,) int64: ordinals from which decoding can start and be named, ascending."""

    def __post_init__(self) -> None:
        if self.pts.shape != self.key.shape or self.pts.ndim != 1:
            raise ValueError(f"pts {self.pts.shape} and key {self.key.shape} must be two columns of one length")
        for name, column in (("names", self.names), ("repaired", self.repaired)):
            if column is not None and column.shape != self.pts.shape:
                raise ValueError(f"{name} {column.shape} and pts {self.pts.shape} must be columns of one length")
        steps = np.diff(self.pts)
        if len(steps) and not bool(np.all(steps >= 0 if self.clock == "order" else steps > 0)):
            raise ValueError("pts must increase strictly, and with clock order never go back")
        object.__setattr__(self, "entries", self._known_keys())

    def _known_keys(self) -> NDArray[np.int64]:
        """Counted frames can only be told from a key frame whose name no other key frame has."""
        keys = self.keys
        if self.clock != "order" or not len(keys):
            return keys
        if self.names is None:
            return keys[:0]
        names = self.names[keys]
        _, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
        single: NDArray[np.bool_] = (counts[inverse] == 1) & (names != UNNAMED)
        return np.asarray(keys[single], np.int64)

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def keys(self) -> NDArray[np.int64]:
        """(K,) int64: ordinals of the key frames."""
        return np.flatnonzero(self.key).astype(np.int64)

    @property
    def repaired_times(self) -> int:
        """How many frames carry no usable time stamp."""
        return 0 if self.repaired is None else int(np.count_nonzero(self.repaired))

    @property
    def digest(self) -> str | None:
        """16 hex digits of names and times, where the order names the frames; ``None`` = their stamps do.

        Tells apart what was numbered by different counts. Streams without any stamp have none: counting them has never
        changed.
        """
        if self.names is None:
            return None
        text = f"{self.time_base}".encode() + self.pts.astype("<i8").tobytes() + self.names.astype("<i8").tobytes()
        return hashlib.sha256(text).hexdigest()[:16]

    @property
    def duration(self) -> int:
        """Units of ``time_base`` from the first frame to the end of the last, which lasts as long as the one before.

        Where the last frames share a time, as long as the last one before that lasts; 0 where all do.
        """
        lasting = np.diff(self.pts)
        lasting = lasting[lasting > 0]
        return int(self.pts[-1] - self.pts[0] + lasting[-1]) if len(lasting) else 0

    def played_s(self) -> NDArray[np.float64]:
        """Returns (F,) float64 seconds at which a player shows each frame: its time, strictly increasing.

        Frames that share a time share the interval until the next one evenly, none shorter than ``SHORTEST_S``.
        """
        seconds = self.pts.astype(np.float64) * float(self.time_base)
        starts = np.flatnonzero(np.diff(self.pts, prepend=self.pts[:1] - 1))
        if len(starts) == len(self):
            return seconds
        group = np.searchsorted(starts, np.arange(len(self)), side="right") - 1
        sizes = np.diff(starts, append=len(self))
        lengths = np.diff(seconds[starts])
        lengths = np.append(lengths, np.median(lengths) if len(lengths) else SHORTEST_S * len(self))
        within = (np.arange(len(self)) - starts[group]) / sizes[group]
        least = SHORTEST_S * np.arange(len(self))
        played: NDArray[np.float64] = np.maximum.accumulate(seconds + within * lengths[group] - least) + least
        return played

    def seconds(self, ordinal: int) -> float:
        """Returns the presentation time of a frame in seconds, as FFmpeg prints it (the first need not be 0)."""
        return float(int(self.pts[ordinal]) * self.time_base)

    def ordinal_of(self, pts: int) -> int | None:
        """Returns the ordinal of the (first) frame with exactly this time, else ``None``."""
        at = int(np.searchsorted(self.pts, pts))
        return at if at < len(self.pts) and int(self.pts[at]) == pts else None

    def entry(self, ordinal: int) -> int:
        """Returns the frame from which ``ordinal`` is decoded: the last of ``entries`` at or before it, else 0."""
        at = int(np.searchsorted(self.entries, ordinal, side="right"))
        return int(self.entries[at - 1]) if at else 0


SHORTEST_S = 0.002
"""A player can tell frames apart that are shown at least so long."""
UNNAMED = -(1 << 63)
"""In ``FrameLedger.names``: the decoder stamps nothing on this frame."""


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
    dense: NDArray[np.float32] | None = None
    """(N, 106, 2) float32 xy, pixels, NaN = not looked at; ``None``: the model has no such network."""
    solid: NDArray[np.float32] | None = None
    """(N, 68, 3) float32 xyz, pixels, z towards the camera; NaN and ``None`` as of ``dense``."""

    def __post_init__(self) -> None:
        n = len(self.boxes)
        shapes = (self.boxes.shape, self.points.shape, self.confidence.shape, self.vectors.shape[:1])
        if shapes != ((n, 4), (n, 5, 2), (n,), (n,)):
            raise ValueError(f"boxes, points, confidence and vectors of shapes {shapes} are not of the same N faces")
        for name, points, shape in (("dense", self.dense, (n, 106, 2)), ("solid", self.solid, (n, 68, 3))):
            if points is not None and points.shape != shape:
                raise ValueError(f"{name} has the shape {points.shape}, not {shape}")

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, which: Any) -> Faces:
        """Returns some of the faces: by mask, indices or slice."""
        dense, solid = (None if some is None else some[which] for some in (self.dense, self.solid))
        return Faces(self.boxes[which], self.points[which], self.confidence[which], self.vectors[which], dense, solid)

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

    @property
    def status(self) -> str:
        """``"kept"``, the reason for which it was dropped, ``"error"`` (no picture) or ``"damaged"`` (a wrong one)."""
        if self.error is not None:
            return "error" if self.quality_score is None else "damaged"
        return self.discard_reason or "kept"

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> FrameRecord:
        """Builds a record from a decoded JSON line; fields of later stages go to ``more``."""
        known = {k: v for k, v in values.items() if k in RECORD_FIELDS}
        return cls(**known, more={k: v for k, v in values.items() if k not in RECORD_FIELDS})

    def to_mapping(self) -> dict[str, Any]:
        """Returns the JSON object of this record, fields in the order of docs/formats.md."""
        judged = {name: self.more[name] for name in JUDGED_FIRST if name in self.more}
        return {name: getattr(self, name) for name in RECORD_FIELDS} | judged | self.more


JUDGED_FIRST = (
    *("noise", "detail", "clipped_dark", "clipped_bright", "blockiness", "dissolve", "combed", "blank", "titles"),
    *("subject_detail", "subject_by", "letterbox", "peak_change", "border_clutter", "displacement", "moment"),
    *("picture_score", "sharpness_rank"),
)
"""Of ``more`` these come first, whether they were measured with the frame, at the end of the run, or years later."""
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
    discard: NDArray[np.int16]
    """(F,) int16: 0 = not discarded, else index into ``discards`` of the frame's ``discard_reason``."""
    discards: tuple[str, ...]
    """Names of the discard reasons; ``discards[0]`` is "" (not discarded)."""
    on_disk: NDArray[np.bool_]
    """(F,) bool: the frame has a file."""
    values: Mapping[str, NDArray[np.float64]]
    """Column name -> (F,) float64; NaN = not measured. Names as in ``FILTERABLE``; absent = never measured."""
    people: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    """Person id -> rows of the frames that show this person, ascending; empty until people were looked for."""
    letterbox: NDArray[np.uint32] = field(default_factory=lambda: np.zeros((0, 4), np.uint32))
    """(F, 4) uint32: x, y, width, height of the picture inside black bars; 0 wide = not known. (0, 4): of no frame."""

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
    stand_in: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """(F,) int64: ordinal of the one of the best N that stands for this frame, -1 = none; (0,) = not asked for."""
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
