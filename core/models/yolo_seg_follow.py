"""Follows chosen instances from frame to frame, and fills in where the network missed them between two frames."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.models.mask_fill import View, between
from core.models.tracker import ByteTrack, TrackRules
from core.models.yolo_seg import Instances, Part, united
from core.models.yolo_seg_choice import Choice, Trim, choose, finished, overlaps
from core.prompts import Prompt

FILLED = 10
"""Frames in a row that are filled in at most; where an instance is missed for longer, it is not to be seen."""
TRACKING = TrackRules(threshold=0.25, buffer=30, match=0.8)
"""ByteTrack's own, for video of about 30 frames a second."""
ADOPTED = 0.3
"""Overlap (IoU) with the last box from which a track that begins where an instance was lost continues it."""

NOTHING = Part(0, 0, np.zeros((0, 0), np.bool_))


@dataclass
class Place:
    """The mask of one instance in one frame; open as long as a later frame may still fill it in."""

    part: Part = NOTHING
    confidence: float = float("nan")
    filled: bool = False
    open: bool = False
    view: View | None = None


class Strand:
    """One instance, followed in one direction."""

    def __init__(self, instances: Instances, row: int) -> None:
        """Begins at an instance that was chosen."""
        self._box = instances.boxes[row]
        self._missed: list[Place] = []
        self._last, self._lost = NOTHING, 0
        self._view: View | None = None
        self.row: int | None = row
        self.begin(instances, row)

    def begin(self, instances: Instances, row: int) -> Place:
        """Goes on with another instance, which a person chose; what was missed before it may be filled in."""
        if self.row is None and self._missed:
            self._missed.pop()  # that of this very frame
        self._class, self._tracker = int(instances.class_ids[row]), ByteTrack(TRACKING)
        rows = self._rows(instances)
        confidences = instances.confidences[rows].copy()
        confidences[rows == row] = 1.0  # however unsure the network is of it: a person chose it
        tracks = self._tracker.update(instances.boxes[rows], confidences)
        self._track = next(track for track, at in tracks if rows[at] == row)
        self._newest = max(track for track, _ in tracks)
        return self._seen(instances, row)

    def next(self, instances: Instances) -> Place:
        """Finds the instance in the next frame."""
        rows = self._rows(instances)
        tracks = self._tracker.update(instances.boxes[rows], instances.confidences[rows])
        found = {track: int(rows[at]) for track, at in tracks}
        row = found.get(self._track)
        if row is None:
            row = self._adopted(instances, found)
        if row is not None:
            self._newest = max([self._newest, *found])
        self.row = row
        return self._missing(instances) if row is None else self._seen(instances, row)

    def end(self) -> None:
        """Says that no frame follows: what is missed stays so."""
        for place in self._missed:
            place.open, place.view = False, None
        self._missed = []

    def _rows(self, instances: Instances) -> NDArray[np.int64]:
        return np.flatnonzero(instances.class_ids == self._class)

    def _adopted(self, instances: Instances, found: dict[int, int]) -> int | None:
        """Returns the row of a track that began since the instance was lost, where it was seen last."""
        fresh = {track: row for track, row in found.items() if track > self._newest}
        if not fresh or self._lost >= FILLED:
            return None
        ious = {track: float(overlaps(instances.boxes[row : row + 1], self._box)[0]) for track, row in fresh.items()}
        best = max(ious, key=lambda track: ious[track])
        if ious[best] < ADOPTED:
            return None
        self._track = best
        return fresh[best]

    def _seen(self, instances: Instances, row: int) -> Place:
        part, view = instances.part(row), view_of(instances)
        for i, place in enumerate(self._missed, 1):
            sides = (self._view, place.view, view)
            views = None if None in sides else sides
            place.part = between(self._last, part, i / (len(self._missed) + 1), views)  # type: ignore[arg-type]
            place.filled, place.open, place.view = bool(place.part.mask.any()), False, None
        self._missed, self._lost = [], 0
        self._last, self._view, self._box, self.row = part, view, instances.boxes[row], row
        return Place(part, float(instances.confidences[row]))

    def _missing(self, instances: Instances) -> Place:
        self._lost += 1
        if self._lost > FILLED:
            self.end()
            return Place()
        place = Place(open=True, view=view_of(instances))
        self._missed.append(place)
        return place


def view_of(instances: Instances) -> View | None:
    """Returns what the network saw, in grey."""
    import cv2

    picture = instances.picture
    if picture is None:
        return None
    grey = np.asarray(cv2.cvtColor(picture.canvas, cv2.COLOR_RGB2GRAY), np.uint8)
    return View(grey, picture.gain, picture.left, picture.top)


@dataclass
class Look:
    """One object in one frame."""

    whole: list[Place] = field(default_factory=list)
    cut: list[Place] = field(default_factory=list)
    trim: Trim = field(default_factory=Trim)

    @property
    def open(self) -> bool:
        """Whether a later frame may still fill something in."""
        return any(place.open for place in (*self.whole, *self.cut))

    def drawn(self) -> tuple[Part, float, bool]:
        """Returns mask, confidence (NaN where none was seen), and whether something of it was filled in."""
        part = finished(united([place.part for place in self.whole]), [place.part for place in self.cut], self.trim)
        seen = [place.confidence for place in self.whole if place.confidence == place.confidence]
        filled = any(place.filled for place in self.whole)
        return part, float("nan") if filled or not seen else min(seen), filled


class Followed:
    """One object: the instances that make it, followed in one direction."""

    def __init__(self) -> None:
        self._whole: list[Strand] = []
        self._cut: list[Strand] = []
        self._trim = Trim()

    def next(self, instances: Instances, prompt: Prompt | None) -> Look:
        """Looks at the next frame, on which a person may have said something."""
        places = [strand.next(instances) for strand in self._whole]
        cuts = [strand.next(instances) for strand in self._cut]
        if prompt is None:
            return Look(places, cuts, self._trim)
        now = tuple(strand.row for strand in self._whole if strand.row is not None)
        choice = choose(instances, prompt, now)
        self._trim = choice.trim
        if choice.rows == now and len(now) == len(self._whole):
            return Look(places, self._cut_anew(instances, choice), self._trim)
        return Look(self._begun(instances, choice), self._cut_anew(instances, choice), self._trim)

    def end(self) -> None:
        """Says that no frame follows."""
        for strand in (*self._whole, *self._cut):
            strand.end()

    def _cut_anew(self, instances: Instances, choice: Choice) -> list[Place]:
        for strand in self._cut:
            strand.end()
        self._cut = [Strand(instances, row) for row in choice.cut]
        return [Place(instances.part(row), float(instances.confidences[row])) for row in choice.cut]

    def _begun(self, instances: Instances, choice: Choice) -> list[Place]:
        """Follows other instances from here on; one that replaces one fills in what was missed before."""
        if len(self._whole) == len(choice.rows) == 1:
            return [self._whole[0].begin(instances, choice.rows[0])]
        for strand in self._whole:
            strand.end()
        self._whole = [Strand(instances, row) for row in choice.rows]
        return [Place(instances.part(row), float(instances.confidences[row])) for row in choice.rows]
