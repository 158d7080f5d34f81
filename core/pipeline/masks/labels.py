"""Labels for training: COCO (RLE) and YOLO segmentation, of every frame of the finished shots."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.pipeline.masks.export import Place
from core.pipeline.masks.frames_out import MaskedFrame, each_frame
from core.pipeline.masks.home import Home
from core.pipeline.masks.mask_files import box_of
from core.store import coco_rle
from core.store.run import frame_name

SUBJECT = "subject"
"""Name of the only class."""
COCO_NAME, YOLO_FOLDER = "masks.coco.json", "labels"


def write_coco(home: Home, place: Place) -> Generator[int, None, Path]:
    """Writes one COCO file of all masks; yields how many frames are read. An annotation for each object of a frame.

    Images are named as frames are exported, ``frame_000123.png``; ``frame_number`` is their ordinal.

    Raises:
        StorageError: it cannot be written. RunError: a mask is damaged.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for done, (ordinal, objects) in enumerate(each_frame(home, place.shots(home), _rles, pictures=False), 1):
        number = place.number(ordinal)
        size = {"width": home.width, "height": home.height}
        images.append({"id": number, "file_name": frame_name(number, ".png"), "frame_number": ordinal} | size)
        for one in objects:
            annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": 1, "iscrowd": 0} | one)
        yield done
    path = place.folder / COCO_NAME
    categories = [{"id": 1, "name": SUBJECT, "supercategory": ""}]
    files.make_folder(place.folder)
    files.write_json(path, {"images": images, "annotations": annotations, "categories": categories}, indent=None)
    return path


def _rles(frame: MaskedFrame) -> list[dict[str, Any]]:
    found = []
    for object_id in frame.object_ids:
        mask = frame.of(object_id)
        if mask.any():
            x1, y1, x2, y2 = box_of(mask)
            area = int(np.count_nonzero(mask))
            found.append(
                {
                    "segmentation": coco_rle.encode(mask),
                    "area": area,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "track_id": object_id,
                }
            )
    return found


def write_yolo(home: Home, place: Place) -> Generator[int, None, Path]:
    """Writes ``labels/frame_000123.txt`` of every frame, empty where the subject is away, and ``data.yaml``.

    A line is the class (0) and the outline, x and y as shares of the picture; parts of one object are joined as
    Ultralytics joins them.

    Raises:
        StorageError: a file cannot be written. RunError: a mask is damaged.
    """
    from core.models.yolo_labels import outline

    folder = files.make_folder(place.folder / YOLO_FOLDER)

    def lines(frame: MaskedFrame) -> list[str]:
        outlines = (outline(frame.of(object_id)) for object_id in frame.object_ids)
        return [_line(found, home.width, home.height) for found in outlines if found is not None]

    for done, (ordinal, found) in enumerate(each_frame(home, place.shots(home), lines, pictures=False), 1):
        text = "".join(f"{line}\n" for line in found)
        files.write_bytes(folder / Path(frame_name(place.number(ordinal), ".txt")).name, text.encode(), sync=False)
        yield done
    files.write_text(place.folder / "data.yaml", f"path: .\ntrain: images\nval: images\nnames:\n  0: {SUBJECT}\n")
    return folder


def _line(points: NDArray[np.float64], width: int, height: int) -> str:
    shares = np.clip(points / np.array([width, height]), 0, 1)
    return " ".join(["0", *(f"{v:.6f}" for v in shares.ravel().tolist())])
