"""What tests of faces share: packs of the test models and drawn landmarks; the photo of six people of insightface."""

from __future__ import annotations

import importlib.util
import pickle
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODELS = ("scrfd_500m_bnkps.onnx", "mobilefacenet.onnx")


def make_pack(assets: Path, folder: Path, names: tuple[str, ...] = MODELS) -> Path:
    """A folder of ONNX files, as people bring their own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(assets / "models" / name, folder / name)
    return folder


def six_people() -> Path:
    """insightface's t1.jpg."""
    found = importlib.util.find_spec("insightface")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "data" / "images" / "t1.jpg"


def mean_face() -> NDArray[np.float32]:
    """(68, 3) float32: the mean face that insightface brings, in no unit; x to the right, y down, z to the camera."""
    found = importlib.util.find_spec("insightface")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "data" / "objects" / "meanshape_68.pkl"
    return np.array(pickle.loads(path.read_bytes()), np.float32)


def turned(points: NDArray[np.float32], yaw: float, pitch: float, roll: float) -> NDArray[np.float32]:
    """The points (N, 3) turned by degrees: pitch (positive = up), then yaw (to the right), then roll (clockwise)."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.deg2rad([yaw, pitch, roll])) for f in (np.cos, np.sin))
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(points @ (about_z @ about_y @ about_x).T, np.float32)


LANDMARK_NUMBERS = {"2d106det": 212, "1k3d68": 3309}
"""How many numbers the networks of insightface's packs give: 106 x 2; 1103 x 3, of which the last 68 count."""


def make_landmarks(path: Path, face: NDArray[np.float32] | None = None) -> Path:
    """A small network of the signature of ``2d106det.onnx`` or ``1k3d68.onnx``, by its name.

    Without ``face`` its numbers are weights of what it sees; with one, (P, D) in -1 to 1, it gives that face always.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    numbers = LANDMARK_NUMBERS[path.stem]
    weights = np.random.default_rng(5).normal(0, 0.002, (8 * 8 * 3, numbers)).astype(np.float32)
    bias = np.zeros(numbers, np.float32)
    if face is not None:
        weights[:] = 0
        bias[numbers - face.size :] = face.ravel()
    nodes = [
        helper.make_node("AveragePool", ["data"], ["small"], kernel_shape=[24, 24], strides=[24, 24]),
        helper.make_node("Flatten", ["small"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["fc1"]),
    ]
    graph = helper.make_graph(
        nodes,
        "landmarks",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["None", 3, 192, 192])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [1, numbers])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
