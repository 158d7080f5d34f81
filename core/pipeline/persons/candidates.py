"""Which tracklets might be one person, with the numbers that speak for it and against it.

Columns over pairs (earlier, later); nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.geometry import area
from core.pipeline.persons.track import scaled
from core.settings.persons import PersonGroup
from core.store.persons import Analysis, Tracklets

LINES = 1080
"""Height of the picture for which distances are meant."""
NEAR = 2.0
"""A pair within so many times a limit is looked at, so that the log can say why it stayed apart."""
BLOCK = 1024
MOST_PAIRS = 300_000
"""Pairs by appearance; of more the most alike."""
SURE_BOXES = 5
"""Boxes from which the look of a tracklet counts for sure: shorter ones are joined after all others."""
FEWEST_BOXES = 4
"""Boxes from which it counts at all."""
CROWD = 200
"""Pairs of people seen at once from which they tell how alike strangers are in this video, where one in so many is."""
INSIDE = 0.6
"""Share of the smaller box that lies in the other: from here on both may be one person, found twice."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of tracklets, K of them; NaN = not known."""

    first: NDArray[np.int64]
    """(K,) place of the one that begins earlier."""
    second: NDArray[np.int64]
    gap: NDArray[np.int64]
    """Frames from the end of the first to the beginning of the second."""
    distance: NDArray[np.float32]
    """Between centres where the one ends and the other begins, pixels."""
    missed: NDArray[np.float32]
    """How far the second begins from where the first would have gone, pixels: what motion disagrees by."""
    ratio: NDArray[np.float32]
    """Mean area of the second by that of the first."""
    similarity: NDArray[np.float32]
    face: NDArray[np.float32]
    """Likeness of faces."""

    def __len__(self) -> int:
        return len(self.first)


def numbers_of(
    tracklets: Tracklets,
    analysis: Analysis,
    vectors: NDArray[np.float32] | None,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    faces: NDArray[np.float32] | None = None,
    similarity: NDArray[np.float32] | None = None,
) -> Pairs:
    """Returns the numbers of pairs of places; each pair is put in the order of time.

    ``similarity``: (K,) where it is known already.
    """
    swapped = np.asarray(tracklets.first[a] > tracklets.first[b])
    a, b = np.where(swapped, b, a), np.where(swapped, a, b)
    gap = tracklets.first[b] - tracklets.last[a]
    way = analysis.centres[b, 0] - analysis.centres[a, 1]
    expected = (analysis.velocities[a, 1] + analysis.velocities[b, 0]) / 2 * np.asarray(gap)[:, None]
    off = way - expected
    return Pairs(
        a,
        b,
        gap.astype(np.int64),
        np.hypot(way[:, 0], way[:, 1]).astype(np.float32),
        np.hypot(off[:, 0], off[:, 1]).astype(np.float32),
        (analysis.mean_area[b] / np.maximum(analysis.mean_area[a], 1e-6)).astype(np.float32),
        _likeness(vectors, a, b) if similarity is None else similarity,
        _likeness(faces, a, b),
    )


def _likeness(vectors: NDArray[np.float32] | None, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
    """(K,) float32: the cosine of two vectors; NaN where one is not known."""
    found = np.full(len(a), np.nan, np.float32)
    if vectors is not None:
        known = np.asarray(vectors.any(axis=1), np.bool_)
        both = known[a] & known[b]
        found[both] = np.einsum("ij,ij->i", vectors[a[both]], vectors[b[both]])
    return found


def by_motion(
    tracklets: Tracklets,
    analysis: Analysis,
    vectors: NDArray[np.float32] | None,
    settings: PersonGroup,
    rate: Fraction | None,
    height: int,
    faces: NDArray[np.float32] | None = None,
) -> Pairs:
    """Returns pairs of one shot that follow each other within ``NEAR`` times the limits."""
    gap, distance = limits(settings, rate, height)
    order = np.lexsort((tracklets.first, analysis.shot))
    wide = int(tracklets.last.max(initial=0)) + int(NEAR * gap) + 2
    begins = analysis.shot[order] * wide + tracklets.first[order]
    ends = analysis.shot * wide + tracklets.last
    low = np.searchsorted(begins, ends, side="right")
    high = np.searchsorted(begins, np.minimum(ends + int(NEAR * gap), (analysis.shot + 1) * wide - 1), side="right")
    counts = np.maximum(high - low, 0)
    a = np.repeat(np.arange(len(tracklets)), counts)
    at = np.arange(len(a)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
    pairs = numbers_of(tracklets, analysis, vectors, a, order[at], faces)
    return _some(pairs, pairs.distance <= NEAR * distance)


def limits(settings: PersonGroup, rate: Fraction | None, height: int) -> tuple[int, float]:
    """Returns the longest gap in frames and the farthest distance in pixels of this video."""
    return scaled(settings.max_gap, rate), settings.max_distance * height / LINES


def by_faces(
    tracklets: Tracklets,
    analysis: Analysis,
    vectors: NDArray[np.float32] | None,
    faces: NDArray[np.float32],
    floor: float,
) -> Pairs:
    """Returns pairs that never overlap in time and whose faces are at least so much alike."""
    known = np.flatnonzero(faces.any(axis=1))
    first, last = tracklets.first[known], tracklets.last[known]
    some: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = [(known[:0], known[:0])]
    for start in range(0, len(known), BLOCK):
        i, j = np.nonzero(faces[known[start : start + BLOCK]] @ faces[known].T >= floor)
        i += start
        later = (i < j) & ~((first[i] <= last[j]) & (first[j] <= last[i]))
        some.append((known[i[later]], known[j[later]]))
    a, b = (np.concatenate([pair[side] for pair in some]) for side in (0, 1))
    return numbers_of(tracklets, analysis, vectors, a[:MOST_PAIRS], b[:MOST_PAIRS], faces)


def by_appearance(
    tracklets: Tracklets,
    analysis: Analysis,
    vectors: NDArray[np.float32],
    floor: float,
    faces: NDArray[np.float32] | None = None,
) -> tuple[Pairs, NDArray[np.float32], Pairs]:
    """Returns pairs that are at least so much alike, the rivals of every tracklet, and more such pairs.

    The first pairs never overlap in time, the others do. A rival, (T,) float32, is the likeness to the most alike
    tracklet that is somebody else for certain, because both are seen at once, each in its own place; 0 = none. Who
    looks like a rival cannot be told by looks. In a crowd, of whom many wear the same, nobody has less of a rival than
    strangers are alike at times.
    """
    known = np.flatnonzero(vectors.any(axis=1) & (analysis.boxes >= FEWEST_BOXES))
    first, last = tracklets.first[known], tracklets.last[known]
    rival = np.zeros(len(tracklets), np.float32)
    none = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    apart, at_once = [none], [none]
    met = 0  # ordered pairs, each with itself too
    for start in range(0, len(known), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(known)))
        similar = vectors[known[rows]] @ vectors[known].T
        i, j = np.nonzero(similar >= floor)
        later = rows[i] < j
        i, j = i[later], j[later]
        value = similar[i, j]
        i = rows[i]
        met += int(np.count_nonzero((first[rows, None] <= last) & (first <= last[rows, None])))
        together = (first[i] <= last[j]) & (first[j] <= last[i])
        _note_rivals(tracklets, known[i[together]], known[j[together]], value[together], rival)
        for some, which in ((apart, ~together), (at_once, together)):
            some.append((known[i[which]], known[j[which]], value[which]))
    found = []
    for some in (apart, at_once):
        a, b, value = (np.concatenate(column) for column in zip(*some, strict=True))
        if len(a) > MOST_PAIRS:
            top = np.argpartition(-value, MOST_PAIRS)[:MOST_PAIRS]
            a, b, value = a[top], b[top], value[top]
        found.append(numbers_of(tracklets, analysis, vectors, a, b, faces, value))
    strangers = _strangers(tracklets, found[1], (met - len(known)) // 2)
    return found[0], np.maximum(rival, strangers), found[1]


def _strangers(tracklets: Tracklets, at_once: Pairs, met: int) -> np.float32:
    """How alike one in ``CROWD`` pairs of people that are seen at once is; 0 where there are too few to tell."""
    left = met // CROWD
    if left:
        for at in np.argsort(-at_once.similarity, kind="stable").tolist():
            left -= _two_people(tracklets, int(at_once.first[at]), int(at_once.second[at]))
            if not left:
                return np.float32(at_once.similarity[at])
    return np.float32(0)


def _note_rivals(
    tracklets: Tracklets,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    value: NDArray[np.float32],
    rival: NDArray[np.float32],
) -> None:
    for i, j, similar in zip(a.tolist(), b.tolist(), value.tolist(), strict=True):
        if similar > min(rival[i], rival[j]) and _two_people(tracklets, i, j):
            rival[i], rival[j] = max(rival[i], similar), max(rival[j], similar)


def _two_people(tracklets: Tracklets, a: int, b: int) -> bool:
    """Whether two tracklets are seen at once, in frames enough, and mostly not one box within the other."""
    ra, rb = (slice(*tracklets.indptr[t : t + 2].tolist()) for t in (a, b))
    shared, ia, ib = np.intersect1d(
        tracklets.frame_numbers[ra], tracklets.frame_numbers[rb], assume_unique=True, return_indices=True
    )
    if len(shared) < SURE_BOXES:
        return False
    one, two = tracklets.bboxes[ra][ia], tracklets.bboxes[rb][ib]
    sides = np.clip(np.minimum(one[:, 2:], two[:, 2:]) - np.maximum(one[:, :2], two[:, :2]), 0, None)
    covered = sides[:, 0] * sides[:, 1] / np.maximum(np.minimum(area(one), area(two)), 1e-6)
    return bool(np.mean(covered < INSIDE) > 0.5)


def _some(pairs: Pairs, which: NDArray[np.bool_]) -> Pairs:
    return Pairs(*(getattr(pairs, name)[which] for name in Pairs.__dataclass_fields__))
