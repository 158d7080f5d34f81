"""Subjects cut out of their frames as pictures of their own: with a border, in one shape or several."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np

from core import files
from core.metrics.matte import alpha_of, cut_out, over
from core.pipeline.masks.export import Place
from core.pipeline.masks.frames_out import MaskedFrame, each_frame
from core.pipeline.masks.home import Home
from core.pipeline.masks.mask_files import box_of
from core.pipeline.persons.choose import grown, part_of
from core.settings.masks import MaskExport
from core.video import images

FOLDER = "crops"
QUALITY = 95


def write_crops(home: Home, place: Place, settings: MaskExport, kind: str = "none") -> Generator[int, None, Path]:
    """Cuts every object out of every frame that shows it; yields how many frames are done.

    ``crops/object_1/frame_000123.jpg`` as it is in the frame; before the colour, or cut out (``.png``), where frames
    are exported so. With several shapes, ``frame_000123_0.75.jpg`` of each.

    Raises:
        StorageError: a file cannot be written. DecodeError, RunError: as ``each_frame``.
    """
    shots = place.shots(home)
    folder = place.folder / FOLDER
    for object_id in sorted({i for shot in shots for i in shot.object_ids.tolist()}):
        files.make_folder(folder / f"object_{object_id}")

    def cut(frame: MaskedFrame) -> bool:
        for object_id in frame.object_ids:
            _cut(frame, object_id, folder / f"object_{object_id}", place, settings, kind)
        return True

    for done, _ in enumerate(each_frame(home, shots, cut), 1):
        yield done
    return folder


def _cut(frame: MaskedFrame, object_id: int, folder: Path, place: Place, settings: MaskExport, kind: str) -> None:
    mask = frame.of(object_id)
    if not mask.any():
        return
    box = np.array([box_of(mask)], np.float32)
    alpha = alpha_of(mask, settings.grow, settings.feather)
    for aspect in settings.aspect or (None,):
        where = grown(box, settings.padding, aspect)[0].tolist()
        rgb, edge = part_of(frame.rgb, where), part_of(alpha, where)
        if not rgb.size:
            continue
        name = f"frame_{place.number(frame.ordinal):06d}" + ("" if len(settings.aspect) < 2 else f"_{aspect:g}")
        if kind == "alpha":
            files.write_bytes(folder / f"{name}.png", images.encode_rgba(cut_out(rgb, edge)), sync=False)
        elif kind == "green":
            files.write_bytes(
                folder / f"{name}.png", images.encode_png(over(rgb, edge, settings.background)), sync=False
            )
        else:
            files.write_bytes(folder / f"{name}.jpg", images.encode_jpeg(rgb, QUALITY), sync=False)
