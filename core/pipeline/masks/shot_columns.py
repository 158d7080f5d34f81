"""The columns of a shot while it is masked, and its masks as they come: to the files, and beside each other.

Not here: who carries masks from frame to frame (``propagate``), the file of a finished shot (``store.masks``).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError
from core.pipeline.masks import mask_files
from core.pipeline.masks.boxes import BoxesOfFrames
from core.pipeline.masks.home import Home
from core.pipeline.masks.state import object_digest
from core.prompts import FrameMasks
from core.store import masks
from core.store.masks import DECIDED, ShotMasks
from core.store.shot_notes import ShotNote


@dataclass
class ShotColumns:
    """The columns of a shot while it is masked, and the masks of the frames beside the last one."""

    home: Home
    note: ShotNote
    made_by: str
    detected: BoxesOfFrames | None
    near: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    """Index of a frame -> (O, H, W): the last one and the first one that came, where backward begins."""
    first: int | None = None
    old: dict[int, ShotMasks] = field(default_factory=dict)
    """Columns of objects that are not made again."""
    decided: dict[int, str] = field(default_factory=dict)
    """Ordinal -> by what the program said who the first object is."""

    def __post_init__(self) -> None:
        self.ids = self.note.objects
        self.digests = {i: object_digest(self.note, i, self.made_by) for i in self.ids}
        o, n = len(self.ids), self.note.end - self.note.start
        self.score = np.full((o, n), np.nan, np.float32)
        self.area = np.zeros((o, n), np.int64)
        self.previous = np.full((o, n), np.nan, np.float32)
        self.detector = np.full((o, n), np.nan, np.float32)
        self.boxes = np.zeros((o, n, 4), np.float32)
        self.filled = np.zeros((o, n), np.bool_)
        for prompt in self.note.prompts:
            if prompt.by and prompt.object_id == self.ids[0]:
                self.decide(prompt.frame, prompt.by)

    def decide(self, ordinal: int, by: str) -> None:
        """Notes by what the program said who the first object is."""
        self.decided = {**self.decided, ordinal: by}

    def kept(self) -> tuple[int, ...]:
        """Ids of objects that were made of the same prompts before; those of a single one are put aside first."""
        folder, note = self.home.dir, self.note
        whole = _read(folder.shot(note.start))
        if len(self.ids) < 2:
            return ()
        found = []
        for object_id in self.ids:
            path = folder.object_shot(object_id, note.start)
            one = _read(path)
            if one is None and whole is not None and whole.object_ids.tolist() == [object_id]:
                one = self._put_aside(whole, object_id)
            if one is not None and (one.start, one.end, one.digests) == (
                note.start,
                note.end,
                (self.digests[object_id],),
            ):
                self.old[object_id] = one
                found.append(object_id)
        return tuple(found)

    def _put_aside(self, whole: ShotMasks, object_id: int) -> ShotMasks | None:
        """Copies the masks of what was the only object of a shot to a folder of its own."""
        folder = self.home.dir
        if whole.digests != (self.digests[object_id],):
            return None
        files.make_folder(folder.object(object_id))
        for ordinal in whole.ordinals.tolist():
            pixels = mask_files.read_mask(folder.mask(ordinal))
            if pixels is None:
                return None
            mask_files.write_mask(folder.object_mask(object_id, ordinal), pixels)
        masks.write_shot(folder.object_shot(object_id, whole.start), whole)
        return whole

    def add(self, found: FrameMasks) -> None:
        """Takes the masks of a frame: writes them, and the numbers of the frame."""
        index, ordinal = found.index, self.note.start + found.index
        whole = np.zeros((len(self.ids), self.home.height, self.home.width), np.bool_)
        for row, object_id in enumerate(self.ids):
            if object_id in self.old:
                whole[row] = self._old_mask(object_id, ordinal)
                self._copy(row, index, self.old[object_id])
                continue
            at = found.object_ids.index(object_id)
            whole[row] = found.masks[at]
            self.score[row, index], self.filled[row, index] = found.scores[at], found.filled[at]
            if len(self.ids) > 1:
                if self.first is None:
                    files.make_folder(self.home.dir.object(object_id))
                mask_files.write_mask(self.home.dir.object_mask(object_id, ordinal), whole[row])
        mask_files.write_mask(self.home.dir.mask(ordinal), mask_files.composed(whole, self.ids))
        self._measure(index, ordinal, whole)
        self._remember(index, whole)

    def _old_mask(self, object_id: int, ordinal: int) -> NDArray[np.bool_]:
        path = self.home.dir.object_mask(object_id, ordinal)
        pixels = mask_files.read_mask(path)
        if pixels is None:
            raise RunError(f"{path} is gone; delete {path.parent} and mask the shot again.", code="damaged")
        found: NDArray[np.bool_] = pixels > 127
        return found

    def _copy(self, row: int, index: int, old: ShotMasks) -> None:
        self.score[row, index], self.filled[row, index] = old.score[0, index], old.filled[0, index]

    def _measure(self, index: int, ordinal: int, whole: NDArray[np.bool_]) -> None:
        for row, mask in enumerate(whole):
            self.area[row, index] = np.count_nonzero(mask)
            self.boxes[row, index] = mask_files.box_of(mask)
            if self.detected is not None and self.area[row, index]:
                self.detector[row, index] = self.detected.best_iou(ordinal, self.boxes[row, index])
        for before, after in ((index - 1, index), (index, index + 1)):
            other = self.near.get(before if after == index else after)
            if other is not None:
                for row in range(len(self.ids)):
                    self.previous[row, after] = mask_files.mask_iou(whole[row], other[row])

    def _remember(self, index: int, whole: NDArray[np.bool_]) -> None:
        self.first = index if self.first is None else self.first
        self.near = {at: kept for at, kept in self.near.items() if at == self.first}
        self.near[index] = whole

    def columns(self) -> ShotMasks:
        """Returns the columns of the shot."""
        note = self.note
        decided = np.zeros(note.end - note.start, np.uint8)
        for ordinal, by in self.decided.items():
            decided[ordinal - note.start] = DECIDED.index(by) if by in DECIDED else 0
        return ShotMasks(
            np.arange(note.start, note.end, dtype=np.int64),
            np.array(self.ids, np.int64),
            self.score,
            self.area,
            self.previous,
            self.detector,
            self.boxes,
            self.filled,
            tuple(self.digests[i] for i in self.ids),
            self.made_by,
            (self.home.width, self.home.height),
            decided,
        )

    def write(self, found: ShotMasks) -> None:
        """Writes the columns, those of single objects before those of the shot."""
        if len(self.ids) > 1:
            for row, object_id in enumerate(self.ids):
                if object_id not in self.old or not self.home.dir.object_shot(object_id, self.note.start).exists():
                    masks.write_shot(self.home.dir.object_shot(object_id, self.note.start), one_of(found, row))
        masks.write_shot(self.home.dir.shot(self.note.start), found)


def one_of(shot: ShotMasks, row: int) -> ShotMasks:
    """Returns the columns of one object."""
    at = slice(row, row + 1)
    grids = {name: getattr(shot, name)[at] for name in (*masks.GRIDS, "boxes", "object_ids", "digests")}
    return dataclasses.replace(shot, **grids)


def _read(path: Any) -> ShotMasks | None:
    try:
        return masks.read_shot(path)
    except RunError:
        return None
