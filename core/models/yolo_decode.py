"""Pre- and post-processing of YOLO: letterbox, decoding of the raw output, non-maximum suppression (NMS).

The conventions are those of Ultralytics, so that boxes agree with its own. Not here: running a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import WeightsError
from core.models import Prepared, Raw
from core.records import Detections

PAD = 114
"""Grey level (0-255) around the picture, as Ultralytics pads."""
MAX_CANDIDATES = 30_000
ROW = 6
"""Values of a row of an end-to-end model before the coefficients: xyxy, confidence, class."""


@dataclass(frozen=True)
class Rules:
    """Which of the boxes that a network proposes are kept, and how its output is laid out."""

    conf_floor: float
    nms_iou: float
    max_det: int
    classes: int
    end_to_end: bool
    transposed: bool = False
    """Whether the raw output is (anchors, 4 + classes + more) instead of (4 + classes + more, anchors)."""


def input_size(width: int, height: int, longest: int, stride: int) -> tuple[int, int]:
    """Returns (w, h), multiples of ``stride``, of the smallest input for the picture scaled to ``longest`` pixels."""
    gain = min(longest / width, longest / height)
    w, h = round(width * gain), round(height * gain)
    return -(-max(w, 1) // stride) * stride, -(-max(h, 1) // stride) * stride


def letterbox(picture: NDArray[np.uint8], width: int, height: int) -> Prepared:
    """Scales an (H, W, 3) picture to fit into ``width`` x ``height`` and centres it on grey (letterbox)."""
    import cv2

    picture_h, picture_w = picture.shape[:2]
    gain = min(width / picture_w, height / picture_h)
    w, h = max(1, round(picture_w * gain)), max(1, round(picture_h * gain))
    left, top = round((width - w) / 2 - 0.1), round((height - h) / 2 - 0.1)
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:top], canvas[top + h :], canvas[:, :left], canvas[:, left + w :] = PAD, PAD, PAD, PAD
    inner = canvas[top : top + h, left : left + w]
    if (w, h) == (picture_w, picture_h):
        inner[:] = picture
    else:
        inner[:] = cv2.resize(picture, (w, h), interpolation=cv2.INTER_LINEAR)
    return Prepared(canvas, gain, left, top, picture_w, picture_h)


def decode(raw: Raw, picture: Prepared, rules: Rules) -> Detections:
    """Turns the raw output for one picture into detections in its pixels, highest confidence first.

    Args:
        raw: (4 + classes + more, anchors) float32: xywh centre boxes in input pixels, a score per class; or
            (K, 6 + more) float32 rows of xyxy, confidence, class, when end-to-end.
        picture: the letterboxed picture that went in.
        rules: which boxes are kept.

    Raises:
        WeightsError: a box is of a class that the weights do not name.
    """
    return decode_more(raw, picture, rules)[0]


def decode_more(raw: Raw, picture: Prepared, rules: Rules) -> tuple[Detections, NDArray[np.float32]]:
    """Does what ``decode`` does, and returns (N, more) what else the network says of each box: mask coefficients."""
    raw = raw.T if rules.transposed else raw
    xyxy, scores, class_ids, more = _rows(raw, rules) if rules.end_to_end else _anchors(raw, rules)
    if len(scores) > MAX_CANDIDATES:
        best = np.argpartition(-scores, MAX_CANDIDATES)[:MAX_CANDIDATES]
        xyxy, scores, class_ids, more = xyxy[best], scores[best], class_ids[best], more[best]
    order = np.argsort(-scores, kind="stable")
    if not rules.end_to_end:
        order = _suppressed(xyxy, scores, class_ids, rules.nms_iou)
    order = order[: rules.max_det]
    offset = np.array([picture.left, picture.top] * 2, np.float32)
    limit = np.array([picture.width, picture.height] * 2, np.float32)
    pixels = np.clip((xyxy[order] - offset) / np.float32(picture.gain), 0, limit).astype(np.float32)
    return Detections(pixels, scores[order].astype(np.float32), class_ids[order].astype(np.int64)), more[order]


Candidates = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]


def _anchors(raw: Raw, rules: Rules) -> Candidates:
    scores = raw[4 : 4 + rules.classes]
    best = scores.max(axis=0)
    at = np.flatnonzero(best >= rules.conf_floor)
    cx, cy, w, h = raw[:4, at]
    xyxy = np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], axis=1)
    return xyxy, best[at], scores[:, at].argmax(axis=0), raw[4 + rules.classes :, at].T


def _rows(raw: Raw, rules: Rules) -> Candidates:
    rows = raw[raw[:, 4] >= rules.conf_floor]
    class_ids = rows[:, 5].astype(np.int64)
    if class_ids.max(initial=0) >= rules.classes or class_ids.min(initial=0) < 0:
        raise WeightsError(
            f"these weights name {rules.classes} classes and give a box of class {int(class_ids.max())}; export them "
            "anew with the names of all classes.",
            code="weights_unfit",
        )
    return rows[:, :4], rows[:, 4], class_ids, rows[:, ROW:]


def _suppressed(
    xyxy: NDArray[np.float32], scores: NDArray[np.float32], class_ids: NDArray[np.int64], iou: float
) -> NDArray[np.int64]:
    """Returns the rows that greedy NMS within each class keeps, highest score first."""
    import cv2

    if not len(scores):
        return np.zeros(0, np.int64)
    xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1).astype(np.float64)
    nms: Any = cv2.dnn.NMSBoxesBatched
    kept = nms(xywh, scores, class_ids.astype(np.int32), 0.0, iou)
    rows = np.asarray(kept, np.int64).reshape(-1)
    return rows[np.argsort(-scores[rows], kind="stable")]
