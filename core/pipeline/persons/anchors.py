"""Tracklets named by boxes that they hold, and found again by them after a re-run; and tracklets cut in two.

An anchor finds the tracklet whose box of the same frame overlaps it most, by at least ``SAME``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.geometry import iou_of_pairs
from core.store.person_edits import Anchor
from core.store.persons import Persons, Tracklets

SAME = 0.5
"""IoU from which two boxes of one frame are the same person's."""
HEAD = 0.15
"""Where the middle of a face is in the box of a body that is all to be seen, as a share of its height."""
LOWEST_FACE = 0.75
"""A face may be so low in a body that is cut off below the chest."""
CLEARLY_NEARER = 0.5
"""Of the width of a face: how much nearer a body has to be than the next."""
OF_EACH = 3
"""Anchors of a tracklet: at a quarter, in the middle, at three quarters."""


def anchors_of(tracklets: Tracklets, which: Iterable[int]) -> tuple[Anchor, ...]:
    """Returns the anchors of tracklets (by place, not by id), one after the other."""
    return tuple(anchor for t in which for anchor in _of_rows(tracklets, *tracklets.indptr[t : t + 2].tolist()))


def anchors_between(tracklets: Tracklets, which: Iterable[int], start: int, end: int) -> tuple[Anchor, ...]:
    """Returns anchors of the parts of tracklets in the frames ``[start, end)``."""
    found: list[Anchor] = []
    for t in which:
        low, high = tracklets.indptr[t : t + 2].tolist()
        a, b = np.searchsorted(tracklets.frame_numbers[low:high], [start, end]).tolist()
        if b > a:
            found += _of_rows(tracklets, low + a, low + b)
    return tuple(found)


def _of_rows(tracklets: Tracklets, low: int, high: int) -> list[Anchor]:
    rows = sorted({low + (high - 1 - low) * k // (OF_EACH + 1) for k in range(1, OF_EACH + 1)})
    found: list[Anchor] = []
    for row in rows:
        x1, y1, x2, y2 = (round(v, 2) for v in tracklets.bboxes[row].tolist())
        found.append((int(tracklets.frame_numbers[row]), x1, y1, x2, y2))
    return found


class Finder:
    """Finds tracklets, or persons, by anchors; sorts their rows by frame once."""

    def __init__(self, tracklets: Tracklets | Persons) -> None:
        self._order = np.argsort(tracklets.frame_numbers, kind="stable")
        self._frames = tracklets.frame_numbers[self._order]
        self._boxes = tracklets.bboxes
        self._owner = tracklets.owner

    def bodies_of(self, faces: Sequence[Anchor]) -> NDArray[np.int64]:
        """Returns (A,) int64: the place of whose body each face is; -1 = of none, or it might be of several.

        The middle of the face lies in the upper part of the body's box, near its middle line; the box is not narrower
        than the face. Of several such boxes the one whose head would be nearest counts, if it is clearly the nearest.
        """
        found = np.full(len(faces), -1, np.int64)
        if not len(faces):
            return found
        table = np.array(faces, np.float64)
        which, rows = self._rows_of(table[:, 0].astype(np.int64))
        face, body = table[which, 1:], self._boxes[rows].astype(np.float64)
        size = np.maximum(body[:, 2:] - body[:, :2], 1e-6)
        side = face[:, 2:] - face[:, :2]
        at = ((face[:, :2] + face[:, 2:]) / 2 - body[:, :2]) / size
        off = np.hypot(at[:, 0] - 0.5, np.maximum(at[:, 1] - HEAD, 0)) * size[:, 0] / np.maximum(side[:, 0], 1e-6)
        fits = (at >= 0).all(axis=1) & (at[:, 0] <= 1) & (at[:, 1] <= LOWEST_FACE) & (side[:, 0] <= 1.1 * size[:, 0])
        which, rows, off = which[fits], rows[fits], off[fits]
        order = np.lexsort((off, which))
        which, rows, off = which[order], rows[order], off[order]
        first = np.flatnonzero(np.diff(which, prepend=-1))
        unclear = np.zeros(len(which), np.bool_)
        second = first[:-1][np.diff(first) > 1] if len(first) else first
        if len(first) and first[-1] + 1 < len(which):
            second = np.append(second, first[-1])
        unclear[second] = off[second + 1] - off[second] < CLEARLY_NEARER
        first = first[~unclear[first]]
        found[which[first]] = self._owner[rows[first]]
        return found

    def _rows_of(self, frames: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(K,) which frame of the question, and (K,) the row: every box of every frame."""
        low, high = (np.searchsorted(self._frames, frames, side) for side in ("left", "right"))
        which = np.repeat(np.arange(len(frames)), high - low)
        at = np.arange(len(which)) - np.repeat(np.cumsum(high - low) - (high - low), high - low) + low[which]
        return which, self._order[at]

    def find(self, anchors: Sequence[Anchor]) -> NDArray[np.int64]:
        """Returns (A,) int64: the place of the tracklet of each anchor; -1 = none."""
        found = np.full(len(anchors), -1, np.int64)
        if not anchors:
            return found
        table = np.array(anchors, np.float64)
        which, rows = self._rows_of(table[:, 0].astype(np.int64))
        near = iou_of_pairs(table[which, 1:].astype(np.float32), self._boxes[rows])
        order = np.lexsort((near, which))
        last = np.flatnonzero(np.diff(which[order], append=-1))
        best = order[last]
        good = best[near[best] >= SAME]
        found[which[good]] = self._owner[rows[good]]
        return found


def cut_up(tracklets: Tracklets, cuts: Iterable[tuple[int, int]]) -> tuple[Tracklets, NDArray[np.int64]]:
    """Returns tracklets of which some are cut in two, and (T',) int64: the place of each one's whole.

    Args:
        tracklets: of stage 2.
        cuts: (place of a tracklet, first ordinal of its second part).
    """
    edges = set(tracklets.indptr.tolist())
    for t, frame in cuts:
        low, high = tracklets.indptr[t : t + 2].tolist()
        edges.add(low + int(np.searchsorted(tracklets.frame_numbers[low:high], frame)))
    indptr = np.array(sorted(edges), np.int64)
    whole = np.searchsorted(tracklets.indptr, indptr[:-1], side="right").astype(np.int64) - 1
    if len(whole) == len(tracklets):
        return tracklets, whole
    pieces = Tracklets(
        tracklets.tracklet_ids[whole],
        indptr,
        tracklets.frame_numbers,
        tracklets.bboxes,
        tracklets.confidences,
        tracklets.detection_rows,
        tracklets.made_from,
    )
    return pieces, whole
