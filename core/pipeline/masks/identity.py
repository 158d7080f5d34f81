"""Who the subject is: by face first, else by overlap with its mask before, else by what it looks like.

Asked at every shot that the program points at by itself, and where a mask is lost. How alike the subject is to whom it
ought to be goes to the records.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.geometry import iou
from core.metrics import appearance
from core.metrics.quality import MASK_MIN_PIXELS
from core.pipeline.masks import mask_files
from core.pipeline.masks.boxes import FacesOfRun, faces_in
from core.pipeline.masks.home import Home, Pictures
from core.pipeline.masks.mask_files import box_of
from core.pipeline.masks.seeds import Seed, Seeder
from core.records import Detections
from core.settings.faces import MAX_FACE_DISTANCE
from core.store import annotations as annotation_file
from core.store import masks
from core.store.masks import ShotMasks
from core.store.shot_notes import ObjectPrompt, ShotNote

ALIKE = 0.7
"""Cosine similarity of appearance from which somebody is the subject."""
SMALLER = 0.1
"""A mask is lost where its area falls under this share of the middle one of its shot."""
SURE_LOSS = 0.3
"""... or its score under this share of the middle one."""
EVERY = 5
"""Frames between two looks for a lost subject."""
LOOKS = 24
"""Most looks of a loss."""


@dataclass(frozen=True)
class Found:
    """Somebody who is the subject."""

    box: NDArray[np.float32]
    """(4,) xyxy."""
    by: str
    """``"face"``, ``"iou"`` or ``"appearance"``."""
    similarity: float


class Identity:
    """Tells the subject of one video from others."""

    def __init__(self, home: Home, pictures: Pictures, seeder: Seeder, iou_threshold: float) -> None:
        """Reads faces and whom they show. Raises ``RunError``: a file is damaged."""
        self._home, self._pictures, self._seeder = home, pictures, seeder
        self._iou = iou_threshold
        self._faces, self._looks = faces_in(home), looks_of_subject(home, pictures)

    def look_anew(self) -> None:
        """Reads what the subject looks like, once its first shot is masked."""
        if self._looks is None:
            self._looks = looks_of_subject(self._home, self._pictures)

    def seed(self, start: int, end: int) -> Seed | None:
        """Returns where the subject is in a shot; ``None`` = nobody is seen. The first shot gives the primary one."""
        before = self._before(start)
        for ordinal in _spread(start, end):
            last = before if ordinal == start else None
            found = self.find(ordinal, last)
            if found is not None:
                return replace(self._seeder.at(ordinal, found.box), by=found.by)
        return self._seeder.primary(start, end)

    def find(self, ordinal: int, last: NDArray[np.float32] | None) -> Found | None:
        """Returns who in a frame is the subject.

        Args:
            ordinal: of the frame.
            last: (4,) box of the mask before; ``None`` = nothing is near in time.
        """
        bodies = self._seeder.bodies(ordinal)
        if not len(bodies):
            return None
        by_face = self._by_face(ordinal, bodies)
        if by_face is not None:
            return by_face
        if last is not None:
            overlap = iou(last[None], bodies.xyxy)[0]
            if overlap.max() >= self._iou:
                row = int(np.argmax(overlap))
                return Found(bodies.xyxy[row], "iou", float(overlap[row]))
        return self._by_looks(ordinal, bodies)

    def again(self, found: ShotMasks, note: ShotNote) -> ObjectPrompt | None:
        """Returns where the first object of a shot is again after its mask was lost; see ``propagate.Again``."""
        for begin, frames in _losses(found):
            last = found.boxes[0, begin] if begin >= 0 else None
            for look, index in enumerate(frames[::EVERY][:LOOKS]):
                ordinal = found.start + index
                if any(p.frame == ordinal for p in note.prompts):
                    continue
                hit = self.find(ordinal, last if look == 0 else None)
                if hit is not None:
                    seed = self._seeder.at(ordinal, hit.box)
                    return ObjectPrompt(
                        note.objects[0], ordinal, seed.points, (1,) * len(seed.points), seed.box, hit.by
                    )
        return None

    def _by_face(self, ordinal: int, bodies: Detections) -> Found | None:
        known = self._faces
        if known is None or not len(known.references):
            return None
        rows = known.within(ordinal, ordinal + 1)
        distances = known.distances(rows)
        for at in np.argsort(distances, kind="stable").tolist():
            if distances[at] > MAX_FACE_DISTANCE:
                return None
            face = known.table.boxes[rows[at]]
            x, y = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
            box = bodies.xyxy
            inside = (box[:, 0] <= x) & (x <= box[:, 2]) & (box[:, 1] <= y) & (y <= box[:, 3])
            if inside.any():
                row = int(np.argmax(bodies.confidence * inside))
                return Found(box[row], "face", 1.0 - float(distances[at]))
        return None

    def _by_looks(self, ordinal: int, bodies: Detections) -> Found | None:
        if self._looks is None:
            return None
        rgb = self._pictures.picture(ordinal)
        alike = [float(described(rgb, box.tolist()) @ self._looks) for box in bodies.xyxy]
        row = int(np.argmax(alike))
        return Found(bodies.xyxy[row], "appearance", alike[row]) if alike[row] >= ALIKE else None

    def _before(self, start: int) -> NDArray[np.float32] | None:
        """The box of the subject on the last frame of the shot before."""
        for shot in masks.finished(self._home.dir):
            if shot.end == start and shot.area[0, -1] >= MASK_MIN_PIXELS:
                return np.asarray(shot.boxes[0, -1], np.float32)
        return None


def _spread(start: int, end: int) -> list[int]:
    return sorted(set(np.linspace(start, end - 1, min(5, end - start)).round().astype(int).tolist()))


def _losses(found: ShotMasks) -> list[tuple[int, list[int]]]:
    """Where the first object is lost: the last frame that had it (-1 = none), and the frames without it after that.

    From frames that were prompted forward to the end of the shot, and backward to its beginning.
    """
    area, score = found.area[0], found.score[0]
    there = area >= MASK_MIN_PIXELS
    if not there.any():
        return [(-1, list(range(len(area))))]
    usual, sure = float(np.median(area[there])), _median(score[there])
    weak = ~np.isnan(score) & (score < SURE_LOSS * sure)
    lost = (area < max(MASK_MIN_PIXELS, SMALLER * usual)) | weak
    losses = []
    edges = np.flatnonzero(np.diff(lost.astype(np.int8), prepend=0, append=0))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if begin > 0:
            losses.append((begin - 1, list(range(begin, end))))
        elif end < len(area):
            losses.append((end, list(range(end - 1, begin - 1, -1))))
    return losses


def _median(values: NDArray[np.float32]) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else 0.0


# --- how alike


def looks_of_subject(home: Home, pictures: Pictures) -> NDArray[np.float32] | None:
    """Returns what the subject looks like on the prompt frame of the first masked shot; ``None`` = none is masked."""
    said = annotation_file.read(home.dir.annotations)
    for shot in masks.finished(home.dir):
        note = said.note(shot.start)
        if note is None or not note.objects or note.end != shot.end:
            continue
        at = note.prompt_frame - shot.start
        if shot.area[0, at] < MASK_MIN_PIXELS:
            at = int(np.argmax(shot.area[0]))
        if shot.area[0, at] >= MASK_MIN_PIXELS:
            return described(pictures.picture(shot.start + at), shot.boxes[0, at].tolist())
    return None


def described(rgb: NDArray[np.uint8], box: list[float]) -> NDArray[np.float32]:
    """Returns the unit vector of what is in a box of a picture."""
    x1, y1, x2, y2 = (round(v) for v in box)
    part = np.ascontiguousarray(rgb[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)])
    return appearance.describe(part) if part.size else np.zeros(appearance.LENGTH, np.float32)


class Likeness:
    """How alike the subject of a frame is to whom it ought to be: by face where one is in its mask, else by looks."""

    def __init__(self, home: Home, looks: NDArray[np.float32] | None) -> None:
        """``looks``: of the subject; ``None`` = only faces are compared. Raises ``RunError``: a file is damaged."""
        self._faces, self._looks = faces_in(home), looks
        self._wanted = NO_VECTORS if self._faces is None else self._faces.references
        if self._faces is not None and not len(self._wanted):
            self._wanted = _face_of_subject(home, self._faces)

    def key(self) -> str:
        """What it depends on, 16 hex digits."""
        looks = "" if self._looks is None else self._looks.tobytes().hex()
        return masks.digest_of(self._wanted.tobytes().hex(), looks)

    @property
    def needs_pictures(self) -> bool:
        """Whether it looks at pictures."""
        return self._looks is not None

    def of(self, ordinal: int, rgb: NDArray[np.uint8] | None, mask: NDArray[np.bool_]) -> tuple[float, str]:
        """Returns the similarity and by what; NaN and ``""`` where nothing can be compared."""
        if not mask.any():
            return float("nan"), ""
        if self._faces is not None and len(self._wanted):
            rows = self._faces.within(ordinal, ordinal + 1)
            inside = np.array([row for row in rows.tolist() if _covers(mask, self._faces.table.boxes[row])], np.int64)
            if len(inside):
                return 1.0 - float(self._faces.distances(inside, self._wanted).min()), "face"
        if self._looks is not None and rgb is not None:
            return float(described(rgb, list(box_of(mask))) @ self._looks), "appearance"
        return float("nan"), ""


NO_VECTORS = np.zeros((0, 1), np.float32)


def _covers(mask: NDArray[np.bool_], face: NDArray[np.float32]) -> bool:
    x, y = int((face[0] + face[2]) / 2), int((face[1] + face[3]) / 2)
    return bool(mask[min(max(y, 0), mask.shape[0] - 1), min(max(x, 0), mask.shape[1] - 1)])


def _face_of_subject(home: Home, known: FacesOfRun) -> NDArray[np.float32]:
    """Without a reference: the best face in the masks of the first shot that has one."""
    for shot in masks.finished(home.dir):
        rows = known.within(shot.start, shot.end)
        ids = shot.object_ids.tolist()
        for row in rows[np.argsort(-known.table.quality()[rows], kind="stable")].tolist():
            pixels = mask_files.read_mask(home.dir.mask(int(known.table.frame[row])))
            if pixels is not None and _covers(mask_files.of_object(pixels, ids, ids[0]), known.table.boxes[row]):
                return np.asarray(known.table.vectors[row : row + 1], np.float32)
    return NO_VECTORS
