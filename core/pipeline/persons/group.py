"""Stage 4b: which tracklets are one person. Cautious: two people in one are worse than one person in two.

Tracklets that follow each other in one shot are joined by motion, those that never overlap in time by their looks, the
surest pair first. What people decided (``constraints``) comes before both. Whoever is too much like somebody who is
seen at the same time is never joined by looks. Every decision goes to the log with its numbers.
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.pipeline.persons import candidates
from core.pipeline.persons.candidates import Pairs
from core.pipeline.persons.clusters import Clusters
from core.pipeline.persons.constraints import Constraints
from core.pipeline.persons.doubles import Bodies, Rows
from core.pipeline.persons.grouping_log import Grouping, GroupingLog
from core.settings.persons import PersonGroup
from core.store.persons import Analysis, Tracklets

LOOKS_OTHER = 0.7
"""Tracklets less alike than this are not joined by motion; chosen by measurement: benchmarks/people_truth.py."""
OTHER_FACES = 0.15
"""Tracklets whose faces are less alike than this are two people, whatever they look like."""
SUGGEST_FACES = 0.45
"""Likeness of faces from which a merge is suggested."""
NO_LOOKS = 0.5
"""Share of the distance that is allowed where the look of one is not known."""
CLEARLY = 1.5
"""The next best pair of the same tracklet has to cost so many times more."""
ABOVE_RIVAL = 0.01
"""A pair has to be so much more alike than either is to somebody else."""
LOOSER = 0.06
"""Whole groups may be so much less alike than the pair that joins them."""
MOST_LOGGED = 2000
"""Near misses that are written, the nearest."""
MOST_SUGGESTED = 50
SHORT_SHARE = 10
"""Persons need ``min_frames`` frames, or this part of a shorter video."""


def group(
    tracklets: Tracklets,
    analysis: Analysis,
    vectors: NDArray[np.float32] | None,
    settings: PersonGroup,
    constraints: Constraints,
    rate: Fraction | None,
    height: int,
    faces: NDArray[np.float32] | None = None,
    rows: Rows | None = None,
    whole: NDArray[np.int64] | None = None,
) -> Grouping:
    """Returns the groups.

    Args:
        tracklets: of stage 2, cut where people split them.
        analysis: of the same tracklets.
        vectors: (T, K) float32 unit vectors of their looks, zeros = not known; ``None`` = of nobody.
        settings: limits.
        constraints: what people decided.
        rate: of the video, frames a second.
        height: of the picture, pixels.
        faces: (T, D) float32 mean directions of their faces, zeros = not known; ``None`` = of nobody.
        rows: of boxes that lie in others, from ``doubles.covered_rows``; ``None`` = looked for here.
        whole: (T,) int64: pieces of one number are of one tracklet that was cut, which motion does not join again
            unless they look the same; ``None`` = none was cut.
    """
    bodies = Bodies(tracklets, rows)
    if settings.drop_doubles:
        double = bodies.doubles(vectors) & ~constraints.decided
        constraints = dataclasses.replace(constraints, nobody=constraints.nobody | double)
    clusters = Clusters(tracklets, constraints, vectors)
    found = Grouping(np.zeros(0, np.int64))
    log = GroupingLog(tracklets, found, settings.suggest)
    if settings.by_motion and len(tracklets):
        pairs = candidates.by_motion(tracklets, analysis, vectors, settings, rate, height, faces)
        limits = candidates.limits(settings, rate, height)
        whole = np.arange(len(tracklets)) if whole is None else whole
        looks = np.where(whole[pairs.first] == whole[pairs.second], settings.similarity, LOOKS_OTHER)
        _join_by_motion(pairs, looks.astype(np.float32), clusters, settings, constraints, limits, log)
    if settings.by_face and faces is not None and len(tracklets):
        pairs = candidates.by_faces(tracklets, analysis, vectors, faces, min(SUGGEST_FACES, settings.face_similarity))
        _join_by_faces(pairs, clusters, settings, constraints, log)
    if settings.by_appearance and vectors is not None and len(tracklets):
        floor = min(settings.suggest, settings.similarity)
        pairs, rival, together = candidates.by_appearance(tracklets, analysis, vectors, floor, faces)
        sure = analysis.boxes >= candidates.SURE_BOXES
        _join_by_looks(pairs, sure, rival, clusters, settings, constraints, log)
        for at in np.argsort(-together.similarity, kind="stable").tolist():
            log.note(together, at, "appearance", "overlap", float(together.similarity[at]))
    label = clusters.labels()
    label[constraints.nobody] = -1
    found.label = _without_short(tracklets, label, settings, constraints)
    found.near = sorted(found.near, key=lambda miss: -miss["_near"])[:MOST_LOGGED]
    for miss in found.near:
        del miss["_near"]
    found.suggested = _best_suggested(found, clusters, bodies)
    return found


def _join_by_motion(
    pairs: Pairs,
    looks: NDArray[np.float32],
    clusters: Clusters,
    settings: PersonGroup,
    constraints: Constraints,
    limits: tuple[int, float],
    log: GroupingLog,
) -> None:
    gap, distance = limits
    low, high = settings.ratio
    known = ~np.isnan(pairs.similarity)
    allowed = np.where(known, distance, NO_LOOKS * distance)
    cost = pairs.missed / distance + pairs.gap / (2 * gap) + np.abs(np.log(np.maximum(pairs.ratio, 1e-6)))
    cost += np.where(known, 2 * (1 - pairs.similarity), 0.5)
    refused = np.select(
        [
            pairs.gap > gap,
            pairs.distance > allowed,
            pairs.missed > allowed,
            (pairs.ratio < low) | (pairs.ratio > high),
            known & (pairs.similarity < looks),
            pairs.face < OTHER_FACES,
        ],
        ["gap", "distance", "motion", "area_ratio", "similarity", "faces"],
        "",
    )
    refused[(refused == "") & _rivalled(pairs, cost, refused == "")] = "ambiguous"
    for at in np.argsort(cost, kind="stable").tolist():
        reason = str(refused[at])
        a, b = clusters.root(int(pairs.first[at])), clusters.root(int(pairs.second[at]))
        if a == b:
            continue
        reason = _forbidden(a, b, clusters, constraints, pairs, at) or reason
        log.note(pairs, at, "motion", reason, math.exp(-float(cost[at])))
        if not reason:
            clusters.join(a, b)


def _rivalled(pairs: Pairs, cost: NDArray[np.float64], good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(K,) bool: another good pair of the same end costs nearly as little, and this one is not the clear best."""
    found = np.zeros(len(pairs), np.bool_)
    rows = np.flatnonzero(good)
    for side in (pairs.first, pairs.second):
        order = rows[np.lexsort((cost[rows], side[rows]))]
        same = side[order[1:]] == side[order[:-1]]
        starts = np.concatenate([[True], ~same]) if len(order) else np.zeros(0, np.bool_)
        close = same & (cost[order[1:]] < CLEARLY * cost[order[:-1]] + 0.05) & starts[:-1] if len(order) else same
        found[order[:-1][close]] = True  # the best one, whose next is too near
        found[order[~starts]] = True  # and all that are not the best
    return found


def _join_by_faces(
    pairs: Pairs, clusters: Clusters, settings: PersonGroup, constraints: Constraints, log: GroupingLog
) -> None:
    for at in np.argsort(-pairs.face, kind="stable").tolist():
        a, b = clusters.root(int(pairs.first[at])), clusters.root(int(pairs.second[at]))
        if a == b:
            continue
        reason = _forbidden(a, b, clusters, constraints, pairs, at)
        if not reason and pairs.face[at] < settings.face_similarity:
            reason = "face_similarity"
        log.note(pairs, at, "faces", reason, float(pairs.face[at]))
        if not reason:
            clusters.join(a, b)


def _join_by_looks(
    pairs: Pairs,
    sure: NDArray[np.bool_],
    rival: NDArray[np.float32],
    clusters: Clusters,
    settings: PersonGroup,
    constraints: Constraints,
    log: GroupingLog,
) -> None:
    limit = np.maximum(rival[pairs.first], rival[pairs.second]) + ABOVE_RIVAL
    both = sure[pairs.first] & sure[pairs.second]
    first, second = pairs.first.tolist(), pairs.second.tolist()
    for at in np.lexsort((-pairs.similarity, ~both)).tolist():
        a, b = clusters.root(first[at]), clusters.root(second[at])
        if a == b:
            continue
        likeness = float(pairs.similarity[at])
        reason = _forbidden(a, b, clusters, constraints, pairs, at)
        if not reason and likeness < settings.similarity:
            reason = "similarity"
        elif not reason and pairs.face[at] < OTHER_FACES:
            reason = "faces"
        elif not reason and likeness < limit[at]:
            reason = "rival"
        elif not reason and clusters.similarity(a, b) < settings.similarity - LOOSER:
            reason = "groups_differ"
        log.note(pairs, at, "appearance", reason, likeness, rival=float(limit[at]) - ABOVE_RIVAL)
        if not reason:
            clusters.join(a, b)


def _forbidden(a: int, b: int, clusters: Clusters, constraints: Constraints, pairs: Pairs, at: int) -> str:
    if constraints.nobody[pairs.first[at]] or constraints.nobody[pairs.second[at]]:
        return "not_a_person"
    if clusters.must_stay_apart(a, b):
        return "split"
    return "overlap" if clusters.overlap(a, b) else ""


def _without_short(
    tracklets: Tracklets, label: NDArray[np.int64], settings: PersonGroup, constraints: Constraints
) -> NDArray[np.int64]:
    """Groups of so few boxes that they are a slip of the detector are nobody, unless a person spoke of them."""
    if not len(label):
        return label
    frames = int(tracklets.last.max()) + 1
    least = min(settings.min_frames, max(1, frames // SHORT_SHARE))
    groups = int(label.max(initial=-1)) + 1
    there = label >= 0
    boxes = np.bincount(label[there], np.diff(tracklets.indptr)[there], groups)
    kept = (boxes >= least) | (np.bincount(label[there], constraints.decided[there], groups) > 0)
    label = label.copy()
    label[there] = np.where(kept[label[there]], label[there], -1)
    return label


def _best_suggested(found: Grouping, clusters: Clusters, bodies: Bodies) -> list[tuple[float, int, int]]:
    """The best pair of any two groups that are still apart and may be joined."""
    best: dict[tuple[int, int], tuple[float, int, int] | None] = {}
    count = 0
    for one in sorted(found.suggested, key=lambda pair: (-pair[0], pair[1:])):
        a, b = sorted((int(found.label[one[1]]), int(found.label[one[2]])))
        if a == b or a < 0 or (a, b) in best:
            continue
        allowed = _may_be_one(one, found.label, clusters, bodies)
        best[a, b] = one if allowed else None
        count += allowed
        if count == MOST_SUGGESTED:
            break
    return [one for one in best.values() if one is not None]


def _may_be_one(one: tuple[float, int, int], label: NDArray[np.int64], clusters: Clusters, bodies: Bodies) -> bool:
    """Two groups that are there at once may still be one body with two boxes; a person can see that."""
    _, a, b = one
    ra, rb = clusters.root(a), clusters.root(b)
    if clusters.must_stay_apart(ra, rb):
        return False
    if not clusters.overlap(ra, rb):
        return True
    sides = (np.flatnonzero(label == label[t]).astype(np.int64) for t in (a, b))
    return bodies.are_one(*sides)
