"""A video that follows one person: a crop of constant shape that moves steadily with the boxes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.pipeline.persons.detect import shots_of
from core.pipeline.persons.track import scaled
from core.store.persons import Persons, RawDetections
from core.video import film, images
from core.video.frame import Frame
from core.video.probe import Video
from core.video.stream import map_frames

CALM_S = 0.6
"""Seconds over which the way of the crop is smoothed (standard deviation of the bell)."""
BRIDGED = 30
"""Frames at 30/s without a box over which the crop goes on; longer gaps are left out."""
USUAL_RATE = Fraction(25)


@dataclass(frozen=True, eq=False)
class Way:
    """Where the crop is."""

    frames: NDArray[np.int64]
    """(N,) int64 ordinals, ascending: what the video shows."""
    boxes: NDArray[np.float32]
    """(N, 4) float32 xyxy, all of one shape; they may leave the picture."""


def way_of(
    persons: Persons,
    detections: RawDetections,
    person: int,
    rate: Fraction | None,
    padding: float,
    aspect: float,
) -> Way:
    """Returns a steady way: smoothed within each stretch of a shot, jumping only at cuts and after long gaps.

    Args:
        persons: of stage 4.
        detections: of stage 1, for the shots.
        person: an id.
        rate: of the video.
        padding: border above and below, as a share of the height of the person.
        aspect: width by height of the crop.
    """
    rows = persons.rows(person)
    ordinals, boxes = persons.frame_numbers[rows], persons.bboxes[rows].astype(np.float64)
    if not len(ordinals):
        return Way(np.zeros(0, np.int64), np.zeros((0, 4), np.float32))
    shot = shots_of(detections, ordinals)
    cuts = np.flatnonzero((np.diff(ordinals) > scaled(BRIDGED, rate)) | (np.diff(shot) != 0)) + 1
    sigma = CALM_S * float(rate or USUAL_RATE)
    frames, found = [], []
    for part in np.split(np.arange(len(ordinals)), cuts):
        at = np.arange(ordinals[part[0]], ordinals[part[-1]] + 1)
        middle, size = (boxes[part, :2] + boxes[part, 2:]) / 2, boxes[part, 2:] - boxes[part, :2]
        columns = np.stack([middle[:, 0], middle[:, 1], np.maximum(size[:, 1], size[:, 0] / aspect)], axis=1)
        filled = np.stack([np.interp(at, ordinals[part], column) for column in columns.T], axis=1)
        x, y, tall = _calm(filled, sigma).T
        tall = tall * (1 + 2 * padding)
        wide = tall * aspect
        frames.append(at)
        found.append(np.stack([x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2], axis=1))
    return Way(np.concatenate(frames).astype(np.int64), np.concatenate(found).astype(np.float32))


def _calm(columns: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Smooths (N, C) along N by a bell; at the ends what is there is mirrored."""
    reach = min(int(3 * sigma), len(columns) - 1)
    if reach < 1:
        return columns
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    bell /= bell.sum()
    # Mirrored through where a straight line begins and ends, so that a steady walk stays one up to its ends.
    head = 2 * _start(columns[: reach + 1]) - columns[reach:0:-1]
    tail = 2 * _start(columns[: -reach - 2 : -1]) - columns[-2 : -reach - 2 : -1]
    whole = np.concatenate([head, columns, tail])
    return np.stack([np.convolve(column, bell, "valid") for column in whole.T], axis=1)


def _start(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C,): where the straight line through (N, C) begins."""
    at = np.arange(len(columns)) - (len(columns) - 1) / 2
    slope = at @ columns / max(float(at @ at), 1e-9)
    start: NDArray[np.float64] = columns.mean(axis=0) + slope * at[0]
    return start


def size_of(way: Way, height: int) -> tuple[int, int]:
    """Returns even width and height of the video: those of the largest crop, at most as high as the picture."""
    tall = float(np.max(way.boxes[:, 3] - way.boxes[:, 1]))
    wide = float(np.max(way.boxes[:, 2] - way.boxes[:, 0]))
    scale = min(1.0, height / tall)
    return max(2, round(wide * scale / 2) * 2), max(2, round(tall * scale / 2) * 2)


def write_follow(path: Path, video: Video, way: Way) -> Generator[int, None, int]:
    """Writes the video, H.264, and yields how many frames are done; returns their number.

    Each frame is shown for as long as in its source.

    Raises:
        StorageError: it cannot be written. SourceError: the video cannot be read.
    """
    size = size_of(way, video.info.height)
    box_of = dict(zip(way.frames.tolist(), way.boxes.tolist(), strict=True))
    blank = np.zeros((size[1], size[0], 3), np.uint8)

    def make_work() -> Callable[[Frame], NDArray[np.uint8]]:
        return lambda frame: cut(frame.rgb(), box_of[frame.ordinal], size)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        nonlocal blank
        with closing(map_frames(video, way.frames, make_work)) as chunks:
            for chunk in chunks:
                for _, picture in chunk:
                    blank = blank if picture is None else picture
                    yield blank

    yield 0
    count = film.write_film(zip(film.times(video.ledger, way.frames).tolist(), pictures(), strict=True), path, "mp4")
    yield count
    return count


def cut(rgb: NDArray[np.uint8], box: list[float], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Returns a crop as (height, width, 3) of ``size``; it is moved into the picture where it fits, else bordered."""
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = box
    x1, x2 = _moved_in(x1, x2, width)
    y1, y2 = _moved_in(y1, y2, height)
    left, top, right, bottom = round(x1), round(y1), max(round(x1) + 1, round(x2)), max(round(y1) + 1, round(y2))
    border = max(0, -left), max(0, -top), max(0, right - width), max(0, bottom - height)
    part = rgb[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if any(border):
        part = np.pad(part, ((border[1], border[3]), (border[0], border[2]), (0, 0)))
    return images.resized(np.ascontiguousarray(part), *size)


def _moved_in(low: float, high: float, length: int) -> tuple[float, float]:
    if high - low > length:
        return low, high
    shift = max(0.0, -low) - max(0.0, high - length)
    return low + shift, high + shift
