"""Who is found twice: a tracklet that lies in another one's boxes for nearly all of its life, and looks the same.

Detectors give a body and a part of it, or two sizes of one box, and the tracker makes two tracklets of them. The
smaller one is nobody then: else it keeps the person's own tracklets apart, since both are there at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.geometry import area, iou_of_pairs
from core.store.persons import Tracklets

COVERED = 0.8
"""Share of the smaller box that lies in the other one."""
OF_LIFE = 0.8
"""Share of the frames of a tracklet in which it is covered by the same other one."""
SAME_BOX = 0.5
"""Mean IoU from which two boxes are one body whatever they look like; else looks have to agree."""
LOOKS_SAME = 0.9
Rows = tuple[NDArray[np.int64], NDArray[np.int64]]


def covered_rows(tracklets: Tracklets) -> Rows:
    """Returns (M,) and (M,) int64: rows of boxes of one frame of which one lies in the other for the most part."""
    frames, boxes = tracklets.frame_numbers, tracklets.bboxes
    order = np.lexsort((boxes[:, 0], frames))
    sizes = area(boxes)
    left, right = np.arange(len(order)), 0
    found: list[NDArray[np.int64]] = []
    while len(left):
        # Boxes of a frame stand in the order of their left sides: when the next one begins beyond, all others do.
        right += 1
        left = left[left + right < len(order)]
        a, b = order[left], order[left + right]
        near = (frames[a] == frames[b]) & (boxes[b, 0] < boxes[a, 2])
        left, a, b = left[near], a[near], b[near]
        low, high = np.maximum(boxes[a, :2], boxes[b, :2]), np.minimum(boxes[a, 2:], boxes[b, 2:])
        sides = np.clip(high - low, 0, None)
        inside = sides[:, 0] * sides[:, 1] >= COVERED * np.maximum(np.minimum(sizes[a], sizes[b]), 1e-6)
        found.append(np.stack([a[inside], b[inside]], axis=1))
    both = np.concatenate(found) if found else np.zeros((0, 2), np.int64)
    return both[:, 0], both[:, 1]


class Bodies:
    """Which of T tracklets are seen in one another's boxes."""

    def __init__(self, tracklets: Tracklets, rows: Rows | None = None) -> None:
        """Counts once.

        Args:
            tracklets: cut or not.
            rows: from ``covered_rows``, of the same boxes; ``None`` = looked for here.
        """
        self._tracklets = tracklets
        self._one, self._other = covered_rows(tracklets) if rows is None else rows
        owner = tracklets.owner
        self._a, self._b = owner[self._one], owner[self._other]

    def doubles(self, vectors: NDArray[np.float32] | None) -> NDArray[np.bool_]:
        """Returns (T,) bool: which tracklets are somebody else's second box.

        Args:
            vectors: (T, K) float32 looks, zeros = not known; ``None`` = of nobody.
        """
        tracklets, a, b = self._tracklets, self._a, self._b
        found = np.zeros(len(tracklets), np.bool_)
        sizes = np.diff(tracklets.indptr)
        shorter = (sizes[a] < sizes[b]) | ((sizes[a] == sizes[b]) & (a > b))
        small, large = np.where(shorter, a, b), np.where(shorter, b, a)
        key, inverse, counts = np.unique(small * len(tracklets) + large, return_inverse=True, return_counts=True)
        near = iou_of_pairs(tracklets.bboxes[self._one], tracklets.bboxes[self._other])
        small, large = key // max(len(tracklets), 1), key % max(len(tracklets), 1)
        same = np.bincount(inverse, near, len(key)) >= SAME_BOX * counts
        if vectors is not None:
            same |= np.einsum("ij,ij->i", vectors[small], vectors[large]) >= LOOKS_SAME
        found[small[same & (counts >= OF_LIFE * sizes[small])]] = True
        return found

    def are_one(self, some: NDArray[np.int64], others: NDArray[np.int64]) -> bool:
        """Whether two sets of tracklets (places) may be one body found twice.

        One box lies in the other wherever both are there, for the most part; they may share no frame at all.
        """
        frames, owner = self._tracklets.frame_numbers, self._tracklets.owner
        side = np.zeros(len(self._tracklets), np.int8)
        side[some], side[others] = 1, 2
        of_row = side[owner]
        shared = len(np.intersect1d(frames[of_row == 1], frames[of_row == 2]))
        covered = frames[self._one[side[self._a] + side[self._b] == 3]]  # 1 + 2, since 0 + 3 cannot be
        return len(np.unique(covered)) >= OF_LIFE * shared
