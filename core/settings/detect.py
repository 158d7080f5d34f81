"""The settings of ``precompute`` and live inference."""

from __future__ import annotations

from pathlib import Path

from core.settings.arguments import DOWNLOADS, Arguments
from core.settings.faces import DEVICES
from core.settings.model import Model, knob
from core.settings.paths import ReadFile, ReadFolder, RunFolder, WriteFolder
from core.settings.source import stream_knob

PRECISIONS = ("auto", "float32")


class DetectSettings(Model):
    """How ``precompute`` and live inference run a detector, and what of its boxes is kept.

    The floor is low and the NMS loose, so that a reviewer can move both thresholds without another pass.
    """

    device: str = knob(
        "auto",
        "where the model runs; auto: CUDA where there is one",
        choices=DEVICES,
        in_digest=False,
        label="Runs on",
    )
    precision: str = knob(
        "auto",
        "number format; auto: bfloat16 or float16 where the device has it",
        choices=PRECISIONS,
        in_digest=False,
        label="Number format",
    )
    imgsz: int = knob(
        640,
        "longest side of the picture that the model sees",
        unit="px",
        low=32,
        high=8192,
        metavar="PX",
        label="Picture size",
    )
    conf_floor: float = knob(
        0.05,
        "lowest confidence that is kept",
        low=0.001,
        high=1.0,
        metavar="C",
        label="Keep confidence from",
    )
    nms_iou: float = knob(
        0.9,
        "overlap from which the weaker of two boxes of a class is dropped",
        low=0.01,
        high=1.0,
        metavar="IOU",
        label="Drop overlap (IoU) from",
    )
    max_det: int = knob(
        1000,
        "most boxes of a frame that are kept",
        unit="boxes",
        low=1,
        high=30_000,
        label="Boxes per frame at most",
    )
    stream: int | None = stream_knob(in_digest=False)


class PrecomputeArguments(Arguments):
    """Which videos, and by which weights."""

    source: ReadFile | None = knob(None, "one video instead of a folder", metavar="FILE")
    input_dir: ReadFolder | None = knob(None, "the folder whose videos are looked at", metavar="DIR")
    pattern: str | None = knob(
        None,
        'which files of it, taken as it is written, such as "**/*.mp4" (default: every video in it and below it, '
        "whatever the letters of its ending; hidden files and those that systems leave are passed over)",
        metavar="GLOB",
    )
    weights: ReadFile = knob(..., "a .pt or .onnx of an Ultralytics model", metavar="FILE")
    force: bool = knob(False, "replace caches that exist")
    unsafe: bool = knob(False, "load weights that may run code; only if you trust their maker", flag="--allow-unsafe")
    settings: DetectSettings = knob(DetectSettings(), "how the detector runs, and what of its boxes is kept")
    run: RunFolder | None = knob(None, "the run of the one video, whose folder may also take the cache", flag=())
    downloads: WriteFolder = knob(DOWNLOADS, "the folder of runs", flag=())

    @property
    def waits_in(self) -> Path | None:
        """Without a run the file of a job waits in the folder of runs."""
        return self.downloads if self.run is None else None
