"""The small verbs about face models: what a model is and how fast, which faces a photo shows, a model downloaded."""

from __future__ import annotations

import base64
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.geometry import crop
from core.models.face_packs import fetch_pack
from core.pipeline.faces.advice import why_no_face
from core.pipeline.faces.crops import MARGIN, QUALITY, SIDE_PX
from core.pipeline.faces.reference import faces_in
from core.pipeline.faces.update import open_model
from core.settings.faces import FaceModelArguments, FacePackArguments, FacePhotoArguments
from core.step import Outcome, Step, each
from core.video import images
from core.wording import plural


@dataclass(frozen=True)
class PhotoSeen(Outcome):
    """The faces of a photo, from left to right, to choose one of."""

    width: int
    """Of the photo as it is shown, px."""
    height: int
    provider: str
    faces: list[dict[str, Any]]
    """``face`` from 1, ``box``, ``confidence``, ``picture`` (a data URL) of each."""
    why: str
    """Why there are none and what to do, the rest of a sentence; "" where there are some."""

    def lines(self) -> list[str]:
        """One line."""
        return [f"{plural(len(self.faces), 'face')}{self.why and f': {self.why}'}"]


def face_photo(arguments: FacePhotoArguments) -> Generator[Step, None, PhotoSeen]:
    """Finds the faces of a photo.

    Raises:
        ModelError: no such model. SourceError: the photo cannot be read.
    """
    yield Step("looking for faces")
    reader = open_model(arguments.settings)
    rgb, found = faces_in(arguments.photo, reader)
    shown = []
    for number, box in enumerate(found.boxes.tolist(), 1):
        small = images.encode_jpeg(images.fitted(crop(rgb, box, MARGIN), SIDE_PX), QUALITY)
        picture = "data:image/jpeg;base64," + base64.b64encode(small).decode()
        confidence = round(float(found.confidence[number - 1]), 4)
        shown.append({"face": number, "box": [round(v, 1) for v in box], "confidence": confidence, "picture": picture})
    why = "" if shown else why_no_face(rgb, reader)
    return PhotoSeen(rgb.shape[1], rgb.shape[0], reader.provider, shown, why)


@dataclass(frozen=True)
class ModelOpened(Outcome):
    """What a face model is."""

    name: str
    provider: str
    ms: float
    """Of one picture without faces."""

    def lines(self) -> list[str]:
        """One line."""
        return [f"{self.name} on the {self.provider}, {self.ms:g} ms"]


def face_model(arguments: FaceModelArguments) -> Generator[Step, None, ModelOpened]:
    """Opens the model, to say what it is, where it runs and how fast. Raises ``ModelError``."""
    yield Step("opening the model")
    reader = open_model(arguments.settings)
    empty = np.zeros((360, 640, 3), np.uint8)
    began = time.perf_counter()
    reader.read(empty)
    return ModelOpened(reader.name, reader.provider, round(1000 * (time.perf_counter() - began), 1))


@dataclass(frozen=True)
class PackFetched(Outcome):
    """A face model that is on this machine now."""

    name: str
    folder: str

    def lines(self) -> list[str]:
        """One line."""
        return [f"{self.name} is in {self.folder}"]


def face_pack(arguments: FacePackArguments) -> Generator[Step, None, PackFetched]:
    """Downloads a face model; only when a person says so. Raises as ``fetch_pack``."""
    phase = f"downloading {arguments.name}"
    yield Step(phase, unit="bytes")
    folder = yield from each(fetch_pack(arguments.name), lambda bytes_of: Step(phase, *bytes_of, unit="bytes"))
    return PackFetched(arguments.name, str(folder))
