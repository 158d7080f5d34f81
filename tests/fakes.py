"""Honest fakes of the Protocols in core/models: whole implementations that need no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from videos import NumberError, read_number

from core.config import DetectSettings
from core.models import Prepared
from core.records import Detections
from core.weights import Weights

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
