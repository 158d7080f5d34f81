"""Instances of a YOLO segmentation network: boxes, and masks that are drawn at source size only where they are wanted.

A mask is what Ultralytics draws with ``retina_masks=True``: coefficients x prototypes, enlarged, cut at 0 and the box.
Only what is chosen is drawn. No BLAS here: its threads wait for each other, which costs ten times the work itself.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import WeightsError
from core.models import Prepared
from core.models.gpu_memory import gpu_memory
from core.models.yolo import YoloDetector
from core.records import Detections

STRIDE = 4
"""Pixels of the network's input per pixel of a prototype."""


@dataclass(frozen=True)
class Part:
    """A mask, kept only where it can be true."""

    left: int
    top: int
    mask: NDArray[np.bool_]
    """(h, w); of the picture from ``left``, ``top``."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of the kept region, pixels."""
        h, w = self.mask.shape
        return self.left, self.top, self.left + w, self.top + h

    def tight(self) -> Part:
        """Returns the same mask without empty rows and columns around it; (0, 0) where nothing is true."""
        rows, columns = np.flatnonzero(self.mask.any(axis=1)), np.flatnonzero(self.mask.any(axis=0))
        if not len(rows):
            return Part(self.left, self.top, np.zeros((0, 0), np.bool_))
        inner = self.mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return Part(self.left + int(columns[0]), self.top + int(rows[0]), inner)

    def within(self, box: tuple[int, int, int, int]) -> NDArray[np.bool_]:
        """Returns the mask of the region ``box`` of the picture; false where this part does not reach."""
        left, top, right, bottom = box
        out = np.zeros((bottom - top, right - left), np.bool_)
        x1, y1, x2, y2 = self.box
        a, b, c, d = max(left, x1), max(top, y1), min(right, x2), min(bottom, y2)
        if a < c and b < d:
            out[b - top : d - top, a - left : c - left] = self.mask[b - y1 : d - y1, a - x1 : c - x1]
        return out


def united(parts: list[Part]) -> Part:
    """Returns the union of masks; of none, an empty one."""
    if len(parts) == 1:
        return parts[0]
    boxes = [part.box for part in parts if part.mask.size]
    if not boxes:
        return Part(0, 0, np.zeros((0, 0), np.bool_))
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    box = (min(lefts), min(tops), max(rights), max(bottoms))
    return Part(box[0], box[1], np.logical_or.reduce([part.within(box) for part in parts]))


class Instances:
    """What a network found in one picture. (N,) instances, highest confidence first."""

    def __init__(
        self,
        found: Detections,
        coefficients: NDArray[np.float32],
        prototypes: NDArray[np.float32],
        size: tuple[int, int],
        picture: Prepared | None = None,
    ) -> None:
        """Keeps the output of a network.

        Args:
            found: (N) in source pixels.
            coefficients: (N, C).
            prototypes: (C, h, w).
            size: (width, height) of the picture.
            picture: what the network saw.
        """
        self.picture = picture
        self.boxes, self.confidences, self.class_ids = found.xyxy, found.confidence, found.class_id
        self.width, self.height = size
        self._coefficients, self._prototypes = coefficients, prototypes

    def __len__(self) -> int:
        return len(self.confidences)

    def part(self, row: int) -> Part:
        """Draws the mask of an instance at source size, in its box."""
        x1, y1, x2, y2 = self.boxes[row]
        left, top = max(0, math.ceil(x1)), max(0, math.ceil(y1))
        right, bottom = min(self.width, math.ceil(x2)), min(self.height, math.ceil(y2))
        small = np.einsum("c,chw->hw", self._coefficients[row], self._prototypes)
        return Part(left, top, enlarged(small, self.width, self.height)[top:bottom, left:right] > 0)

    def at(self, x: float, y: float) -> NDArray[np.bool_]:
        """Returns (N,) whether the mask of each instance covers a pixel; draws none."""
        column = min(max(round(x), 0), self.width - 1)
        row = min(max(round(y), 0), self.height - 1)
        _, h, w = self._prototypes.shape
        down, across = _weights(w, h, self.width, self.height)
        here = np.einsum("chw,h,w->c", self._prototypes, down[row], across[column])
        inside: NDArray[np.bool_] = (self._coefficients @ here > 0) & self.in_box(column, row)
        return inside

    def in_box(self, x: float, y: float) -> NDArray[np.bool_]:
        """Returns (N,) whether the box of each instance holds a pixel."""
        boxes = self.boxes
        inside: NDArray[np.bool_] = (x >= boxes[:, 0]) & (x < boxes[:, 2]) & (y >= boxes[:, 1]) & (y < boxes[:, 3])
        return inside


class Segmenter(Protocol):
    """Finds instances. ``prepare`` and ``find`` may be called by several threads at once."""

    @property
    def callers(self) -> int:
        """Best number of threads that call ``find``."""

    def prepare(self, picture: NDArray[np.uint8]) -> Prepared:
        """Letterboxes an (H, W, 3) uint8 RGB picture."""

    def find(self, picture: Prepared) -> Instances:
        """Returns the instances of a picture."""


class YoloSegmenter:
    """A detector of ``core.models.yolo`` that has masks; see ``Segmenter``."""

    def __init__(self, detector: YoloDetector, path: str, callers: int) -> None:
        """Wraps a detector.

        Raises:
            WeightsError: the network has no masks.
        """
        self._detector, self.callers, self._name = detector, callers, Path(path).name
        self.backend, self.names = detector.backend, detector.names
        empty = np.zeros((detector.size[1], detector.size[0], 3), np.uint8)
        if detector.segment(detector.prepare(empty)) is None:
            raise WeightsError(
                f"{path} is a model for detection, which gives boxes and no masks; weights for segmentation are "
                "wanted, as in yolov8n-seg.pt.",
                code="other_task",
                task="detect",
            )

    def prepare(self, picture: NDArray[np.uint8]) -> Prepared:
        """Letterboxes an (H, W, 3) uint8 RGB picture."""
        return self._detector.prepare(picture)

    def find(self, picture: Prepared) -> Instances:
        """Returns the instances of a picture."""
        with gpu_memory(self._name, max(self._detector.size)):
            output = self._detector.segment(picture)
        assert output is not None  # asked when it was opened
        return Instances(*output, (picture.width, picture.height), picture)


class _Inner(NamedTuple):
    """Where the picture lies in a prototype without its letterbox."""

    factor: int
    """By which a prototype is enlarged, so that the border falls on whole pixels."""
    left: int
    top: int
    width: int
    height: int


@functools.lru_cache(maxsize=8)
def _inner(w: int, h: int, width: int, height: int) -> _Inner:
    """Computes it as Ultralytics does, for a prototype of (w, h) and a picture of (width, height)."""
    gain = min(STRIDE * h / height, STRIDE * w / width)
    pad = (STRIDE * h - max(round(height * gain), 1)) | (STRIDE * w - max(round(width * gain), 1))
    factor = STRIDE // math.gcd(STRIDE, pad | pad // 2)
    gain = min(factor * h / height, factor * w / width)
    inner_w, inner_h = max(round(width * gain), 1), max(round(height * gain), 1)
    left, top = round((factor * w - inner_w) / 2 - 0.1), round((factor * h - inner_h) / 2 - 0.1)
    return _Inner(factor, left, top, inner_w, inner_h)


def enlarged(small: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Returns a value for each pixel of the picture, (height, width), of one for each of a prototype."""
    import cv2

    h, w = small.shape
    inner = _inner(w, h, width, height)
    if inner.factor > 1:
        small = np.asarray(cv2.resize(small, (w * inner.factor, h * inner.factor)), np.float32)
    cut = small[inner.top : inner.top + inner.height, inner.left : inner.left + inner.width]
    return np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


@functools.lru_cache(maxsize=8)
def _weights(w: int, h: int, width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns the matrices (height, h) and (width, w) that do what ``enlarged`` does, for single pixels."""
    inner = _inner(w, h, width, height)
    down = linear(inner.height, height) @ linear(h, inner.factor * h)[inner.top : inner.top + inner.height]
    across = linear(inner.width, width) @ linear(w, inner.factor * w)[inner.left : inner.left + inner.width]
    return down, across


def linear(small: int, large: int) -> NDArray[np.float32]:
    """Returns the (large, small) matrix of linear interpolation between the middles of pixels."""
    at = np.clip((np.arange(large) + 0.5) * (small / large) - 0.5, 0, None)
    low = np.minimum(at.astype(np.int64), small - 1)
    high = np.minimum(low + 1, small - 1)
    share = (at - low).astype(np.float32)
    matrix = np.zeros((large, small), np.float32)
    np.add.at(matrix, (np.arange(large), low), 1 - share)
    np.add.at(matrix, (np.arange(large), high), share)
    return matrix
