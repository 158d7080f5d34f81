"""Runs a YOLO network: OpenVINO on the CPU, ONNX Runtime for quantised ONNX, PyTorch on CUDA or as the last resort.

A runner takes (h, w, 3) uint8 RGB canvases of one size and returns the raw output for each, float32. OpenVINO and ONNX
Runtime may be called from many threads at once; OpenVINO has an infer request for each of them.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import queue
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cache import cache_folder
from core.models import Raw
from core.models.yolo_weights import Facts, load_pt
from core.settings.detect import DetectSettings
from core.weights import Weights

Canvases = Sequence[NDArray[np.uint8]]


def cuda_name() -> str | None:
    """Returns the name of the CUDA device, ``None`` where there is none; imports PyTorch only where a driver is."""
    if not _has_driver():
        return None
    import torch

    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None


def _has_driver() -> bool:
    return any(Path(p).exists() for p in ("/dev/nvidiactl", "/dev/dxg")) or sys.platform == "win32"


class OpenVinoRunner:
    """A network compiled by OpenVINO for this CPU."""

    def __init__(self, model: Any, facts: Facts, settings: DetectSettings, size: tuple[int, int], callers: int) -> None:
        core = _openvino_core()
        capable = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.facts, self.size = facts, size
        self._half = capable and settings.precision == "auto"
        self.backend = f"{cpu_name()}, OpenVINO {'bfloat16' if self._half else 'float32'}"
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if self._half else "f32",
            "PERFORMANCE_HINT": "LATENCY" if callers == 1 else "THROUGHPUT",
            "NUM_STREAMS": callers,
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_NUM_THREADS": max(callers, cores()),
        }
        compiled = core.compile_model(model, "CPU", options)
        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(callers):
            self._free.put(compiled.create_infer_request())
        self._first_run()

    def _first_run(self) -> None:
        """Runs an empty picture in this thread, before any other thread can.

        OpenVINO's binding sets up what it needs of numpy during the first call, under a C++ lock that it takes while it
        holds Python's: two threads whose first calls meet wait for each other for ever (seen in 2026.4.1, with both
        stacks: one in ``__cxa_guard_acquire``, one waiting for the interpreter).
        """
        width, height = self.size
        for _ in self([np.zeros((height, width, 3), np.uint8)]):
            pass

    def output_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Returns the shapes of all outputs of the last run; the first run is that of an empty picture."""
        request = self._free.get()
        try:
            return [tuple(tensor.shape) for tensor in request.output_tensors]
        finally:
            self._free.put(request)

    @staticmethod
    def available() -> bool:
        """Whether OpenVINO is installed."""
        return importlib.util.find_spec("openvino") is not None

    @classmethod
    def of_pt(
        cls,
        weights: Weights,
        settings: DetectSettings,
        size_for: Callable[[Facts], tuple[int, int]],
        callers: int,
        unsafe: bool,
    ) -> OpenVinoRunner:
        """Takes the converted model from the cache folder, else converts the ``.pt`` and keeps it there."""
        from core.models.yolo_convert import converted

        network, facts, size = converted(weights, settings.max_det, size_for, cache_folder() / "detectors", unsafe)
        return cls(_with_pixels_in(_openvino_core().read_model(network), scaled=True), facts, settings, size, callers)

    @classmethod
    def of_onnx(
        cls, weights: Weights, facts: Facts, settings: DetectSettings, size: tuple[int, int], callers: int
    ) -> OpenVinoRunner:
        """Reads an ``.onnx``; dynamic height, width and batch are fixed to what will be run."""
        model = _openvino_core().read_model(weights.path)
        if model.inputs[0].partial_shape.is_dynamic:
            model.reshape([facts.batch, 3, size[1], size[0]])
        return cls(_with_pixels_in(model, scaled=False), facts, settings, size, callers)

    def __call__(self, canvases: Canvases) -> Iterator[Raw]:
        """Runs the canvases one by one: batches gain nothing on a CPU. An output is overwritten by the next one."""
        request = self._free.get()
        try:
            for some in _batches(canvases, self.facts.batch):
                full = (
                    some[0][None] if len(some) == self.facts.batch == 1 else np.stack(_filled(some, self.facts.batch))
                )
                request.infer([full], share_inputs=True, share_outputs=True)
                yield from request.get_output_tensor(0).data[: len(some)]
        finally:
            self._free.put(request)

    def pair(self, canvas: NDArray[np.uint8]) -> list[Raw]:
        """Returns the outputs for one canvas, copied: boxes, and the prototypes of masks where the network has them."""
        request = self._free.get()
        try:
            request.infer([np.stack(_filled([canvas], self.facts.batch))], share_inputs=True, share_outputs=True)
            return [np.array(tensor.data[0], np.float32) for tensor in request.output_tensors]
        finally:
            self._free.put(request)


def _batches(canvases: Canvases, batch: int) -> Iterator[Canvases]:
    for start in range(0, len(canvases), batch):
        yield canvases[start : start + batch]


def _filled(canvases: Canvases, batch: int) -> list[NDArray[np.uint8]]:
    """Pads a batch to the size that the network wants, by repeating the last picture."""
    return [*canvases, *[canvases[-1]] * (batch - len(canvases))]


def _openvino_core() -> Any:
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # nothing here reports to anybody
    import openvino

    return _core_of(openvino)


@functools.cache
def _core_of(openvino: Any) -> Any:
    return openvino.Core()


def _with_pixels_in(model: Any, scaled: bool) -> Any:
    """Makes the network take (1, h, w, 3) uint8; ``scaled``: its first weights already divide by 255."""
    from openvino import Layout, Type
    from openvino.preprocess import PrePostProcessor

    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(Type.u8).set_layout(Layout("NHWC"))
    steps.input().model().set_layout(Layout("NCHW"))
    steps.input().preprocess().convert_element_type(Type.f32)
    if not scaled:
        steps.input().preprocess().scale(255.0)
    steps.output(0).tensor().set_element_type(Type.f32)
    return steps.build()


class OnnxRunner:
    """A network run by ONNX Runtime on the CPU."""

    def __init__(self, weights: Weights, facts: Facts, callers: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = max(1, cores() // callers)
        self._session = onnxruntime.InferenceSession(weights.path, options, providers=["CPUExecutionProvider"])
        image = self._session.get_inputs()[0]
        self._name, self._type = image.name, np.float16 if image.type == "tensor(float16)" else np.float32
        self.facts = facts
        self.backend = f"{cpu_name()}, ONNX Runtime {'int8' if facts.dynamic_int8 else 'float32'}"

    def __call__(self, canvases: Canvases) -> Iterator[Raw]:
        """Runs the canvases one by one, or as many as the network wants."""
        for some in _batches(canvases, self.facts.batch):
            yield from self._run(some)[0][: len(some)].astype(np.float32, copy=False)

    def output_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Returns the shapes of all outputs for an empty picture of ``size`` (w, h)."""
        return [tuple(output.shape) for output in self._run([np.zeros((size[1], size[0], 3), np.uint8)])]

    def pair(self, canvas: NDArray[np.uint8]) -> list[Raw]:
        """Returns the outputs for one canvas: boxes, and the prototypes of masks where the network has them."""
        return [output[0].astype(np.float32, copy=False) for output in self._run([canvas])]

    def _run(self, canvases: Canvases) -> list[Any]:
        images = np.concatenate([_as_nchw(canvas) for canvas in _filled(canvases, self.facts.batch)])
        outputs: list[Any] = self._session.run(None, {self._name: images.astype(self._type, copy=False)})
        return outputs


def _as_nchw(canvas: NDArray[np.uint8]) -> NDArray[np.float32]:
    image = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None]).astype(np.float32)
    image /= 255
    return image


class TorchRunner:
    """A network run by PyTorch: on CUDA in half precision, else on the CPU in float32."""

    BATCH = 32
    """Pictures per call on CUDA."""

    def __init__(self, weights: Weights, unsafe: bool, device: str, settings: DetectSettings) -> None:
        model, self.facts = load_pt(weights, unsafe)
        import torch

        self._torch = torch
        self._cuda = device != "cpu"
        half = self._cuda and settings.precision == "auto"
        self._type = torch.float16 if half else torch.float32
        self._few = max(FEW, 2 * settings.max_det)
        self._device = torch.device("cuda:0" if self._cuda else "cpu")
        if self.facts.end_to_end:
            model.model[-1].max_det = settings.max_det
        self._model = model.to(self._device, self._type).to(memory_format=torch.channels_last)
        name = f"CUDA ({device})" if self._cuda else cpu_name()
        self.backend = f"{name}, PyTorch {'float16' if half else 'float32'}"

    def __call__(self, canvases: Canvases) -> Iterable[Raw]:
        """Runs all canvases in one batch."""
        with self._torch.inference_mode():
            output = self._output(canvases)
            while isinstance(output, (tuple, list)):
                output = output[0]
            raw: Raw = self._fewer(output).float().cpu().numpy()
            return raw

    def pair(self, canvas: NDArray[np.uint8]) -> list[Raw]:
        """Returns the outputs for one canvas: boxes, and the prototypes of masks where the network has them."""
        with self._torch.inference_mode():
            outputs = list(_flat(self._output([canvas])))
            outputs[0] = self._fewer(outputs[0])
            return [output[0].float().cpu().numpy() for output in outputs]

    def _output(self, canvases: Canvases) -> Any:
        torch = self._torch
        with torch.inference_mode():
            pixels = torch.empty((len(canvases), *canvases[0].shape), dtype=torch.uint8, pin_memory=self._cuda)
            np.stack(canvases, out=pixels.numpy())
            images = pixels.to(self._device, non_blocking=True).permute(0, 3, 1, 2).to(self._type) / 255
            return self._model(images.contiguous(memory_format=torch.channels_last))

    def _fewer(self, output: Any) -> Any:
        """Keeps only the anchors with the best scores, so that megabytes less are copied from the GPU for a picture."""
        anchors = output.shape[2]
        if not self._cuda or self.facts.end_to_end or anchors <= self._few:
            return output
        classes = len(self.facts.names)
        best = output[:, 4 : 4 + classes].amax(1).topk(self._few, dim=1).indices
        kept = output.gather(2, best[:, None].expand(-1, output.shape[1], -1))
        return kept


def _flat(output: Any) -> Iterator[Any]:
    """The tensors of nested tuples and lists, in order."""
    if isinstance(output, (tuple, list)):
        for part in output:
            yield from _flat(part)
    else:
        yield output


FEW = 2048
"""Anchors of a picture that are copied from the GPU, at least."""


@functools.cache
def cpu_name() -> str:
    """Returns what the processor is called, for people."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"CPU ({name})" if name else "CPU"


def cores() -> int:
    """Returns on how many cores this process may run."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
