"""Points at subjects by itself: at a chosen person, a face, or whoever is the primary subject of a shot.

The primary subject is the one with the face that is looked for, where one is; else who is large, central and surely
seen. A seed is a box around a body, or points on a face and below it where no body was found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import SettingsError
from core.models import Masker
from core.pipeline.masks.boxes import BoxesOfFrames, FacesOfRun, SeesObjects, detected_in, faces_in
from core.pipeline.masks.home import Home, Pictures
from core.pipeline.persons.home import persons_of_run
from core.records import Detections
from core.settings.faces import MAX_FACE_DISTANCE
from core.store import person_edits, persons
from core.store.shot_notes import Box, ObjectPrompt, Point, ShotNote

LOOKS = 5
"""Frames of a shot, spread over it, in which somebody is looked for."""
WORTH_LEAVING = 0.6
"""The first frame is taken where its subject is at least so much worth as the best one."""
LARGE, CENTRAL, SURE = 0.5, 0.25, 0.25
"""Weights of what makes a subject the primary one."""
MARGIN = 0.02
"""Of a box, as a share of its longer side: masks that touch a detector's box are not cut."""
BELOW = 1.6
"""Heights of a face from its middle to the chest."""


@dataclass(frozen=True)
class Seed:
    """Where the subject of a shot is."""

    frame: int
    """Ordinal."""
    by: str
    """Of ``masks.DECIDED``."""
    box: Box | None = None
    points: tuple[Point, ...] = ()

    def note(self, start: int, end: int, object_id: int = 1) -> ShotNote:
        """Returns it as what is said of a shot."""
        prompt = ObjectPrompt(object_id, self.frame, self.points, (1,) * len(self.points), self.box, self.by)
        return ShotNote(start, end, self.frame, (prompt,))


class Seeder:
    """Finds seeds in the shots of one video."""

    def __init__(self, home: Home, pictures: Pictures, masker: Masker | None = None) -> None:
        """Reads who was found in the video.

        Args:
            home: of the video.
            pictures: of it.
            masker: whose network looks where nobody has looked for persons; ``None`` = nobody looks.

        Raises:
            RunError: a file is damaged.
        """
        self._home, self._pictures = home, pictures
        self.detected: BoxesOfFrames | None = detected_in(home)
        """Bodies that were found in the video; ``None`` = nobody looked."""
        self._faces: FacesOfRun | None = faces_in(home)
        self._network = masker if isinstance(masker, SeesObjects) else None

    def can_look(self) -> bool:
        """Whether anything tells where subjects are."""
        return self.detected is not None or self._network is not None or self._faces is not None

    def bodies(self, ordinal: int) -> Detections:
        """Returns the bodies of a frame: those that were found in the video, else what the network sees."""
        if self.detected is not None:
            return self.detected.found(ordinal)
        if self._network is not None:
            return self._network.objects(self._pictures.picture(ordinal))
        return Detections.empty()

    def primary(self, start: int, end: int) -> Seed | None:
        """Returns the primary subject of a shot; ``None`` = nobody is seen."""
        if self._faces is not None and len(self._faces.references):
            found = self.face(start, end)
            if found is not None:
                return found
        looks = sorted(set(np.linspace(start, end - 1, min(LOOKS, end - start)).round().astype(int).tolist()))
        best: list[tuple[float, int, NDArray[np.float32]]] = []
        for ordinal in looks:
            bodies = self.bodies(ordinal)
            if len(bodies):
                worth = self.worth(bodies)
                row = int(np.argmax(worth))
                best.append((float(worth[row]), ordinal, bodies.xyxy[row]))
        if not best:
            return self._largest_face(start, end)
        top = max(worth for worth, _, _ in best)
        _, ordinal, box = next(one for one in best if one[0] >= WORTH_LEAVING * top)
        return Seed(ordinal, "primary", self._with_margin(box))

    def at(self, ordinal: int, box: NDArray[np.float32]) -> Seed:
        """Returns a seed around a (4,) box of a frame."""
        return Seed(ordinal, "primary", self._with_margin(box))

    def worth(self, bodies: Detections) -> NDArray[np.float64]:
        """Returns (N,) 0-1: large, central and sure."""
        width, height = self._home.width, self._home.height
        sides = np.clip(bodies.xyxy[:, 2:] - bodies.xyxy[:, :2], 0, None)
        large = np.sqrt(sides[:, 0] * sides[:, 1] / (width * height))
        middle = (bodies.xyxy[:, :2] + bodies.xyxy[:, 2:]) / 2 - np.array([width, height]) / 2
        central = 1 - np.clip(np.linalg.norm(middle, axis=1) / (np.hypot(width, height) / 2), 0, 1)
        return np.asarray(LARGE * np.clip(large / 0.5, 0, 1) + CENTRAL * central + SURE * bodies.confidence, np.float64)

    def person(self, start: int, end: int, person: int) -> Seed | None:
        """Returns where a person of the video is in a shot; ``None`` = not in this one.

        Raises:
            SettingsError: the video has no such person, or nobody looked for persons.
        """
        run = self._home.run
        folder = None if run is None else persons_of_run(run)
        if folder is None or not folder.persons.exists():
            raise SettingsError(
                f"nobody looked for persons in {self._home.path}; find them first.", code="no_person", field="person"
            )
        found = persons.read_persons(folder.persons)
        now = person_edits.read(folder.edits).now(person)
        if now not in found.person_ids.tolist():
            raise SettingsError(f"the video has no person {person}.", code="no_person", field="person")
        rows = found.rows(now)
        frames, boxes = found.frame_numbers[rows], found.bboxes[rows]
        inside = np.flatnonzero((frames >= start) & (frames < end))
        if not len(inside):
            return None
        worth = self.worth(Detections(boxes[inside], found.confidences[rows][inside], np.zeros(len(inside), np.int64)))
        at = inside[int(np.argmax(worth >= WORTH_LEAVING * worth.max()))]
        return Seed(int(frames[at]), "person", self._with_margin(boxes[at]))

    def face(self, start: int, end: int, row: int | None = None) -> Seed | None:
        """Returns where a face is in a shot: that of a row, else the one that is looked for; ``None`` = not seen.

        Raises:
            SettingsError: no faces were read, or there is no such row.
        """
        known = self._faces
        if known is None or (row is not None and not 0 <= row < len(known.table)):
            raise SettingsError(
                f"{self._home.path} has no such face; read its faces first.", code="no_face_row", field="face"
            )
        rows = known.within(start, end)
        distances = known.distances(rows, None if row is None else known.table.vectors[row : row + 1])
        if not len(rows) or distances.min() > MAX_FACE_DISTANCE:
            return None
        best = int(rows[int(np.argmin(distances))])
        return self._around_face(int(known.table.frame[best]), known.table.boxes[best])

    def _largest_face(self, start: int, end: int) -> Seed | None:
        rows = np.zeros(0, np.int64) if self._faces is None else self._faces.within(start, end)
        if self._faces is None or not len(rows):
            return None
        best = int(rows[int(np.argmax(self._faces.table.quality()[rows]))])
        return self._around_face(int(self._faces.table.frame[best]), self._faces.table.boxes[best])

    def _around_face(self, ordinal: int, face: NDArray[np.float32]) -> Seed:
        """The body with the face in its upper half; where there is none, points on the face and below it."""
        x, y, high = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2, face[3] - face[1]
        bodies = self.bodies(ordinal)
        if len(bodies):
            box = bodies.xyxy
            inside = (box[:, 0] <= x) & (x <= box[:, 2]) & (box[:, 1] <= y) & (y <= (box[:, 1] + box[:, 3]) / 2)
            if inside.any():
                return Seed(ordinal, "face", self._with_margin(box[int(np.argmax(bodies.confidence * inside))]))
        chest = min(float(y + BELOW * high), self._home.height - 1.0)
        return Seed(ordinal, "face", None, ((float(x), float(y)), (float(x), chest)))

    def _with_margin(self, box: NDArray[np.float32]) -> Box:
        margin = MARGIN * float(max(box[2] - box[0], box[3] - box[1]))
        x1, y1 = max(0.0, float(box[0]) - margin), max(0.0, float(box[1]) - margin)
        x2, y2 = min(self._home.width, float(box[2]) + margin), min(self._home.height, float(box[3]) + margin)
        return round(x1, 1), round(y1, 1), round(float(x2), 1), round(float(y2), 1)
