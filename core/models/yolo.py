"""Opens a detector: any Ultralytics weights for detection or segmentation, on the backend that was measured fastest.

CPU: OpenVINO, in bfloat16 where the processor has it, with a rectangular input; a ``.pt`` is converted once and kept in
the cache folder. Quantised ONNX: ONNX Runtime. CUDA: PyTorch in half precision. No other room knows these libraries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import WeightsError
from core.models import Prepared, Raw
from core.models.plain_path import plain_path
from core.models.yolo_decode import Rules, decode, decode_more, input_size, letterbox
from core.models.yolo_onnx import cannot_run, read_onnx, with_output
from core.models.yolo_run import OnnxRunner, OpenVinoRunner, TorchRunner, cuda_name
from core.models.yolo_weights import Facts
from core.records import Detections
from core.settings.detect import DetectSettings
from core.weights import Weights


class Runner(Protocol):
    """A network that is ready to run."""

    def __call__(self, canvases: Sequence[NDArray[np.uint8]], /) -> Iterable[Raw]:
        """Returns the raw boxes of each (h, w, 3) uint8 canvas."""

    def pair(self, canvas: NDArray[np.uint8], /) -> list[Raw]:
        """Returns all outputs for one canvas: boxes first, then, of a segmentation network, prototypes of masks."""


PROTOTYPE_AXES = 3


class YoloDetector:
    """A model that is ready to run; see ``models.Detector``."""

    def __init__(
        self, facts: Facts, runner: Runner, size: tuple[int, int], rules: Rules, backend: str, batch: int
    ) -> None:
        self.names = facts.names
        self.end_to_end = facts.end_to_end
        self.backend = f"{backend}, {size[0]}x{size[1]}"
        self.batch = batch
        self.size = size
        """(w, h) of the input."""
        self._runner, self._rules = runner, rules

    def prepare(self, picture: NDArray[np.uint8]) -> Prepared:
        """Letterboxes an (H, W, 3) uint8 RGB picture into the input."""
        return letterbox(picture, *self.size)

    def detect(self, pictures: Sequence[Prepared]) -> list[Detections]:
        """Returns the detections of each picture, highest confidence first, in the pixels of the picture."""
        if not pictures:
            return []
        raws = self._runner([picture.canvas for picture in pictures])
        return [decode(raw, picture, self._rules) for raw, picture in zip(raws, pictures, strict=True)]

    def segment(self, picture: Prepared) -> tuple[Detections, NDArray[np.float32], NDArray[np.float32]] | None:
        """Returns what is needed to draw masks; ``None`` where the network detects only.

        That is (N) detections as of ``detect``, their (N, C) coefficients, and the (C, h, w) prototypes, float32.
        """
        raw, *others = self._runner.pair(picture.canvas)
        prototypes = next((other for other in others if other.ndim == PROTOTYPE_AXES), None)
        if prototypes is None:
            return None
        detections, coefficients = decode_more(raw, picture, self._rules)
        return detections, coefficients[:, -len(prototypes) :], prototypes


def open_detector(
    weights: Weights, settings: DetectSettings, width: int, height: int, *, callers: int = 1, unsafe: bool = False
) -> YoloDetector:
    """Opens weights for pictures of one size.

    Args:
        weights: from ``weights.identify``.
        settings: device, precision, input size, and which boxes are kept.
        width: of the pictures, pixels.
        height: likewise.
        callers: threads that will call ``detect`` at the same time (CPU); with 1 a call uses all cores.
        unsafe: load a ``.pt`` that may run code; only in a child process.

    Raises:
        WeightsError: the file is not of such a model, or it cannot run here.
    """
    suffix = weights.path.rpartition(".")[2].lower()
    if suffix not in OPENERS:
        sentence = f"{weights.path} is not a .pt or .onnx file; name the weights of a YOLO model."
        raise WeightsError(sentence, code="other_suffix")
    if settings.device == "cuda" and not cuda_name():
        sentence = "no CUDA device can be used here; choose the device auto or cpu."
        raise WeightsError(sentence, code="no_cuda", field="device")
    with plain_path(weights) as readable:
        return OPENERS[suffix](readable, settings, width, height, callers, unsafe)


def _open_pt(
    weights: Weights, settings: DetectSettings, width: int, height: int, callers: int, unsafe: bool
) -> YoloDetector:
    def size_for(facts: Facts) -> tuple[int, int]:
        return input_size(width, height, settings.imgsz, facts.stride)

    device = "cpu" if settings.device == "cpu" else cuda_name()
    if device and device != "cpu":
        torch_runner = TorchRunner(weights, unsafe, device, settings)
        size = size_for(torch_runner.facts)
        return _ready(torch_runner.facts, torch_runner, size, settings, torch_runner.backend, batch=TorchRunner.BATCH)
    if not OpenVinoRunner.available():
        torch_runner = TorchRunner(weights, unsafe, "cpu", settings)
        size = size_for(torch_runner.facts)
        return _ready(torch_runner.facts, torch_runner, size, settings, torch_runner.backend)
    runner = OpenVinoRunner.of_pt(weights, settings, size_for, callers, unsafe)
    return _ready(runner.facts, runner, runner.size, settings, runner.backend)


def _open_onnx(
    weights: Weights, settings: DetectSettings, width: int, height: int, callers: int, unsafe: bool
) -> YoloDetector:
    facts = read_onnx(weights)
    size = facts.fixed_size or input_size(width, height, settings.imgsz, facts.stride)
    callers = 1 if facts.batch > 1 else callers
    runner: OnnxRunner | OpenVinoRunner
    try:
        if facts.dynamic_int8 or not OpenVinoRunner.available():
            runner = OnnxRunner(weights, facts, callers)
        else:
            runner = OpenVinoRunner.of_onnx(weights, facts, settings, size, callers)
        shapes = runner.output_shapes(size)
    except Exception as error:  # networks of strangers fail in many ways, all of them before the first picture
        raise cannot_run(weights, error) from error
    facts = with_output(weights, facts, shapes, size)
    return _ready(facts, runner, size, settings, runner.backend, facts.batch)


OPENERS = {"pt": _open_pt, "onnx": _open_onnx}


def _ready(
    facts: Facts, runner: Runner, size: tuple[int, int], settings: DetectSettings, backend: str, batch: int = 1
) -> YoloDetector:
    rules = Rules(
        settings.conf_floor, settings.nms_iou, settings.max_det, len(facts.names), facts.end_to_end, facts.transposed
    )
    return YoloDetector(facts, runner, size, rules, backend, batch)
