"""The settings of subject masking and the arguments of ``mask``; the keys of the original CONFIG are among them."""

from __future__ import annotations

from typing import Annotated

import pydantic

from core.errors import SettingsError
from core.settings.arguments import Arguments
from core.settings.faces import DEVICES
from core.settings.model import LARGEST, Model, Ordinal, knob
from core.settings.paths import ReadFile, ReadFolder, RunFolder, WriteFolder

MASKERS = ("sam2", "yolo-seg")
"""Networks that cut subjects out."""
SAM2_VARIANTS = ("auto", "hiera_tiny", "hiera_small", "hiera_base_plus", "hiera_large", "hiera_base")
"""``auto``: told by the weights. ``hiera_base`` is what ``hiera_base_plus`` was called once."""
EXPORTS = ("green", "alpha", "mask", "none")
"""Frames with the subject before a colour, cut out with transparency, or its mask in black and white."""
Shade = Annotated[int, pydantic.Field(ge=0, le=255)]


class MaskSettings(Model):
    """How subjects are masked: what changes a mask is in the digest of every finished shot."""

    masker: str = knob(
        "sam2", "which network masks subjects", choices=MASKERS, flag=("--masker", "--masking-model"), label="Masker"
    )
    sam2_model_variant: str = knob(
        "auto", "variant of SAM 2; auto: told by the weights", choices=SAM2_VARIANTS, label="SAM2 model variant"
    )
    sam2_config: str = knob(
        "", "configuration of SAM 2, as in configs/sam2.1/sam2.1_hiera_l.yaml", flag="--model-config", metavar="NAME"
    )
    device: str = knob(
        "auto",
        "where the masker runs; auto: CUDA where there is one",
        choices=DEVICES,
        in_digest=False,
        label="Runs on",
    )
    imgsz: int | None = knob(
        None,
        "longest side of the picture that the masker sees (default 640 for yolo-seg; for sam2 1024 on CUDA, 512 else)",
        unit="px",
        low=32,
        high=8192,
        metavar="PX",
        label="Picture size",
    )
    reid_fallback: bool = knob(
        False,
        "find the subject again in every shot, and where its mask is lost",
        label="ReID fallback",
    )
    iou_threshold: float = knob(
        0.5,
        "overlap (IoU) with the mask before, from which the subject is the same where no face tells",
        low=0.0,
        high=1.0,
        metavar="T",
        label="IoU fallback threshold",
    )
    doubtful: float = knob(
        0.5,
        "trust below which a shot is shown as doubtful",
        low=0.0,
        high=1.0,
        metavar="T",
        in_digest=False,
        label="Doubtful below",
    )


class MaskExport(Model):
    """What is made of the masks."""

    export: str | None = knob(
        None,
        "frames to write: subject before a colour (green), cut out (alpha), black and white (mask), none "
        "(default: green for segments, none for runs)",
        choices=EXPORTS,
        label="Export",
    )
    background_color: tuple[Shade, ...] = knob(
        (0, 255, 0), "colour behind the subject", metavar=("R", "G", "B"), label="Background"
    )
    frame_offset: Annotated[int, pydantic.Field(ge=0, le=LARGEST)] | None = knob(
        None, "number of the first exported frame, the others without gaps (default: as in the video)", metavar="N"
    )
    drop_last_frame: bool = knob(
        False, "leave out the last frame of each segment, as the original tool does", label="Drop last frame"
    )
    grow: int = knob(0, "edges moved out (in below 0)", unit="px", low=-500, high=500, metavar="PX", label="Grow edges")
    feather: float = knob(
        0.0, "edges made soft over this width", unit="px", low=0.0, high=500.0, metavar="PX", label="Feather edges"
    )
    coco: bool = knob(False, "also write masks.coco.json (COCO, RLE)", label="COCO RLE")
    yolo: bool = knob(False, "also write labels for YOLO segmentation", label="YOLO-seg labels")
    crops: bool = knob(False, "also cut the subjects out", label="Crops")
    padding: float = knob(
        0.1,
        "border of a crop, as a share of the box",
        low=0.0,
        high=3.0,
        metavar="P",
        label="Padding of crops",
        read_with={"crops": (True,)},
    )
    aspect: tuple[float, ...] = knob(
        (),
        "width of a crop by its height; several give a crop of each (default: as the box)",
        metavar="A",
        read_with={"crops": (True,)},
    )
    mp4: bool = knob(False, "also write a film of the result (.mp4)", label="MP4")
    film: str = knob(
        "none", "also write a film with transparency", choices=("none", "prores", "vp9"), label="Film with alpha"
    )
    output_dir: WriteFolder | None = knob(
        None, "where exports go (default: beside the run, <run>_masked)", metavar="DIR"
    )

    @property
    def background(self) -> tuple[int, int, int]:
        """The colour. Raises ``SettingsError``: not three numbers."""
        if len(self.background_color) != 3:
            raise SettingsError(
                f"background_color wants three numbers 0-255, as in 0 255 0; {len(self.background_color)} came.",
                field="background_color",
            )
        red, green, blue = self.background_color
        return red, green, blue


class MaskArguments(Arguments):
    """Whose subjects are masked, by which masker and which points."""

    run: RunFolder | None = knob(None, "a run folder, or the folder of a segment", flag="", metavar="RUN")
    weights: ReadFile | None = knob(
        None,
        "weights of the masker",
        flag=("--weights", "--sam2-weights-path", "--checkpoint"),
        metavar="FILE",
        label="Weights",
    )
    settings: MaskSettings = knob(MaskSettings(), "how subjects are masked")
    annotations: ReadFile | None = knob(
        None, "points instead of those of the run; old files are imported", metavar="FILE"
    )
    auto: bool = knob(False, "point at the primary subject of every shot that has no points", label="Automatic subject")
    person: Ordinal | None = knob(
        None, "point at this person of the video in shots that have no points", metavar="ID", label="Person"
    )
    face: Ordinal | None = knob(
        None, "point at this face (its row) in shots that have no points", metavar="ROW", label="Face"
    )
    shots: str | None = knob(None, "only these shots, by number from 0, as in 3,7", metavar="LIST")
    scene_detect: bool = knob(False, "look for cuts first, where nobody has", label="Scene detection")
    force: bool = knob(False, "mask finished shots again")
    stills: bool = knob(False, "only the masks of prompt frames", flag=())
    exports: MaskExport = knob(MaskExport(), "what is made of the masks")
    export_only: bool = knob(False, "mask nothing: export the masks that are there, as they are")
    config: ReadFile | None = knob(
        None, "a CONFIG of the original tool as JSON; what is given here wins", metavar="FILE.json"
    )
    base_video_dir: ReadFolder | None = knob(None, "the folder of the video_part_NNN folders", metavar="DIR")
    start_segment: int | None = knob(None, "number of the first segment", low=0, high=LARGEST, metavar="N")
    num_segments: int | None = knob(None, "number of the last segment", low=0, high=LARGEST, metavar="N")
    segments: str | None = knob(
        None, "only these segments, by number, as in 22,30; the numbers of frames stay", metavar="LIST"
    )
    video: ReadFile | None = knob(None, "where the run's video lies now, if it was moved", metavar="FILE")
    unsafe: bool = knob(False, "load weights that may run code; only if you trust their maker", flag="--allow-unsafe")

    @property
    def points_itself(self) -> bool:
        """Whether shots without points are pointed at by the program."""
        return self.auto or self.person is not None or self.face is not None

    @property
    def wanted_shots(self) -> tuple[int, ...] | None:
        """Numbers of shots; ``None`` = all. Raises ``SettingsError``: the list holds something else."""
        return _numbers(self.shots, "shots")

    @property
    def wanted_segments(self) -> tuple[int, ...] | None:
        """Numbers of segments; ``None`` = all. Raises ``SettingsError``: the list holds something else."""
        return _numbers(self.segments, "segments")


def _numbers(text: str | None, field: str) -> tuple[int, ...] | None:
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or not all(word.isascii() and word.isdigit() for word in words):
        raise SettingsError(f'{field} are wanted as numbers with commas, as in 3,7; "{text}" came.', field=field)
    return tuple(sorted({int(word) for word in words}))
