"""What is cut out of the pictures of an export: the faces, and the black bars off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import files
from core.geometry import Sample, crop
from core.pipeline.chosen import Chosen
from core.pipeline.faces.crops import wanted_faces
from core.records import FrameRecord
from core.video import images

FACES = "faces"
CROP_QUALITY = 95


def cut_faces(chosen: Chosen, rows: list[FrameRecord], partial: Path, margin: float) -> None:
    """Writes ``faces/frame_000123_face_1.jpg`` ... from the exported pictures, in their format; records name them."""
    wanted = wanted_faces(chosen.run, chosen.filters)
    files.make_folder(partial / FACES)
    for record in rows:
        boxes = wanted.get(record.frame_number, [])
        picture = partial / str(record.filename)
        data = picture.read_bytes() if boxes else b""
        coding = images.coding_of(data)
        crops = []
        for number, (_, box) in enumerate(boxes, 1):
            name = f"{FACES}/{picture.stem}_face_{number}{picture.suffix}"
            if coding is None:
                cut = images.encode(crop(images.decode(data), box, margin), picture.suffix, CROP_QUALITY)
            else:
                cut = images.encode_deep(crop(images.decode_deep(data), box, margin), coding)
            files.write_bytes(partial / name, cut, sync=False)
            crops.append(name)
        record.more["face_crops"] = crops


def cut_bars(rows: list[FrameRecord], partial: Path) -> None:
    """Cuts each picture to what its record says lies inside black bars; the record then has ``cropped``, xywh."""
    for record in rows:
        x, y, width, height = record.more.get("letterbox") or (0, 0, 0, 0)
        picture = partial / str(record.filename)
        if width and height and (data := _without_bars(picture.read_bytes(), picture.suffix, x, y, width, height)):
            files.write_bytes(picture, data, sync=False)
            record.more["cropped"] = [x, y, width, height]


def _without_bars(data: bytes, suffix: str, x: int, y: int, width: int, height: int) -> bytes | None:
    """The picture within the rectangle, in its format; ``None``: that is all of it, or does not lie in it."""
    coding = images.coding_of(data)
    if coding is None:
        part = _within(images.decode(data), x, y, width, height)
        return None if part is None else images.encode(part, suffix, CROP_QUALITY)
    deep = _within(images.decode_deep(data), x, y, width, height)
    return None if deep is None else images.encode_deep(deep, coding)


def _within(picture: NDArray[Sample], x: int, y: int, width: int, height: int) -> NDArray[Sample] | None:
    part = np.ascontiguousarray(picture[y : y + height, x : x + width])
    return None if part.shape == picture.shape or part.shape[:2] != (height, width) else part
