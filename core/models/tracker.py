"""ByteTrack: Ultralytics' tracker behind one function; it sees boxes and confidences only, never a picture.

Paper: Zhang et al., ByteTrack, ECCV 2022. Ultralytics' tracker hands out smoothed boxes and hides a track's first box;
here each track is the rows of its own detections, the first one included.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import MissingDependency
from core.models.yolo_weights import prepare_environment

SECOND = 0.1
"""Boxes above this and below the threshold continue a track, in a second round (the paper's low threshold)."""
NEW = 0.1
"""A track begins with a box so much above the threshold (the paper's)."""


@dataclass(frozen=True)
class TrackRules:
    """Thresholds, in the tracker's own units."""

    threshold: float
    buffer: int
    """Frames, of this video, for which a lost track waits."""
    match: float


class ByteTrack:
    """Tracks the boxes of one shot, frame by frame."""

    def __init__(self, rules: TrackRules) -> None:
        """Makes a tracker without tracks.

        Raises:
            MissingDependency: the package lap is not installed.
        """
        tracker = _tracker_class()
        self._tracker: Any = tracker(
            SimpleNamespace(
                track_high_thresh=rules.threshold,
                track_low_thresh=min(SECOND, rules.threshold),
                new_track_thresh=min(1.0, rules.threshold + NEW),
                track_buffer=rules.buffer,
                match_thresh=rules.match,
                fuse_score=True,
            )
        )

    def update(self, boxes: NDArray[np.float32], confidences: NDArray[np.float32]) -> list[tuple[int, int]]:
        """Shows the next frame and returns (track, row) of every box that belongs to a track.

        Args:
            boxes: (N, 4) float32 xyxy; N may be 0.
            confidences: (N,) float32.
        """
        self._tracker.update(_Boxes.of(boxes, confidences))
        now = self._tracker.frame_id
        return [(t.track_id, int(t.idx)) for t in self._tracker.tracked_stracks if t.frame_id == now]


class _Boxes:
    """What the tracker asks of a detector's results."""

    __slots__ = ("cls", "conf", "xywh")

    def __init__(self, xywh: NDArray[np.float32], conf: NDArray[np.float32], cls: NDArray[np.float32]) -> None:
        self.xywh, self.conf, self.cls = xywh, conf, cls

    @classmethod
    def of(cls, boxes: NDArray[np.float32], confidences: NDArray[np.float32]) -> _Boxes:
        xywh = np.empty_like(boxes)
        xywh[:, 2:] = boxes[:, 2:] - boxes[:, :2]
        xywh[:, :2] = boxes[:, :2] + xywh[:, 2:] / 2
        return cls(xywh, confidences, np.zeros(len(boxes), np.float32))

    def __len__(self) -> int:
        return len(self.conf)

    def __getitem__(self, which: Any) -> _Boxes:
        return _Boxes(self.xywh[which], self.conf[which], self.cls[which])


def _tracker_class() -> Any:
    prepare_environment()
    try:
        import lap  # noqa: F401  Ultralytics would install it by itself
    except ImportError:
        sentence = "tracking needs the package lap, which is not installed; python make.py setup installs it."
        raise MissingDependency(sentence) from None
    from ultralytics.trackers.byte_tracker import BYTETracker

    return BYTETracker
