"""Face recognition by insightface on ONNX Runtime: loads a pack, aligns faces, computes their vectors.

Each session has one thread, since frames are read on all cores at once. Not here: where weights lie (``face_packs``),
detection (``face_detector``).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import log
from core.errors import ModelError
from core.models import FaceSearch
from core.models.face_any_size import of_any_size
from core.models.face_detector import INPUT_PX, FaceDetector
from core.models.face_landmarks import FaceLandmarks
from core.models.face_packs import digest_of, find_pack
from core.records import Faces

CROP_PX = 112
ARCFACE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)
"""Where eyes, nose and mouth lie in the 112 x 112 pictures of recognisers (Deng et al., ArcFace, CVPR 2019)."""
LANDMARKS = ("landmark_2d_106", "landmark_3d_68")
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class InsightFaceReader:
    """A pack of insightface, or a folder of one's own ONNX files, loaded once. Made by ``open_reader``."""

    def __init__(self, name: str, folder: Path, models: Mapping[str, Any], small: Any | None) -> None:
        """``models`` by insightface's names of their tasks; the landmarks may be absent."""
        detector, recogniser = models["detection"], models["recognition"]
        self.name = name
        self.digest = digest_of(folder)
        self._detector, self._recogniser = FaceDetector(detector, small), recogniser
        self._one_by_one = isinstance(recogniser.input_shape[0], int)
        self.provider = "CUDA" if all(_runs_on(model, CUDA) for model in (detector, recogniser)) else "CPU"
        self._landmarks = [FaceLandmarks(models[task]) if task in models else None for task in LANDMARKS]
        self.dimension = self._vectors([np.zeros((CROP_PX, CROP_PX, 3), np.uint8)]).shape[1]

    def read(self, rgb: NDArray[np.uint8], search: FaceSearch = "twice") -> Faces:
        """Returns the faces of an (H, W, 3) uint8 RGB picture, highest confidence first."""
        faces = self._detector.find(rgb, search)
        if not len(faces.boxes):
            return Faces.empty(self.dimension)
        crops = [aligned(rgb, five, repeat_edge=faces.fills) for five in faces.points]
        dense, solid = (None if network is None else network.find(rgb, faces.boxes) for network in self._landmarks)
        return Faces(faces.boxes, faces.points, faces.confidence, self._vectors(crops), dense, solid)

    def suspect(self, rgb: NDArray[np.uint8], confidence: float) -> NDArray[np.float32]:
        """Returns (N, 4) float32 xyxy boxes of what may be faces of a photo, down to a lower confidence."""
        return self._detector.suspect(rgb, confidence).boxes

    def _vectors(self, crops: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, D) float32 unit vectors of N aligned RGB crops; a network of fixed batch gets one after the other."""
        batches = [[crop] for crop in crops] if self._one_by_one else [crops]
        raw = np.vstack([self._recogniser.get_feat([crop[:, :, ::-1] for crop in batch]) for batch in batches])
        length = np.linalg.norm(raw, axis=1, keepdims=True)
        return np.asarray(raw / np.maximum(length, 1e-12), np.float32)


def open_reader(model: str, device: str = "auto", min_confidence: float = 0.5) -> InsightFaceReader:
    """Loads a face model; warns where CUDA was asked for and is not there.

    Args:
        model: as in ``face_packs.find_pack``.
        device: one of ``settings.faces.DEVICES``.
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
            f"{folder} holds {what}; put one such as det_10g.onnx or an SCRFD with bnkps in its name there.",
            code="face_model_unfit",
            field="face_model",
        )
    if recogniser is None:
        raise ModelError(
            f"{folder} holds no face recogniser; put one such as w600k_r50.onnx (112 x 112 pixels in) there.",
            code="face_model_unfit",
            field="face_model",
        )
    detector.prepare(0, input_size=(INPUT_PX, INPUT_PX), det_thresh=min_confidence)
    try:
        small = of_any_size(detector, _session)
        reader = InsightFaceReader(folder.name, folder, models, small)
        reader.read(np.zeros((INPUT_PX, INPUT_PX, 3), np.uint8), "photo")
    except Exception as error:
        sentence = f"the models of {folder} cannot be run ({_first_line(error)}); use others."
        raise ModelError(sentence, code="cannot_run", field="face_model") from error
    if device == "cuda" and reader.provider != "CUDA":
        log.notice(
            "faces_without_cuda",
            f"CUDA was asked for and is not there (ONNX Runtime offers {', '.join(_offered())}), so faces are read on "
            "the CPU; install onnxruntime-gpu in place of onnxruntime, with the CUDA libraries that it names.",
            loud=True,
            offered=_offered(),
        )
    return reader


def aligned(rgb: NDArray[np.uint8], points: NDArray[np.float32], *, repeat_edge: bool = False) -> NDArray[np.uint8]:
    """Returns the aligned (112, 112, 3) crop of a face: its five points lie where recognisers want them.

    Pixels outside of the picture are black, as insightface has it. With ``repeat_edge`` the outermost pixels are
    repeated instead, which keeps the vector of a face that is cut off nearer to that of the whole one (distances of
    crops 0.7 times as high as the face: 0.18 against 0.23, chosen by measurement).

    A similarity transform (rotation, scale, shift) of least squared error: points as complex numbers, w = a z + b.
    """
    import cv2

    source, target = (p[:, 0] + 1j * p[:, 1] for p in (points.astype(np.float64), ARCFACE_POINTS))
    z, w = source - source.mean(), target - target.mean()
    a = np.vdot(z, w) / max(float(np.vdot(z, z).real), 1e-12)
    b = target.mean() - a * source.mean()
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    beyond = cv2.BORDER_REPLICATE if repeat_edge else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(rgb, matrix, (CROP_PX, CROP_PX), borderMode=beyond), np.uint8)


def _load(folder: Path, providers: list[str]) -> dict[str, Any]:
    """The models of a pack by task: detection, recognition and, where their names come before, landmarks."""
    import onnxruntime
    from insightface.model_zoo import get_model
    from insightface.model_zoo.package_manifest import has_model_package_manifest

    onnxruntime.set_default_logger_severity(3)
    options = _session_options()
    models: dict[str, Any] = {}
    if has_model_package_manifest(str(folder)):
        for task in ("detection", "recognition"):
            try:
                models[task] = get_model(str(folder), model_task=task, providers=providers, sess_options=options)
            except Exception as error:
                sentence = f"the {task} model of {folder} cannot be loaded ({_first_line(error)})."
                raise ModelError(sentence, code="face_model_broken", field="face_model") from error
        return models
    for path in sorted(folder.glob("*.onnx")):
        if {"detection", "recognition"} <= set(models):
            break
        try:
            model = get_model(str(path), providers=providers, sess_options=options)
        except Exception as error:
            raise ModelError(
                f"{path} is not a model that can be loaded ({_first_line(error)}); fetch it again or take it away.",
                code="face_model_broken",
                field="face_model",
            ) from error
        if model is not None and (model.taskname != "recognition" or _is_recogniser(model)):
            models.setdefault(model.taskname, model)
    return models


def _session_options() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return options


def _session(network: bytes, providers: list[str]) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(network, _session_options(), providers=providers)


def _is_recogniser(model: Any) -> bool:
    """insightface calls every network with one square input a recogniser; real ones take 112 pixels, give a vector."""
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
