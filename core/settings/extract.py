"""The settings of ``extract``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pydantic

from core.errors import SettingsError
from core.settings.arguments import DOWNLOADS, Arguments
from core.settings.best import best_knob, rank_by_knob, spread_knob
from core.settings.columns import METRIC_NAMES, check_columns
from core.settings.faces import (
    FaceSettings,
    face_device_knob,
    face_model_knob,
    min_face_confidence_knob,
)
from core.settings.fetch import FetchSettings, Height, item_knob, max_height_knob
from core.settings.masks import MaskSettings
from core.settings.model import Model, Percent, facts_of, in_digest, knob
from core.settings.paths import FaceModel, FaceReference, ReadFile, Source, WriteFolder
from core.settings.source import stream_knob

METHODS = ("keyframes", "interval", "scene", "every_nth", "all", "best")
"""How frames are chosen from the video; the meaning of each is in docs/formats.md, Sampling."""


HDR = ("tonemap", "keep")
"""What is saved of HDR and wide gamut."""


FACE_INPUTS = ("face_model", "min_face_confidence", "min_face_area", "faces", "face_filter")
"""Settings that change no record while no faces are read."""
FACES_READ = {"faces": (True,), "face_filter": (True,)}
"""With what the settings of faces are read."""


Weight = Annotated[float, pydantic.Field(ge=0.0, le=1000.0)]


quality_weights_knob = partial(
    knob,
    text="weights of sharpness, edge strength, contrast, brightness and entropy",
    metavar=("SHARP", "EDGE", "CONTRAST", "BRIGHT", "ENTROPY"),
    label="Weight",
)


class ExtractSettings(Model):
    """What ``extract`` does with one video."""

    method: str = knob("keyframes", "how frames are chosen", choices=METHODS)
    interval: float = knob(
        2.0,
        "one frame every S seconds (method interval)",
        unit="s",
        low=0.001,
        high=86_400.0,
        metavar="S",
        label="One frame every",
        read_with={"method": ("interval",)},
    )
    every: int = knob(
        10,
        "one frame of every N (method every_nth)",
        unit="frames",
        low=1,
        high=10_000_000,
        label="One frame of every",
        read_with={"method": ("every_nth",)},
    )
    scene_threshold: float | None = knob(
        None,
        "scene score that makes a cut (method scene); 0.4 unless given, 0.5 with fast",
        low=0.0,
        high=1.0,
        metavar="T",
        label="Scene score of a cut",
        read_with={"method": ("scene",)},
    )
    scene_fast: bool = knob(
        False, "only hard cuts: threshold 0.5 (method scene)", label="Only hard cuts", read_with={"method": ("scene",)}
    )
    target: int | None = knob(
        None, "about how many frames are wanted", unit="frames", low=1, high=100_000_000, label="About how many"
    )
    best: int | None = best_knob(
        None,
        "score the video and save the best N stills, spread over it (method best)",
        read_with={"method": ("best",)},
    )
    spread: str = spread_knob(read_with={"method": ("best",)})
    rank_by: str = rank_by_knob(read_with={"method": ("best",)})
    png: bool = knob(False, "save PNG instead of JPEG", label="PNG instead of JPEG")
    jpeg_quality: int = knob(
        95, "JPEG quality", low=1, high=100, metavar="Q", label="JPEG quality", read_with={"png": (False,)}
    )
    hdr: str = knob(
        "tonemap",
        "what is saved of HDR and wide gamut: tonemap = SDR pictures, keep = 16-bit PNG in the video's own colours "
        "(tagged by cICP)",
        choices=HDR,
        newer=True,
        label="HDR and wide gamut",
    )
    save_frames: bool = knob(
        True,
        "write each kept frame; off: score only, export decodes the winners later",
        label="Save full-size pictures",
    )
    thumbs: bool = knob(False, "write small previews to thumbs/", in_digest=False)
    thumb_height: int = knob(
        180,
        "height of a preview",
        unit="px",
        low=32,
        high=1080,
        in_digest=False,
        metavar="PX",
        label="Height of previews",
        read_with={"thumbs": (True,)},
    )
    quality_weights: tuple[Weight, ...] = quality_weights_knob((30.0, 20.0, 20.0, 10.0, 20.0), in_digest=False)
    min_quality: float | None = knob(
        None, "drop frames below this quality score", low=0.0, high=100.0, metavar="Q", label="Quality score at least"
    )
    min: Mapping[str, Percent] = knob(
        {}, "drop frames below this value of a metric", metavar="METRIC=VALUE", label="at least"
    )
    sharpness_scale: float = knob(
        1000.0, "variance of the Laplacian that counts as 100", low=1e-6, high=1e9, label="Sharpness scale"
    )
    edge_scale: float = knob(
        100.0, "mean Sobel magnitude that counts as 100", low=1e-6, high=1e9, label="Edge strength scale"
    )
    inside_bars: bool = knob(
        False, "take the five quality metrics inside black bars", newer=True, label="Measure inside black bars"
    )
    faces: bool = knob(False, "read the faces of every frame in the same pass", label="Read faces while extracting")
    face_filter: bool = knob(
        False,
        "read faces and drop frames without a face that is sure and large enough",
        flag="--enable-face-filter",
        label="Drop frames without a face",
    )
    face_model: FaceModel = face_model_knob(read_with=FACES_READ)
    face_device: str = face_device_knob(read_with=FACES_READ)
    min_face_confidence: float = min_face_confidence_knob(read_with=FACES_READ)
    min_face_area: float = knob(
        0.0,
        "smallest face that lets a frame pass the face filter",
        unit="% of the frame",
        low=0.0,
        high=100.0,
        metavar="P",
        label="Face area at least",
        read_with={"face_filter": (True,)},
    )
    face_refs: tuple[FaceReference, ...] = knob(
        (),
        "photo of the person who is looked for; IMG#2 = the second face from the left",
        in_digest=False,
        flag="--face-ref-img",
        metavar="IMG",
        read_with=FACES_READ,
    )
    stream: int | None = stream_knob(newer=True)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _best_is_a_method(cls, values: Any) -> Any:
        """Whoever asks for the best N and names no method means the method ``best``."""
        asks = isinstance(values, dict) and values.get("best") is not None and "method" not in values
        return {**values, "method": "best"} if asks else values

    @pydantic.model_validator(mode="after")
    def _check_together(self) -> ExtractSettings:
        check_weights(self.quality_weights)
        check_columns(self.min, METRIC_NAMES, "min", "min")
        return self

    @property
    def reads_faces(self) -> bool:
        """Whether the faces of each frame are read."""
        return self.faces or self.face_filter

    @property
    def face_settings(self) -> FaceSettings:
        """How faces are found."""
        return FaceSettings(**{name: getattr(self, name) for name in FaceSettings.model_fields})

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

    @property
    def stills(self) -> int:
        """How many the method ``best`` looks for."""
        return STILLS if self.best is None else self.best

    def digest(self) -> str:
        """Returns 16 hex digits over what changes the records: the method with its own inputs, pre-filters, format.

        The weights count only where they decide which frames are kept: with a quality pre-filter, or when the best
        frame of each window is asked for (``target`` with ``all`` or ``every_nth``), or the best N.
        """
        fields = in_digest(self)
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
        if self.method == "best":
            fields["best"] = self.stills
            fields.pop("target")
        by_target = self.target and self.method in ("all", "every_nth")
        if self.min_quality is not None or by_target or self.method == "best":
            fields["quality_weights"] = self.quality_weights
        text = json.dumps(fields, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


STILLS = 20
"""The best N where no N is given."""
SCENE_THRESHOLD = 0.4
SCENE_THRESHOLD_FAST = 0.5
METHOD_INPUTS: dict[str, tuple[str, ...]] = {
    method: names
    for method in METHODS
    if (names := tuple(name for name, f in facts_of(ExtractSettings).items() if f.read_with == {"method": (method,)}))
}
"""The settings that only one method reads. ``target`` is read by all but ``best``."""


def check_weights(weights: tuple[float, ...]) -> None:
    """Raises ``SettingsError`` where there are not five of them, or all are zero."""
    if len(weights) != len(METRIC_NAMES):
        wanted = f"5 are wanted: {', '.join(METRIC_NAMES)}"
        raise SettingsError(f"{len(weights)} quality weights came, {wanted}.", field="quality_weights")
    if sum(weights) <= 0:
        raise SettingsError(
            "the quality weights sum to zero; give at least one metric a weight above zero.", field="quality_weights"
        )


def check_read(settings: ExtractSettings) -> None:
    """Raises ``SettingsError`` where a wanted number of frames is one that the method does not read."""
    if settings.best is not None and settings.method != "best":
        raise SettingsError(
            f"best = {settings.best} asks for the best stills, but the method is {settings.method}; leave one of the "
            "two out.",
            field="best",
            method=settings.method,
        )
    if settings.target is not None and settings.method == "best":
        raise SettingsError(
            f"target = {settings.target} is not read by the method best; give best = {settings.target} instead.",
            field="target",
            method="best",
        )


class ExtractArguments(Arguments):
    """Which video is extracted, how, and where to."""

    source: Source = knob(..., "a video file, or a web address to download it from", flag="", metavar="SOURCE")
    settings: ExtractSettings = knob(ExtractSettings(), "which frames, and what is measured of them")
    max_height: Height = max_height_knob()
    item: int | None = item_knob(flag=())
    out: WriteFolder | None = knob(None, "the run folder itself (default downloads/<video stem>)", metavar="DIR")
    resume: bool = knob(
        True,
        "go on with the run of the same video and settings (default)",
        label="Reuse an earlier run with the same settings",
    )
    downloads: WriteFolder = knob(DOWNLOADS, "the folder of runs and downloads", flag=())
    subject_mask: bool = knob(
        False,
        "then mask the primary subject of every shot, and measure quality inside its mask",
        flag="--enable-subject-mask",
        label="Subject-only metrics",
    )
    mask: MaskSettings = knob(MaskSettings(), "how the subject is masked", read_with={"subject_mask": (True,)})
    mask_weights: ReadFile | None = knob(
        None,
        "weights of the masker",
        flag=("--sam2-weights-path", "--mask-weights"),
        metavar="FILE",
        read_with={"subject_mask": (True,)},
    )
    scene_detect: bool = knob(
        False,
        "look for cuts before masking, where nobody has",
        label="Scene detection",
        read_with={"subject_mask": (True,)},
    )

    @pydantic.model_validator(mode="after")
    def _check_read(self) -> ExtractArguments:
        check_read(self.settings)
        return self

    @property
    def fetch_settings(self) -> FetchSettings:
        """What is downloaded of a web address."""
        return FetchSettings(max_height=self.max_height)

    @property
    def waits_in(self) -> Path | None:
        """A source on the web is downloaded before there is a run."""
        return None if isinstance(self.source, Path) else self.downloads
