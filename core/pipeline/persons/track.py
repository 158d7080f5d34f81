"""Stage 2: boxes become tracklets, by motion alone, begun anew at every cut."""

from __future__ import annotations

from collections.abc import Callable, Generator
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.models.tracker import ByteTrack, TrackRules
from core.settings.persons import PersonTrack
from core.store.persons import RawDetections, Tracklets

RATE = 30
"""Frames a second for which lengths in frames are meant."""
TOLD_EVERY = 500


class Tracker(Protocol):
    """Tracks one shot; ``models.tracker.ByteTrack`` is one."""

    def update(self, boxes: NDArray[np.float32], confidences: NDArray[np.float32]) -> list[tuple[int, int]]:
        """Returns (track, row) for the boxes of the next frame."""


def track(
    detections: RawDetections,
    settings: PersonTrack,
    rate: Fraction | None,
    make: Callable[[TrackRules], Tracker] = ByteTrack,
) -> Generator[int, None, Tracklets]:
    """Yields how many frames are done; returns the tracklets, numbered from 1 by first appearance.

    Args:
        detections: of stage 1.
        settings: thresholds.
        rate: of the video, frames a second.
        make: makes a tracker for a shot.
    """
    rules = TrackRules(settings.track_threshold, scaled(settings.track_buffer, rate), settings.match_threshold)
    indptr = detections.indptr()
    boxes, confidences = detections.bboxes, detections.confidences
    labels = np.full(len(detections), -1, np.int64)
    before = 0
    for start, end in detections.shots.tolist():
        tracker, most = make(rules), 0
        bounds = indptr[start : end + 1].tolist()
        for at in range(end - start):
            low, high = bounds[at], bounds[at + 1]
            for number, row in tracker.update(boxes[low:high], confidences[low:high]):
                labels[low + row] = before + number
                most = max(most, number)
            if (start + at) % TOLD_EVERY == TOLD_EVERY - 1:
                yield start + at + 1
        before += most
    yield detections.frames
    return tracklets_of(detections, labels, settings.min_hits)


def scaled(frames: int, rate: Fraction | None) -> int:
    """Returns a length in frames at 30 a second in frames of this video, at least 1."""
    return max(1, round(frames * float(rate or RATE) / RATE))


def tracklets_of(detections: RawDetections, labels: NDArray[np.int64], min_hits: int) -> Tracklets:
    """Returns tracklets from a label for each box.

    Args:
        detections: of stage 1.
        labels: (D,) int64; -1 = of none.
        min_hits: fewest boxes of a tracklet.
    """
    rows = np.flatnonzero(labels >= 0)
    _, inverse, counts = np.unique(labels[rows], return_inverse=True, return_counts=True)
    kept = counts[inverse] >= min_hits
    rows, inverse = rows[kept], inverse[kept]
    _, first, inverse = np.unique(inverse, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    order = np.argsort(place[inverse], kind="stable")
    rows = rows[order]
    sizes = np.bincount(place[inverse], minlength=len(first))
    return Tracklets(
        np.arange(1, len(first) + 1, dtype=np.int64),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        detections.frame_numbers[rows],
        detections.bboxes[rows],
        detections.confidences[rows],
        rows.astype(np.int64),
        detections.digest(),
    )
