"""Stage 3: numbers of each tracklet, from its boxes alone. All tracklets at once, no loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.geometry import area
from core.pipeline.persons.detect import shots_of
from core.store.persons import Analysis, RawDetections, Tracklets

EDGE_PX = 2.0
"""A box this near to the edge of the picture touches it."""
ENDS = 5
"""Boxes at each end of a tracklet that tell where it begins and ends, and how it moves there."""


def analyse(tracklets: Tracklets, detections: RawDetections, width: int, height: int) -> Analysis:
    """Returns the numbers of each tracklet.

    Args:
        tracklets: of stage 2.
        detections: of stage 1, for the shots.
        width: of the picture, pixels.
        height: likewise.
    """
    count, owner = len(tracklets), tracklets.owner
    sizes = np.diff(tracklets.indptr)
    boxes, frames = tracklets.bboxes, tracklets.frame_numbers
    touches = (boxes[:, :2] <= EDGE_PX).any(axis=1)
    touches |= (boxes[:, 2] >= width - EDGE_PX) | (boxes[:, 3] >= height - EDGE_PX)

    def mean(values: NDArray[np.float32] | NDArray[np.bool_]) -> NDArray[np.float32]:
        total = np.bincount(owner, values, count)
        return np.asarray(total / np.maximum(sizes, 1), np.float32)

    same = owner[1:] == owner[:-1]
    steps = np.diff(frames)
    gaps = np.zeros(count, np.int64)
    np.maximum.at(gaps, owner[1:][same], steps[same] - 1)
    speed, jitter = motion(boxes, frames, owner, count)
    centres, velocities = _ends(tracklets)
    return Analysis(
        shot=shots_of(detections, tracklets.first) if count else np.zeros(0, np.int64),
        duration=tracklets.last - tracklets.first + 1,
        boxes=sizes.astype(np.int64),
        longest_gap=gaps,
        mean_area=mean(area(boxes)),
        mean_confidence=mean(tracklets.confidences),
        speed=speed,
        jitter=jitter,
        border=mean(touches),
        centres=centres,
        velocities=velocities,
    )


def motion(
    boxes: NDArray[np.float32], frames: NDArray[np.int64], owner: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns speed and jitter of groups of boxes, (count,) float32 pixels a frame; 0 where there is too little.

    Speed = mean length of the centre's velocity between successive boxes (a step over k frames is divided by k and
    counted once); jitter = mean length of the change of that velocity between successive frames without a gap.

    Args:
        boxes: (N, 4) xyxy, those of a group side by side and in the order of their frames.
        frames: (N,) ordinals.
        owner: (N,) the group of each, ascending.
        count: of groups.
    """
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    same = owner[1:] == owner[:-1]
    step = np.maximum(np.diff(frames), 1)[:, None]
    velocity = np.diff(centre, axis=0) / step
    speed = _mean_of(np.hypot(velocity[:, 0], velocity[:, 1]), owner[1:], same, count)
    change = np.diff(velocity, axis=0)
    close = same[1:] & same[:-1] & (step[1:, 0] == 1) & (step[:-1, 0] == 1)
    jitter = _mean_of(np.hypot(change[:, 0], change[:, 1]), owner[2:], close, count)
    return speed, jitter


def _mean_of(
    values: NDArray[np.float32], owner: NDArray[np.int64], which: NDArray[np.bool_], count: int
) -> NDArray[np.float32]:
    total = np.bincount(owner[which], values[which], count)
    number = np.bincount(owner[which], minlength=count)
    return np.asarray(total / np.maximum(number, 1), np.float32)


def _ends(tracklets: Tracklets) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centre and velocity at both ends: first box and last box; mean velocity over the ``ENDS`` boxes beside them."""
    indptr = tracklets.indptr
    centre = (tracklets.bboxes[:, :2] + tracklets.bboxes[:, 2:]) / 2
    first, last = indptr[:-1], indptr[1:] - 1
    inner_first, inner_last = np.minimum(first + ENDS - 1, last), np.maximum(last - ENDS + 1, first)
    frames = tracklets.frame_numbers

    def velocity(start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.float32]:
        time = np.maximum(frames[end] - frames[start], 1)[:, None]
        return np.asarray((centre[end] - centre[start]) / time, np.float32)

    centres = np.stack([centre[first], centre[last]], axis=1).astype(np.float32).reshape(-1, 2, 2)
    velocities = np.stack([velocity(first, inner_first), velocity(inner_last, last)], axis=1).reshape(-1, 2, 2)
    return centres, velocities
