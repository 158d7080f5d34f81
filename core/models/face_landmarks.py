"""Many points on a face by the landmark networks of insightface's packs: ``2d106det`` and ``1k3d68``.

What they say of a face is arithmetic (``metrics.face_pose``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BORDER = 1.5
"""Side of the part of the picture that a network sees, in longer sides of the face's box: as they were trained."""
SMALLEST_PX = 24
"""Faces whose longer side is shorter get no points: an eye is 5 pixels wide then."""
MOST = 8
"""Of how many faces of a picture, the largest ones: one face takes as long as detecting all of them."""


class FaceLandmarks:
    """One landmark network: P points in 2 or 3 dimensions for each face. May be used by several threads at once."""

    def __init__(self, model: Any) -> None:
        """``model`` is insightface's ``Landmark`` around an ONNX session with one input of (1, 3, S, S)."""
        self._session, self._input, self._outputs = model.session, model.input_name, model.output_names
        self._mean, self._std = model.input_mean, model.input_std
        self._side = int(model.input_size[0])
        self.points, self.dimensions = int(model.lmk_num), int(model.lmk_dim)
        side = self._side
        self.find(np.zeros((side, side, 3), np.uint8), np.array([[0, 0, side, side]], np.float32))  # can it be run?

    def find(self, rgb: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns (N, P, D) float32: x and y in pixels of the picture, z in pixels to the camera; NaN = not looked at.

        Args:
            rgb: (H, W, 3) uint8.
            boxes: (N, 4) float32 xyxy in pixels.
        """
        found = np.full((len(boxes), self.points, self.dimensions), np.nan, np.float32)
        longer = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
        for i in np.argsort(-longer, kind="stable")[:MOST]:
            if longer[i] >= SMALLEST_PX:
                found[i] = self._of_face(rgb, boxes[i].astype(np.float64), float(longer[i]))
        return found

    def _of_face(self, rgb: NDArray[np.uint8], box: NDArray[np.float64], longer: float) -> NDArray[np.float64]:
        import cv2

        half = self._side // 2
        scale = self._side / (BORDER * longer)
        corner = (box[:2] + box[2:]) / 2 - self._side / 2 / scale
        matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
        part = cv2.warpAffine(rgb, matrix, (self._side, self._side))
        blob = ((part.astype(np.float32) - self._mean) / self._std).transpose(2, 0, 1)[None]
        raw = self._session.run(self._outputs, {self._input: np.ascontiguousarray(blob)})[0][0]
        points = np.asarray(raw, np.float64).reshape(-1, self.dimensions)[-self.points :].copy()
        points[:, :2] = (points[:, :2] + 1) * half / scale + corner
        points[:, 2:] *= half / scale
        return points
