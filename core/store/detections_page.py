"""Detections in the form in which the page gets them: one binary for a cache, a small JSON object for a live frame."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.records import Detections, FrameLedger, VideoInfo
from core.store.detections import CacheMeta, DetectionCache

VERSION = 1
ALIGN = 8
BOX_UNIT_PX = 0.125
"""Boxes are whole numbers of this; twice as much, four times ... for pictures too large for 16 bits."""
FULL = 65535


def page_bytes(info: VideoInfo, ledger: FrameLedger, cache: DetectionCache | None) -> bytes:
    """Returns the timeline of a video with all its detections, laid out as docs/formats.md says under "For the page".

    Args:
        info: of the video.
        ledger: of the same video.
        cache: its detections; without one the binary holds the timeline and no boxes.
    """
    frames, unit = len(ledger), box_unit(info.width, info.height)
    if cache is None:
        boxes, confs = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        classes, indptr = np.zeros(0, np.uint16), np.zeros(frames + 1, np.int64)
    else:
        boxes = cache.boxes.astype(np.float32) * np.array([info.width, info.height] * 2, np.float32)
        confs, classes, indptr = cache.confs.astype(np.float32), cache.clss, cache.indptr
    wide = bool(len(classes)) and int(classes.max()) > 255
    columns = {
        "pts_s": ledger.played_s().astype("<f8"),
        "indptr": indptr.astype("<u4"),
        "boxes": _boxes(boxes, unit).reshape(-1),
        "confs": _confs(confs),
        "classes": classes.astype("<u2" if wide else "u1"),
    }
    header = {
        "version": VERSION,
        "frames": frames,
        "boxes": len(boxes),
        "width": info.width,
        "height": info.height,
        "box_unit_px": unit,
        **describe(cache.meta if cache else None, classes),
    }
    return _packed(header, columns)


def page_row(info: VideoInfo, ordinal: int, found: Detections) -> dict[str, Any]:
    """Returns one live frame as plain JSON values in the units of ``page_bytes``: ``f``, ``b`` flat, ``c``, ``k``."""
    return {
        "f": ordinal,
        "b": _boxes(found.xyxy, box_unit(info.width, info.height)).reshape(-1).tolist(),
        "c": _confs(found.confidence).tolist(),
        "k": found.class_id.tolist(),
    }


def describe(meta: CacheMeta | None, classes: NDArray[Any]) -> dict[str, Any]:
    """Returns what the page says of a cache: whose it is, what the sliders can do with it, classes and their counts."""
    if meta is None:
        return {"origin": None, "names": [], "counts": []}
    counts = np.bincount(classes, minlength=len(meta.names))
    names = [*meta.names, *(f"class {i}" for i in range(len(meta.names), len(counts)))]
    return {
        "origin": "framesieve" if meta.ours else "original",
        "names": names,
        "counts": counts.tolist(),
        "conf_floor": meta.conf_floor,
        "nms_iou": meta.nms_iou,
        "end_to_end": meta.end_to_end,
        "weights": meta.weights,
        "backend": meta.backend,
        "saturated_frames": meta.saturated_frames,
        "undecoded_frames": meta.undecoded_frames,
    }


def box_unit(width: int, height: int) -> float:
    """Returns pixels per unit of a box: 1/8, doubled until the larger side fits into 16 bits."""
    unit = BOX_UNIT_PX
    while max(width, height) / unit > FULL:
        unit *= 2
    return unit


def threshold(confidence: float) -> int:
    """Returns the 16-bit number that a confidence has to reach to count as at least ``confidence``.

    Rounded down, so that a box which was kept at the floor is shown with the slider at the floor.
    """
    return int(confidence * FULL)


def _boxes(xyxy: NDArray[np.float32], unit: float) -> NDArray[np.uint16]:
    units: NDArray[np.uint16] = np.clip(np.rint(xyxy * np.float32(1 / unit)), 0, FULL).astype("<u2")
    return units


def _confs(confs: NDArray[np.float32]) -> NDArray[np.uint16]:
    units: NDArray[np.uint16] = np.clip(np.rint(confs * np.float32(FULL)), 0, FULL).astype("<u2")
    return units


def _packed(header: dict[str, Any], columns: dict[str, NDArray[Any]]) -> bytes:
    """u32 length of the header | header JSON, padded | columns, each at a multiple of 8 bytes from the start."""
    placed, offset = {}, 0
    for name, column in columns.items():
        placed[name] = {"offset": offset, "length": len(column), "type": column.dtype.str.lstrip("<|")}
        offset += column.nbytes + -column.nbytes % ALIGN
    text = json.dumps(header | {"columns": placed}, allow_nan=False).encode()
    text += b" " * (-(len(text) + 4) % ALIGN)
    parts = [struct.pack("<I", len(text)), text]
    for column in columns.values():
        parts += [column.tobytes(), b"\0" * (-column.nbytes % ALIGN)]
    return b"".join(parts)
