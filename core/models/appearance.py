"""A re-identification network that somebody names (OSNet or another, ONNX): a crop becomes a vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from core.weights import Weights

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, by which torchreid and its kin normalise."""
USUAL_SIZE = (256, 128)


class ReidModel:
    """A network that takes (N, 3, h, w) float32 RGB and gives (N, K)."""

    def __init__(self, weights: Weights) -> None:
        """Opens the file.

        Raises:
            ModelError: it is no such network, or cannot be run.
        """
        import onnxruntime

        try:
            self._session: Any = onnxruntime.InferenceSession(weights.path, providers=["CPUExecutionProvider"])
            entry = self._session.get_inputs()[0]
            shape = [side if isinstance(side, int) else None for side in entry.shape]
            if len(shape) != 4 or shape[1] not in (3, None):
                raise ValueError(f"its input is {entry.shape}")
            self._name, self._batch = entry.name, shape[0]
            self._size = (shape[2] or USUAL_SIZE[0], shape[3] or USUAL_SIZE[1])
            found = self._run(np.zeros((1, *self._size, 3), np.uint8))
            if found.ndim != 2 or found.shape[1] < 2:
                raise ValueError(f"its output is of shape {found.shape}")
        except Exception as error:  # networks of strangers fail in many ways
            first = (str(error).strip().splitlines() or [type(error).__name__])[0][:160].rstrip(".")
            raise ModelError(
                f"{weights.path} is not a re-identification network that can be run ({first}); name an ONNX file that "
                "takes (N, 3, 256, 128) pictures and gives (N, K) vectors.",
                code="reid_unfit",
                field="reid_model",
            ) from error
        self.kind = f"{weights.stem}-{weights.sha256[:8]}"

    def describe(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns a (K,) float32 unit vector of an (H, W, 3) uint8 RGB crop."""
        vector = self._run(rgb[None])[0]
        found: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-9)
        return found

    def _run(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        import cv2

        height, width = self._size
        small = np.stack([cv2.resize(picture, (width, height)) for picture in pictures]).astype(np.float32) / 255
        normal = ((small - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)).transpose(0, 3, 1, 2)
        if self._batch and self._batch > 1:
            normal = np.repeat(normal, self._batch, axis=0)
        found = np.asarray(self._session.run(None, {self._name: np.ascontiguousarray(normal, np.float32)})[0])
        return found[:1].reshape(1, -1).astype(np.float32)
