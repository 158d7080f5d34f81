"""Honest fakes of the Protocols in core/models: whole implementations that need no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from core.models import Frames, Prepared
from core.prompts import FrameMasks, Prompt
from core.records import Detections
from core.settings.detect import DetectSettings
from core.settings.masks import MaskSettings
from core.weights import Weights
from tests.videos import NumberError, read_number

NOT_READ = 255
"""Class id where the picture shows no number."""


class NumberReader:
    """Finds one box in each picture of a counting video, and its class is the number that is painted there."""

    names = tuple(str(number) for number in range(NOT_READ + 1))
    backend = "a reader of painted numbers"
    end_to_end = False

    def __init__(self, batch: int = 1) -> None:
        self.batch = batch

    def prepare(self, picture: np.ndarray) -> Prepared:
        return Prepared(picture, 1.0, 0, 0, picture.shape[1], picture.shape[0])

    def detect(self, pictures: Sequence[Prepared]) -> list[Detections]:
        assert 0 < len(pictures) <= max(1, self.batch)
        return [self._one(picture) for picture in pictures]

    def _one(self, picture: Prepared) -> Detections:
        try:
            number = read_number(picture.canvas)
        except NumberError:
            number = NOT_READ
        box = np.array([[0, 0, picture.width / 2, picture.height]], np.float32)
        return Detections(box, np.array([0.5], np.float32), np.array([number], np.int64))


def open_number_reader(
    weights: Weights, settings: DetectSettings, width: int, height: int, *, callers: int, unsafe: bool
) -> NumberReader:
    """``pipeline.detect.OpenDetector``; the file of weights is a text that says how large batches are."""
    return NumberReader(int(Path(weights.path).read_text()))


def reader_weights(folder: Path, batch: int = 1) -> Weights:
    """Weights for ``open_number_reader``."""
    path = folder / "reader.pt"
    path.write_text(str(batch))
    return Weights(str(path), hashlib.sha256(path.read_bytes()).hexdigest())


class FloodFill:
    """A masker for synthetic clips: an object is the connected area of the clicked colour; lost and found by colour.

    On every frame the area of that colour nearest to where it was last; exclude points take their area away, a box
    cuts. It looks at frames one at a time and keeps nothing but a colour and a place.
    """

    name = "yolo-seg"
    digest = "f100df1110000000"
    backend = "a flood fill"

    def __init__(self, tolerance: int = 60) -> None:
        self.tolerance = tolerance
        self.stills = 0
        """How often the costly part was done."""
        self.frames: list[int] = []
        """Indices of the frames that were asked for."""
        self._key = ""

    def still(self, rgb: np.ndarray, prompts: Sequence[Prompt], key: str = "") -> FrameMasks:
        if not key or key != self._key:
            self.stills, self._key = self.stills + 1, key
        ids = sorted({prompt.object_id for prompt in prompts})
        seen = [_Colour(rgb, [p for p in prompts if p.object_id == i], self.tolerance) for i in ids]
        return self._masks(rgb, 0, ids, seen, {(p.object_id): p for p in prompts})

    def objects(self, rgb: np.ndarray) -> Detections:
        """Every area of a strong colour, as a network sees objects: the larger the surer."""
        import cv2

        strong = (rgb.max(axis=2).astype(int) - rgb.min(axis=2) > 100).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(strong)
        large = stats[1:][stats[1:, cv2.CC_STAT_AREA] > 100].astype(np.float32)
        boxes = np.concatenate([large[:, :2], large[:, :2] + large[:, 2:4]], axis=1)
        sure = np.clip(large[:, 4] / 4000, 0.1, 1).astype(np.float32)
        return Detections(boxes, sure, np.zeros(len(boxes), np.int64))

    def shot(self, frames: Frames, prompts: Sequence[Prompt]) -> Iterator[FrameMasks]:
        ids = sorted({prompt.object_id for prompt in prompts})
        first = min(prompt.index for prompt in prompts)
        colours: dict[int, _Colour] = {}
        begin: dict[int, _Colour] = {}
        for index in (*range(first, len(frames)), *range(first - 1, -1, -1)):
            if index == first - 1:
                colours = dict(begin)
            rgb = frames[index]
            self.frames.append(index)
            here = {p.object_id: p for p in prompts if p.index == index}
            for object_id in here:
                colours[object_id] = _Colour(rgb, [here[object_id]], self.tolerance)
                begin.setdefault(object_id, colours[object_id])
            yield self._masks(rgb, index, ids, [colours.get(i) for i in ids], here)

    def _masks(self, rgb, index, ids, colours, here) -> FrameMasks:
        masks = np.zeros((len(ids), *rgb.shape[:2]), np.bool_)
        scores = np.full(len(ids), np.nan, np.float32)
        for row, colour in enumerate(colours):
            if colour is not None:
                masks[row], scores[row] = colour.find(rgb, here.get(ids[row]))
        return FrameMasks(index, tuple(ids), masks, scores, np.zeros(len(ids), np.bool_))


class _Colour:
    """One object: its colour and where it was last."""

    def __init__(self, rgb: np.ndarray, prompts: Sequence[Prompt], tolerance: int) -> None:
        self.tolerance = tolerance
        points = np.concatenate([p.points for p in prompts]).round().astype(int)
        labels = np.concatenate([p.labels for p in prompts])
        if not (labels == 1).any():
            box = prompts[-1].box
            points, labels = np.array([[box[0] + box[2], box[1] + box[3]]], int) // 2, np.ones(1, int)
        x, y = points[labels == 1][0]
        self.colour = rgb[y, x].astype(int)
        self.place = np.array([x, y], float)

    def find(self, rgb: np.ndarray, prompt: Prompt | None) -> tuple[np.ndarray, float]:
        import cv2

        near = (np.abs(rgb.astype(int) - self.colour).max(axis=2) <= self.tolerance).astype(np.uint8)
        count, labels, stats, centres = cv2.connectedComponentsWithStats(near)
        if prompt is not None:
            for (x, y), label in zip(prompt.points.round().astype(int), prompt.labels, strict=True):
                if label == 0:
                    near[labels == labels[y, x]] = 0
            if prompt.box is not None:
                x1, y1, x2, y2 = prompt.box.round().astype(int)
                cut = np.zeros_like(near)
                cut[y1:y2, x1:x2] = near[y1:y2, x1:x2]
                near = cut
            count, labels, stats, centres = cv2.connectedComponentsWithStats(near)
        large = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= 20]
        if not large:
            return np.zeros(near.shape, np.bool_), float("nan")
        best = min(large, key=lambda i: np.linalg.norm(centres[i] - self.place))
        self.place = centres[best]
        return labels == best, 0.9


def open_flood_fill(settings: MaskSettings, weights: Path | None, *, unsafe: bool) -> FloodFill:
    """``pipeline.masks.opening.OpenMasker``."""
    return FloodFill()
