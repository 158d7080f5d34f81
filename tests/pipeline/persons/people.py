"""People of coloured blocks: a video of them, a detector that sees them, and the files of a folder without a video."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from core.models import Prepared
from core.pipeline.persons.analyse import analyse
from core.pipeline.persons.track import tracklets_of
from core.records import Detections, VideoInfo
from core.settings.detect import DetectSettings
from core.store import persons
from core.store.person_dir import PersonDir
from core.store.persons import About, Appearances, RawDetections, Tracklets
from core.video.encode import encode
from core.weights import Weights

COLOURS = {"red": (220, 30, 30), "blue": (30, 40, 220), "green": (20, 160, 40)}
SIZE = (160, 120)


def end_of(steps: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def film(path: Path, frames: int = 40, shades: Sequence[int] = (200, 90)) -> Path:
    """Red walks to the right, blue to the left above; the background changes in the middle: a cut."""
    width, height = SIZE

    def pictures() -> Generator[np.ndarray, None, None]:
        for at in range(frames):
            picture = np.full((height, width, 3), shades[at * len(shades) // frames], np.uint8)
            picture[60:110, 10 + 2 * at : 35 + 2 * at] = COLOURS["red"]
            picture[5:55, 120 - 2 * at : 145 - 2 * at] = COLOURS["blue"]
            yield picture

    encode(pictures(), path, Fraction(25), crf=1)
    return path


class BlockReader:
    """Finds the coloured blocks of ``film``."""

    names = ("chair", "person")
    backend = "a reader of coloured blocks"
    end_to_end = False
    batch = 1

    def __init__(self, names: tuple[str, ...] = ("chair", "person"), seen: list[int] | None = None) -> None:
        self.names, self.seen = names, seen

    def prepare(self, picture: np.ndarray) -> Prepared:
        return Prepared(picture, 1.0, 0, 0, picture.shape[1], picture.shape[0])

    def detect(self, pictures: Sequence[Prepared]) -> list[Detections]:
        if self.seen is not None:
            self.seen.append(len(pictures))
        return [self._one(picture.canvas.astype(int)) for picture in pictures]

    def _one(self, rgb: np.ndarray) -> Detections:
        boxes, confidences = [], []
        for confidence, colour in ((0.9, "red"), (0.8, "blue")):
            near = np.abs(rgb - np.array(COLOURS[colour])).sum(axis=2) < 90
            if near.sum() > 50:
                rows, columns = np.nonzero(near)
                boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
                confidences.append(confidence - 0.0005 * columns.min())
        person = self.names.index("person") if "person" in self.names else 0
        xyxy = np.array(boxes, np.float32).reshape(-1, 4)
        return Detections(xyxy, np.array(confidences, np.float32), np.full(len(boxes), person, np.int64))


def open_blocks(
    weights: Weights, settings: DetectSettings, width: int, height: int, *, callers: int, unsafe: bool
) -> BlockReader:
    return BlockReader()


Walk = tuple[int, int, float, float, float]
"""First and last frame, x and y of the first box, and how far x moves in a frame."""


def walked(walks: Sequence[Walk], frames: int = 300, cuts: Sequence[int] = (), shift: float = 0.0) -> RawDetections:
    """Boxes of 60x120 pixels along straight ways; the confidence tells the walk: 0.9, 0.89 ..."""
    rows = []
    for number, (start, last, x, y, speed) in enumerate(walks):
        for frame in range(start, last + 1):
            left = x + speed * (frame - start) + shift
            rows.append((frame, -(0.9 - 0.01 * number), left, y, left + 60, y + 120))
    table = np.array(sorted(rows), np.float64).reshape(-1, 6)
    edges = [0, *cuts, frames]
    shots = np.array(list(itertools.pairwise(edges)), np.int64)
    boxes = table[:, 2:].astype(np.float32)
    return RawDetections(
        table[:, 0].astype(np.int64), boxes, -table[:, 1].astype(np.float32), np.zeros(len(table), np.int64), shots
    )


def tracked(detections: RawDetections, walks: Sequence[Walk]) -> Tracklets:
    """The tracklets that a perfect tracker makes of ``walked``."""
    return tracklets_of(detections, np.rint((0.9 - detections.confidences) * 100).astype(np.int64), 1)


def filled(
    path: Path,
    video: VideoInfo,
    walks: Sequence[Walk],
    looks: Sequence[int],
    cuts: Sequence[int] = (),
    shift: float = 0.0,
) -> PersonDir:
    """A folder after stage 4a; tracklets of the same number in ``looks`` look exactly alike, others not at all."""
    folder = PersonDir(path)
    path.mkdir(parents=True, exist_ok=True)
    detections = walked(walks, cuts=cuts, shift=shift)
    tracklets = tracked(detections, walks)
    first_walk = np.rint((0.9 - tracklets.confidences[tracklets.indptr[:-1]]) * 100).astype(int)
    vectors = np.eye(max(looks) + 1, dtype=np.float32)[[looks[walk] for walk in first_walk]]
    persons.write_about(folder.about, About(video))
    persons.write_detections(folder.detections, detections)
    persons.write_tracklets(folder.tracklets, tracklets)
    persons.write_analysis(folder.analysis, analyse(tracklets, detections, 1920, 1080), tracklets.digest())
    persons.write_appearances(folder.appearance, Appearances(vectors, "test"), tracklets.digest())
    return folder
