"""Faces by insightface on ONNX Runtime: the detector, the alignment and the recogniser behind ``FaceReader``.

Each session has one thread, since frames are read on all cores at once. Not here: where weights lie (``face_packs``).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import log
from core.errors import ModelError
from core.models.face_packs import digest_of, find_pack
from core.records import Faces

INPUT_PX = 640
"""Side of the square that the detector sees, unless the network itself has another fixed size."""
STEP_PX = 64
"""Detectors of any size see multiples of this (32 would do): few sizes, since each has a session of its own."""
CROP_PX = 112
ARCFACE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)
"""Where eyes, nose and mouth lie in the 112 x 112 pictures of recognisers (Deng et al., ArcFace, CVPR 2019)."""
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class InsightFaceReader:
    """A pack of insightface, or a folder of one's own ONNX files, loaded once. Made by ``open_reader``."""

    def __init__(self, name: str, folder: Path, detector: Any, recogniser: Any) -> None:
        self.name = name
        self.digest = digest_of(folder)
        self._detector, self._recogniser = detector, recogniser
        self._side = int(detector.input_size[0]), int(detector.input_size[1])
        self._any_size = detector.static_input_size is None
        self._one_by_one = isinstance(recogniser.input_shape[0], int)
        self.provider = "CUDA" if all(_runs_on(model, CUDA) for model in (detector, recogniser)) else "CPU"
        self.dimension = self._vectors([np.zeros((CROP_PX, CROP_PX, 3), np.uint8)]).shape[1]

    def read(self, rgb: NDArray[np.uint8]) -> Faces:
        """Returns the faces of an (H, W, 3) uint8 RGB picture, the surest first."""
        square, scale = self._square(rgb)
        found, points = self._detected(square)
        if not len(found):
            return Faces.empty(self.dimension)
        height, width = rgb.shape[:2]
        boxes = np.clip(found[:, :4] / np.tile(scale, 2), 0, [width, height, width, height]).astype(np.float32)
        points = (points / scale).astype(np.float32)
        inside = (boxes[:, 2] - boxes[:, 0] >= 1) & (boxes[:, 3] - boxes[:, 1] >= 1)
        boxes, points, confidence = boxes[inside], points[inside], found[inside, 4].astype(np.float32)
        if not len(boxes):
            return Faces.empty(self.dimension)
        return Faces(boxes, points, confidence, self._vectors([aligned(rgb, five) for five in points]))

    def _square(self, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The picture in the upper left of what the detector sees, BGR, and (2,) how much it was scaled in x and y.

        A detector that takes any size gets no rows that are empty anyway: 44 % of the square for video of 16:9.
        """
        import cv2

        width, height = self._side
        scale = min(width / rgb.shape[1], height / rgb.shape[0])
        small = max(1, int(rgb.shape[1] * scale)), max(1, int(rgb.shape[0] * scale))
        if self._any_size:
            width, height = (-(-side // STEP_PX) * STEP_PX for side in small)
        square = np.zeros((height, width, 3), np.uint8)
        cv2.cvtColor(cv2.resize(rgb, small), cv2.COLOR_RGB2BGR, dst=square[: small[1], : small[0]])
        return square, np.array([small[0] / rgb.shape[1], small[1] / rgb.shape[0]], np.float32)

    def _detected(self, square: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, 5) boxes with confidence and (N, 5, 2) points in the square: what ``detect`` does after it has scaled."""
        scores, boxes, points = map(np.vstack, self._detector.forward(square, self._detector.det_thresh))
        order = np.argsort(-scores[:, 0], kind="stable")
        found = np.hstack([boxes, scores])[order].astype(np.float32)
        keep = self._detector.nms(found)
        return found[keep], points[order][keep]

    def _vectors(self, crops: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, D) float32 unit vectors of N aligned RGB crops; a network of fixed batch gets one after the other."""
        batches = [[crop] for crop in crops] if self._one_by_one else [crops]
        raw = np.vstack([self._recogniser.get_feat([crop[:, :, ::-1] for crop in batch]) for batch in batches])
        length = np.linalg.norm(raw, axis=1, keepdims=True)
        return np.asarray(raw / np.maximum(length, 1e-12), np.float32)


def open_reader(model: str, device: str = "auto", min_confidence: float = 0.5) -> InsightFaceReader:
    """Loads a face model; says in the log where it runs, aloud when that is not where it was asked to.

    Args:
        model: as in ``face_packs.find_pack``.
        device: one of ``config.DEVICES``.
        min_confidence: 0-1; less sure faces are left out.

    Raises:
        ModelError: the files are absent or broken, or there is no detector with five points or no recogniser.
    """
    folder = find_pack(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = _load(folder, _providers(device))
    detector, recogniser = models.get("detection"), models.get("recognition")
    if detector is None or not getattr(detector, "use_kps", False):
        what = "no face detector" if detector is None else "a detector that gives no five points"
        raise ModelError(
            f"{folder} holds {what}; put one such as det_10g.onnx or an SCRFD with bnkps in its name there."
        )
    if recogniser is None:
        raise ModelError(
            f"{folder} holds no face recogniser; put one such as w600k_r50.onnx (112 x 112 pixels in) there."
        )
    detector.prepare(0, input_size=(INPUT_PX, INPUT_PX), det_thresh=min_confidence)
    try:
        reader = InsightFaceReader(model if model == folder.name else folder.name, folder, detector, recogniser)
        reader.read(np.zeros((INPUT_PX, INPUT_PX, 3), np.uint8))
    except Exception as error:
        raise ModelError(f"the models of {folder} cannot be run ({_first_line(error)}); use others.") from error
    if device == "cuda" and reader.provider != "CUDA":
        log.get().warning(
            "CUDA was asked for and is not there (ONNX Runtime offers %s), so faces are read on the CPU; install "
            "onnxruntime-gpu in place of onnxruntime, with the CUDA libraries that it names.",
            ", ".join(_offered()),
        )
    return reader


def aligned(rgb: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Returns the (112, 112, 3) picture of a face, turned and scaled so that its five points lie as networks want them.

    The similarity (turn, scale, shift) of least squared error: points as complex numbers, w = a z + b.
    """
    import cv2

    source, target = (p[:, 0] + 1j * p[:, 1] for p in (points.astype(np.float64), ARCFACE_POINTS))
    z, w = source - source.mean(), target - target.mean()
    a = np.vdot(z, w) / max(float(np.vdot(z, z).real), 1e-12)
    b = target.mean() - a * source.mean()
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    return np.asarray(cv2.warpAffine(rgb, matrix, (CROP_PX, CROP_PX)), np.uint8)


def _load(folder: Path, providers: list[str]) -> dict[str, Any]:
    """The models of a pack by task; those that are not needed are let go."""
    import onnxruntime
    from insightface.model_zoo import get_model
    from insightface.model_zoo.package_manifest import has_model_package_manifest

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    found: dict[str, Any] = {}
    if has_model_package_manifest(str(folder)):
        for task in ("detection", "recognition"):
            try:
                found[task] = get_model(str(folder), model_task=task, providers=providers, sess_options=options)
            except Exception as error:
                raise ModelError(f"the {task} model of {folder} cannot be loaded ({_first_line(error)}).") from error
        return found
    for path in sorted(folder.glob("*.onnx")):
        if {"detection", "recognition"} <= set(found):
            break
        try:
            model = get_model(str(path), providers=providers, sess_options=options)
        except Exception as error:
            raise ModelError(
                f"{path} is not a model that can be loaded ({_first_line(error)}); fetch it again or take it away."
            ) from error
        if model is not None and (model.taskname != "recognition" or _is_recogniser(model)):
            found.setdefault(model.taskname, model)
    return found


def _is_recogniser(model: Any) -> bool:
    """insightface takes every network with one square input for one; ours see 112 pixels and give a vector each."""
    return model.input_size == (CROP_PX, CROP_PX) and len(model.output_shape) == 2


def _providers(device: str) -> list[str]:
    return [CUDA, CPU] if device != "cpu" and CUDA in _offered() else [CPU]


def _offered() -> list[str]:
    import onnxruntime

    return list(onnxruntime.get_available_providers())


def _runs_on(model: Any, provider: str) -> bool:
    return provider in model.session.get_providers()[:1]


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
