"""What a person's points and box mean among the instances of a picture: which are chosen, cut out, trimmed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.models.yolo_seg import Instances, Part, united
from core.prompts import Prompt

AGAIN = 0.005
"""Include points closer than this share of the picture's diagonal are one click, made again: the next instance."""
SAME = 0.7
"""Overlap (IoU) from which two masks are of one thing."""
FITS = 0.3
"""Share of the smaller of a drawn box and an instance's box that they must have in common."""
WHOLE = 0.95
"""Share of a mask in the drawn box from which the box takes nothing away."""

Floats = NDArray[np.float32]


def _none() -> Floats:
    return np.zeros((0, 2), np.float32)


@dataclass(frozen=True)
class Trim:
    """What is taken off a mask, in shares of its box, so that it goes along with it."""

    box: tuple[float, float, float, float] | None = None
    """Outside of it nothing is kept."""
    keep: Floats = field(default_factory=_none)
    """(P, 2)."""
    drop: Floats = field(default_factory=_none)
    """(Q, 2): what is nearer to one of these than to any of ``keep`` goes."""

    def __call__(self, part: Part) -> Part:
        """Returns the mask without what is taken off."""
        part = part if self.box is None and not len(self.drop) else part.tight()
        if not part.mask.size:
            return part
        mask = part.mask
        h, w = mask.shape
        if self.box is not None:
            left, top, right, bottom = self.box
            columns, rows = (np.arange(w) + 0.5) / w, (np.arange(h) + 0.5) / h
            mask = mask & ((columns >= left) & (columns < right)) & ((rows >= top) & (rows < bottom))[:, None]
        if len(self.drop):
            keep = self.keep if len(self.keep) else _middle(mask)
            mask = mask & (_nearest(keep, w, h) <= _nearest(self.drop, w, h))
        return Part(part.left, part.top, mask)


@dataclass(frozen=True)
class Choice:
    """What is meant."""

    rows: tuple[int, ...]
    """Instances that make the mask together."""
    cut: tuple[int, ...] = ()
    """Instances that are cut out of it."""
    trim: Trim = Trim()


def choose(instances: Instances, prompt: Prompt, now: tuple[int, ...] = ()) -> Choice:
    """Returns what is meant by points and a box.

    Args:
        instances: of the picture.
        prompt: a click chooses the instance under it, the same click again the next one; several clicks at different
            places choose several, which make one mask; a box restricts them, and alone chooses the one that fills it.
            An exclude point cuts out the other instance under it, else the part of the mask that is nearer to it.
        now: instances that the object has, which stay where the prompt only excludes.
    """
    includes, excludes = prompt.points[prompt.labels == 1], prompt.points[prompt.labels == 0]
    allowed = _allowed(instances, prompt.box)
    denied = np.zeros(len(instances), np.bool_)
    for x, y in excludes.tolist():
        denied |= instances.at(x, y)
    rows: list[int] = []
    for (x, y), times in _clicks(includes, instances):
        under = _under(instances, x, y, allowed, denied)
        there_already = times == 1 and instances.at(x, y)[rows].any()
        if under and not there_already:
            rows.append(under[(times - 1) % len(under)])
    if not len(includes) and prompt.box is not None:
        rows = _filling(instances, prompt.box, denied)
    rows = list(dict.fromkeys(rows)) or (list(now) if not len(includes) and prompt.box is None else [])
    if not rows:
        return Choice(())
    whole = united([instances.part(row) for row in rows])
    cut, left_over = _cut(instances, rows, whole, excludes)
    return Choice(tuple(rows), cut, _trim(whole, prompt.box, includes, left_over))


def drawn(instances: Instances, choice: Choice) -> Part:
    """Draws the mask of a choice."""
    whole = united([instances.part(row) for row in choice.rows])
    return finished(whole, [instances.part(row) for row in choice.cut], choice.trim)


def finished(whole: Part, cuts: list[Part], trim: Trim) -> Part:
    """Returns a mask without what is cut out and trimmed."""
    if cuts and whole.mask.size:
        hole = np.logical_or.reduce([part.within(whole.box) for part in cuts])
        whole = Part(whole.left, whole.top, whole.mask & ~hole)
    return trim(whole)


def _clicks(points: Floats, instances: Instances) -> list[tuple[tuple[float, float], int]]:
    """Returns places and how often each was clicked, in the order of the first clicks."""
    near = AGAIN * float(np.hypot(instances.width, instances.height))
    places: list[tuple[tuple[float, float], int]] = []
    for x, y in points.tolist():
        for i, ((a, b), times) in enumerate(places):
            if np.hypot(a - x, b - y) <= near:
                places[i] = ((a, b), times + 1)
                break
        else:
            places.append(((x, y), 1))
    return places


def _under(
    instances: Instances, x: float, y: float, allowed: NDArray[np.bool_], denied: NDArray[np.bool_]
) -> list[int]:
    """Returns the instances under a point, the surest first; then by box alone, the smallest first."""
    masks, boxes = instances.at(x, y) & allowed, instances.in_box(x, y) & allowed
    sure = [int(row) for row in np.flatnonzero(masks)]
    areas = np.prod(instances.boxes[:, 2:] - instances.boxes[:, :2], axis=1)
    loose = sorted((int(row) for row in np.flatnonzero(boxes & ~masks)), key=lambda row: float(areas[row]))
    found = _distinct(instances, sure) + loose
    return [row for row in found if not denied[row]] or found


def _distinct(instances: Instances, rows: list[int]) -> list[int]:
    """Leaves out instances that are the same thing as a surer one, found again as another class."""
    kept: list[int] = []
    for row in rows:
        box = instances.boxes[row : row + 1]
        if all(float(overlaps(box, instances.boxes[other])[0]) < SAME for other in kept):
            kept.append(row)
    return kept


def _allowed(instances: Instances, box: Floats | None) -> NDArray[np.bool_]:
    if box is None:
        return np.ones(len(instances), np.bool_)
    common = _common(instances.boxes, box)
    smaller = np.minimum(_areas(instances.boxes), _areas(box[None])[0])
    fits: NDArray[np.bool_] = common >= FITS * np.maximum(smaller, 1e-6)
    return fits


def _filling(instances: Instances, box: Floats, denied: NDArray[np.bool_]) -> list[int]:
    """Returns the instance whose box is most like the drawn one."""
    fit = np.where(_allowed(instances, box) & ~denied, overlaps(instances.boxes, box), 0)
    return [int(fit.argmax())] if fit.any() else []


def _cut(instances: Instances, rows: list[int], whole: Part, excludes: Floats) -> tuple[tuple[int, ...], Floats]:
    """Returns the instances that exclude points cut out, and the points under which no other instance lies."""
    cut: list[int] = []
    left_over = []
    for x, y in excludes.tolist():
        column, row = round(x), round(y)
        if not whole.within((column, row, column + 1, row + 1)).any():
            continue
        others = [int(other) for other in np.flatnonzero(instances.at(x, y)) if other not in rows]
        smaller = [other for other in others if not _same(instances.part(other), whole)]
        if smaller:
            cut.append(smaller[0])
        else:
            left_over.append((x, y))
    return tuple(dict.fromkeys(cut)), np.array(left_over, np.float32).reshape(-1, 2)


def _same(part: Part, whole: Part) -> bool:
    common = int((part.within(whole.box) & whole.mask).sum())
    return common >= SAME * max(1, int(part.mask.sum()) + int(whole.mask.sum()) - common) or common >= WHOLE * int(
        whole.mask.sum()
    )


def _trim(whole: Part, box: Floats | None, includes: Floats, excludes: Floats) -> Trim:
    whole = whole.tight()
    if not whole.mask.size:
        return Trim()
    left, top, right, bottom = whole.box
    corner, size = np.array([left, top], np.float32), np.array([right - left, bottom - top], np.float32)
    share = None
    if box is not None:
        x1, y1, x2, y2 = (round(float(value)) for value in box)
        inside = int(whole.within((x1, y1, max(x1, x2), max(y1, y2))).sum())
        if inside < WHOLE * int(whole.mask.sum()):
            a, b, c, d = ((box.reshape(2, 2) - corner) / size).reshape(-1).tolist()
            share = (a, b, c, d)
    return Trim(share, (includes + 0.5 - corner) / size, (excludes + 0.5 - corner) / size)


def _nearest(points: Floats, w: int, h: int) -> Floats:
    """Returns (h, w) squared distances, pixels, to the nearest of the points, which are shares of the box."""
    columns, rows = np.arange(w, dtype=np.float32) + 0.5, np.arange(h, dtype=np.float32)[:, None] + 0.5
    out = np.full((h, w), np.inf, np.float32)
    for x, y in points.tolist():
        np.minimum(out, (columns - x * w) ** 2 + (rows - y * h) ** 2, out=out)
    return out


def _middle(mask: NDArray[np.bool_]) -> Floats:
    rows, columns = np.nonzero(mask)
    h, w = mask.shape
    middle = [[(columns.mean() + 0.5) / w, (rows.mean() + 0.5) / h]] if len(rows) else []
    return np.array(middle, np.float32).reshape(-1, 2)


def overlaps(boxes: Floats, box: Floats) -> Floats:
    """Returns (N,) IoU of (N, 4) boxes with one box."""
    common = _common(boxes, box)
    iou: Floats = common / np.maximum(_areas(boxes) + _areas(box[None])[0] - common, 1e-6)
    return iou


def _common(boxes: Floats, box: Floats) -> Floats:
    sides = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    common: Floats = np.clip(sides, 0, None).prod(axis=1)
    return common


def _areas(boxes: Floats) -> Floats:
    areas: Floats = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return areas
