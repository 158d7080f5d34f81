"""Settings. Each knob is stated once, here: default, range, unit and help; slider, flag and preset read it.

Not here: numbers that nobody tunes (named constants beside their use).
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from core.errors import SettingsError

METHODS = ("keyframes", "interval", "scene", "every_nth", "all")
"""How frames are chosen from the video; the meaning of each is in docs/formats.md, Sampling."""

METRIC_NAMES = ("sharpness", "edge_strength", "contrast", "brightness", "entropy")
"""The five quality metrics, in the order of the quality weights."""

FACE_NUMBERS = (
    "face_count",
    "max_face_confidence",
    "max_face_area_pct",
    "face_distance",
    "face_sharpness",
    "face_frontality",
)
"""Columns of frames whose faces were read."""

FILTERABLE = (
    "quality_score",
    *METRIC_NAMES,
    *FACE_NUMBERS,
    "mask_area_pct",
    "mask_score",
    "reid_similarity",
    *(f"subject_{name}" for name in METRIC_NAMES),
    "subject_quality_score",
)
"""Columns that accept a lower and an upper bound."""

LARGEST = 2**63 - 1
"""Ordinals and shot numbers are 64-bit integers."""

Settings = TypeVar("Settings")


def knob(
    default: Any,
    text: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
    in_digest: bool = True,
    newer: bool = False,
) -> Any:
    """Returns a dataclass field that carries its own documentation and bounds (both inclusive).

    ``newer`` marks a setting that older runs do not know: it enters the digest only where it differs from its default,
    so that their digests still match.
    """
    facts = {"help": text, "unit": unit, "low": low, "high": high, "choices": choices}
    facts |= {"in_digest": in_digest, "newer": newer}
    if isinstance(default, (dict, list)):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=facts)
    return dataclasses.field(default=default, metadata=facts)


FACE_PACKS = ("buffalo_l", "buffalo_m", "buffalo_s", "antelopev2")
"""insightface's model packs; a folder of ONNX files may be named instead."""

DEVICES = ("auto", "cpu", "cuda")

HDR = ("tonemap", "keep")
"""What is saved of HDR and wide gamut."""


_face_model = partial(knob, "buffalo_l", f"face model: {', '.join(FACE_PACKS)}, or a folder of ONNX files")
_face_device = partial(
    knob, "auto", "where face models run; auto takes CUDA if it is there", choices=DEVICES, in_digest=False
)
_min_face_confidence = partial(knob, 0.5, "leave out faces that the detector is less sure of", low=0.1, high=1.0)
_face_refs = partial(
    knob, (), "photo of the person who is looked for; IMG#2 = the second face from the left", in_digest=False
)

_stream = partial(
    knob, None, "video stream that is read, by its number in probe; the film unless given", low=0, high=100_000
)


@dataclass(frozen=True)
class FaceSettings:
    """How faces are found, and whose face is looked for."""

    face_model: str = _face_model()
    face_device: str = _face_device()
    min_face_confidence: float = _min_face_confidence()
    face_refs: tuple[str, ...] = _face_refs()

    def __post_init__(self) -> None:
        check(self)


FACE_INPUTS = ("face_model", "min_face_confidence", "min_face_area", "faces", "face_filter")
"""Settings that change no record while no faces are read."""

MAX_FACE_DISTANCE = 0.5
"""Cosine distance up to which a face counts as that of the reference; chosen by measurement: benchmarks/faces.py."""


@dataclass(frozen=True)
class PeopleSettings:
    """How the faces of a run become people."""

    person_distance: float = knob(
        0.55, "mean cosine distance up to which two groups of faces are one person", low=0.05, high=1.5
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class ExtractSettings:
    """What ``extract`` does with one video."""

    method: str = knob("keyframes", "how frames are chosen", choices=METHODS)
    interval: float = knob(2.0, "one frame every S seconds (method interval)", unit="s", low=0.001, high=86_400.0)
    every: int = knob(10, "one frame of every N (method every_nth)", unit="frames", low=1, high=10_000_000)
    scene_threshold: float | None = knob(
        None, "scene score that makes a cut (method scene); 0.4 unless given, 0.5 with fast", low=0.0, high=1.0
    )
    scene_fast: bool = knob(False, "only hard cuts: threshold 0.5 (method scene)")
    target: int | None = knob(None, "about how many frames are wanted", unit="frames", low=1, high=100_000_000)
    png: bool = knob(False, "save PNG instead of JPEG")
    jpeg_quality: int = knob(95, "JPEG quality", low=1, high=100)
    hdr: str = knob(
        "tonemap",
        "what is saved of HDR and wide gamut: tonemap = SDR pictures, keep = 16-bit PNG in the video's own colours "
        "(tagged by cICP)",
        choices=HDR,
        newer=True,
    )
    save_frames: bool = knob(True, "write each kept frame; off: score only, export decodes the winners later")
    thumbs: bool = knob(False, "write small previews to thumbs/", in_digest=False)
    thumb_height: int = knob(180, "height of a preview", unit="px", low=32, high=1080, in_digest=False)
    quality_weights: tuple[float, ...] = knob(
        (30.0, 20.0, 20.0, 10.0, 20.0),
        "weights of sharpness, edge strength, contrast, brightness and entropy",
        low=0.0,
        high=1000.0,
        in_digest=False,
    )
    min_quality: float | None = knob(None, "drop frames below this quality score", low=0.0, high=100.0)
    min: Mapping[str, float] = knob({}, "drop frames below this value of a metric", low=0.0, high=100.0)
    sharpness_scale: float = knob(1000.0, "variance of the Laplacian that counts as 100", low=1e-6, high=1e9)
    edge_scale: float = knob(100.0, "mean Sobel magnitude that counts as 100", low=1e-6, high=1e9)
    faces: bool = knob(False, "read the faces of every frame in the same pass")
    face_filter: bool = knob(False, "read faces and drop frames without a face that is sure and large enough")
    face_model: str = _face_model()
    face_device: str = _face_device()
    min_face_confidence: float = _min_face_confidence()
    min_face_area: float = knob(
        0.0, "smallest face that lets a frame pass the face filter", unit="% of the frame", low=0.0, high=100.0
    )
    face_refs: tuple[str, ...] = _face_refs()
    stream: int | None = _stream(newer=True)

    def __post_init__(self) -> None:
        check(self)
        _check_weights(self.quality_weights)
        _check_metric_names(self.min, METRIC_NAMES, "min")

    @property
    def reads_faces(self) -> bool:
        """Whether the faces of each frame are read."""
        return self.faces or self.face_filter

    @property
    def face_settings(self) -> FaceSettings:
        """How faces are found."""
        return FaceSettings(self.face_model, self.face_device, self.min_face_confidence, self.face_refs)

    @property
    def threshold(self) -> float:
        """The scene threshold in force, 0-1."""
        if self.scene_threshold is not None:
            return self.scene_threshold
        return SCENE_THRESHOLD_FAST if self.scene_fast else SCENE_THRESHOLD

    @property
    def image_suffix(self) -> str:
        """``".png"`` or ``".jpg"``."""
        return ".png" if self.png else ".jpg"

    def digest(self) -> str:
        """Returns 16 hex digits over what changes the records: the method with its own inputs, pre-filters, format.

        The weights count only where they decide which frames are kept: with a quality pre-filter, or when the best
        frame of each window is asked for (``target`` with ``all`` or ``every_nth``).
        """
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.metadata["in_digest"]}
        for f in dataclasses.fields(self):
            if f.metadata["newer"] and getattr(self, f.name) == f.default:
                fields.pop(f.name, None)
        for method, names in METHOD_INPUTS.items():
            if method != self.method:
                for name in names:
                    fields.pop(name, None)
        if self.method == "scene":
            fields["scene_threshold"] = None if self.target else self.threshold
        fields["min"] = dict(sorted(self.min.items()))
        fields["faces"] = self.reads_faces
        for name in FACE_INPUTS:
            if not self.reads_faces or (name == "min_face_area" and not self.face_filter):
                fields.pop(name, None)
        if self.min_quality is not None or (self.target and self.method in ("all", "every_nth")):
            fields["quality_weights"] = self.quality_weights
        text = json.dumps(fields, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


SCENE_THRESHOLD = 0.4
SCENE_THRESHOLD_FAST = 0.5
METHOD_INPUTS: dict[str, tuple[str, ...]] = {
    "interval": ("interval",),
    "every_nth": ("every",),
    "scene": ("scene_threshold", "scene_fast"),
}
"""The settings that only one method reads."""


@dataclass(frozen=True)
class FilterSettings:
    """Which records of a run are kept. Applied in this order: ranges, duplicates, quotas; by hand beats all."""

    min: Mapping[str, float] = knob({}, "lower bound of a column, inclusive")
    max: Mapping[str, float] = knob({}, "upper bound of a column, inclusive")
    person_ids: tuple[int, ...] | None = knob(
        None, "only frames that show one of these people, by the ids of faces", low=0, high=LARGEST
    )
    shots: tuple[int, ...] | None = knob(None, "only these shots, by their numbers in the records", low=0, high=LARGEST)
    dedup: int | None = knob(
        None,
        "frames whose hashes differ in at most D bits and whose colours agree are duplicates; the best stays",
        unit="bits",
        low=0,
        high=32,
    )
    rank_by: str = knob("quality_score", "column by which the best is chosen", choices=FILTERABLE)
    top: int | None = knob(None, "keep at most N frames in all", unit="frames", low=0, high=100_000_000)
    top_percent: float | None = knob(None, "keep the best P % of what is left", unit="%", low=0.0, high=100.0)
    per_shot: int | None = knob(None, "keep at most N frames of each shot", unit="frames", low=0, high=100_000_000)
    per_shot_percent: float | None = knob(None, "keep the best P % of each shot", unit="%", low=0.0, high=100.0)
    per_window: int | None = knob(None, "keep at most N frames of each window", unit="frames", low=0, high=100_000_000)
    per_window_percent: float | None = knob(None, "keep the best P % of each window", unit="%", low=0.0, high=100.0)
    window: float = knob(10.0, "length of a time window", unit="s", low=0.001, high=86_400.0)
    at_least: int | None = knob(
        None, "loosen the ranges step by step until N frames are kept", unit="frames", low=1, high=100_000_000
    )
    keep: tuple[int, ...] = knob((), "ordinals kept by hand, whatever the filters say", low=0, high=LARGEST)
    reject: tuple[int, ...] = knob((), "ordinals rejected by hand", low=0, high=LARGEST)

    def __post_init__(self) -> None:
        check(self)
        for bounds in (self.min, self.max):
            _check_metric_names(bounds, FILTERABLE, "min and max")
        for name in self.min:
            if name in self.max and self.min[name] > self.max[name]:
                raise SettingsError(
                    f"min {name} = {self.min[name]:g} is above max {name} = {self.max[name]:g}, "
                    "so no frame could pass; swap them or drop one."
                )
        both = set(self.keep) & set(self.reject)
        if both:
            raise SettingsError(f"frame {min(both)} is both kept and rejected by hand; choose one.")


@dataclass(frozen=True)
class ExportSettings:
    """What ``export`` writes beside the frames."""

    face_crops: bool = knob(False, "also cut out the faces, those of the wanted person where one is filtered")
    face_margin: float = knob(0.3, "border around a face, as a share of its longer side", low=0.0, high=3.0)

    def __post_init__(self) -> None:
        check(self)


HEIGHTS = ("360", "480", "720", "1080", "1440", "2160", "best")
"""Maximum heights of a download, in pixels; ``best`` sets no limit."""


@dataclass(frozen=True)
class FetchSettings:
    """What ``fetch`` downloads. A whole number of pixels is taken as its text, so that JSON may say 720 or "720"."""

    max_height: str = knob("1080", "tallest video that is downloaded", unit="px", choices=HEIGHTS, in_digest=False)

    def __post_init__(self) -> None:
        if isinstance(self.max_height, int) and not isinstance(self.max_height, bool):
            object.__setattr__(self, "max_height", str(self.max_height))
        check(self)

    @property
    def height_px(self) -> int | None:
        """The limit in pixels; ``None`` = no limit."""
        return None if self.max_height == "best" else int(self.max_height)


@dataclass(frozen=True)
class MineSettings:
    """How frames are saved from Live Review."""

    hamming: int = knob(
        6,
        "frames whose hashes differ in at most D bits and whose colours agree are too like each other",
        unit="bits",
        low=0,
        high=32,
    )
    skip: int = knob(0, "frames to go on after a save", unit="frames", low=0, high=100_000)

    def __post_init__(self) -> None:
        check(self)


PRECISIONS = ("auto", "float32")


@dataclass(frozen=True)
class DetectSettings:
    """How ``precompute`` and live inference run a detector, and what of its boxes is kept.

    The floor is low and the NMS loose, so that a reviewer can move both thresholds without another pass.
    """

    device: str = knob("auto", "where the model runs; auto: CUDA where there is one", choices=DEVICES, in_digest=False)
    precision: str = knob(
        "auto",
        "number format; auto: bfloat16 or float16 where the device has it",
        choices=PRECISIONS,
        in_digest=False,
    )
    imgsz: int = knob(640, "longest side of the picture that the model sees", unit="px", low=32, high=8192)
    conf_floor: float = knob(0.05, "lowest confidence that is kept", low=0.001, high=1.0)
    nms_iou: float = knob(0.9, "overlap from which the weaker of two boxes of a class is dropped", low=0.01, high=1.0)
    max_det: int = knob(1000, "most boxes of a frame that are kept", unit="boxes", low=1, high=30_000)
    stream: int | None = _stream(in_digest=False)

    def __post_init__(self) -> None:
        check(self)


def from_mapping(kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    """Builds settings from plain JSON values (a preset, an API call); lists become tuples.

    Raises:
        SettingsError: an unknown key (the nearest valid one is named) or a value out of range or of another type.
    """
    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise SettingsError(f'"{key}" is not a setting{nearest(key, known)}.')
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def to_mapping(settings: Any) -> dict[str, Any]:
    """Returns every field as plain JSON values."""
    values = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    return {k: list(v) if isinstance(v, tuple) else dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def differences(settings: Any) -> dict[str, Any]:
    """Returns only the fields that differ from the defaults, as plain JSON values: what a preset holds.

    ``None`` (a preset that says nothing about a verb) has none.
    """
    if settings is None:
        return {}
    default = to_mapping(type(settings)())
    return {k: v for k, v in to_mapping(settings).items() if v != default[k]}


NEAR = 0.6
"""Similarity (difflib ratio, 0-1) from which a name is taken for a typing error: "sharp" is, "face_count" is not."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns ``'; did you mean "x"?'`` without the question mark, or the list of all names when none is near."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=NEAR)
    return f'; the nearest valid one is "{close[0]}"' if close else f"; valid ones are {', '.join(known)}"


def check(settings: Any) -> None:
    """Checks type, range and choice of every field.

    Raises:
        SettingsError: one sentence that names the field, the value and what is wanted.
    """
    for field in dataclasses.fields(settings):
        value, facts = getattr(settings, field.name), field.metadata
        if value is None and "None" in str(field.type):
            continue
        if facts["choices"] is not None and value not in facts["choices"]:
            raise SettingsError(
                f"{field.name} = {_shown(value)} is not one of {', '.join(facts['choices'])}"
                f"{nearest(str(value), facts['choices'])}."
            )
        _check_type(field.name, value, str(field.type))
        if str(field.type).startswith(("str", "tuple[str")):
            for item in value if isinstance(value, tuple) else (value,):
                _check_type(field.name, item, "str")
            continue
        for name, item in _named_items(field.name, value):
            if "tuple[int" in str(field.type):
                _check_type(name, item, "int")
            _check_number(name, item, facts)


def _named_items(name: str, value: Any) -> list[tuple[str, Any]]:
    """What a message calls each value of a field, and the value."""
    if isinstance(value, Mapping):
        return [(f"{name} {key}", item) for key, item in value.items()]
    return [(name, item) for item in (value if isinstance(value, tuple) else (value,))]


def _check_type(name: str, value: Any, wanted: str) -> None:
    kind = wanted.split("[")[0].split(" |")[0]
    types, text = TYPES[kind]
    if not isinstance(value, types) or (kind in ("int", "float") and isinstance(value, bool)):
        raise SettingsError(f"{name} = {_shown(value)} is not {text}.")


TYPES: dict[str, tuple[Any, str]] = {
    "int": (int, "a whole number"),
    "float": ((int, float), "a number"),
    "bool": (bool, "true or false"),
    "str": (str, "text"),
    "tuple": (tuple, "a list of numbers"),
    "Mapping": (Mapping, "an object of names and numbers"),
}


def _check_number(name: str, value: Any, facts: Mapping[str, Any]) -> None:
    if isinstance(value, bool) or (isinstance(value, str) and facts["choices"] is not None):
        return
    if not isinstance(value, (int, float)) or value != value or value in (float("inf"), float("-inf")):
        raise SettingsError(f"{name} = {_shown(value)} is not a finite number.")
    low, high = facts["low"], facts["high"]
    if high == LARGEST and not low <= value <= high:
        raise SettingsError(f"{name} = {value} cannot be: frames and shots are counted from 0, up to {LARGEST}.")
    if (low is not None and value < low) or (high is not None and value > high):
        raise SettingsError(f"{name} = {value} is out of range; it goes from {low:g} to {high:g}.")
    if abs(value) > LARGEST:
        raise SettingsError(f"{name} = {_shown(value)} is too large; numbers go up to {LARGEST:.3g}.")


def _shown(value: Any) -> str:
    """A value as JSON writes it, cut where it is long."""
    plain = list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
    text = json.dumps(plain, default=repr, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


SHOWN = 60
"""Characters of a wrong value that a message shows."""


def _check_weights(weights: tuple[float, ...]) -> None:
    if len(weights) != len(METRIC_NAMES):
        raise SettingsError(f"{len(weights)} quality weights came, 5 are wanted: {', '.join(METRIC_NAMES)}.")
    if sum(weights) <= 0:
        raise SettingsError("the quality weights sum to zero; give at least one metric a weight above zero.")


def _check_metric_names(bounds: Mapping[str, float], known: Iterable[str], where: str) -> None:
    for name in bounds:
        if name not in known:
            raise SettingsError(f'"{name}" is not a metric that {where} can bound{nearest(name, known)}.')
