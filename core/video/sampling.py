"""Which ordinals a method chooses. Arithmetic on the ledger and on scores; nothing is decoded here.

Every function returns (W,) int64 ordinals, ascending, without repetition.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.records import FrameLedger

Ordinals = NDArray[np.int64]


def keyframes(ledger: FrameLedger, target: int | None = None) -> Ordinals:
    """Returns the container's key frames, evenly thinned to ``target`` if there are more."""
    keys = ledger.keys
    if target is None or target >= len(keys):
        return keys
    return keys[[(2 * i + 1) * len(keys) // (2 * target) for i in range(target)]]


def interval(ledger: FrameLedger, seconds: float) -> Ordinals:
    """Returns, for k = 0, 1, ..., the first frame at least ``k * seconds`` after the first frame; exact arithmetic."""
    return _first_of_steps(ledger, Fraction(str(seconds)) / ledger.time_base)


def interval_for_target(ledger: FrameLedger, target: int) -> Ordinals:
    """Returns one frame in every ``duration / target``, where the last frame lasts as long as the one before.

    Frames that all share one time are thinned by their number.
    """
    if len(ledger) <= target:
        return np.arange(len(ledger), dtype=np.int64)
    if not ledger.duration:
        return np.arange(target, dtype=np.int64) * len(ledger) // target
    return _first_of_steps(ledger, Fraction(ledger.duration, target))


def _first_of_steps(ledger: FrameLedger, ticks: Fraction) -> Ordinals:
    """A frame is the first of some step when more whole steps have passed than at the frame before it."""
    if not len(ledger):
        return np.zeros(0, np.int64)
    steps = (ledger.pts - ledger.pts[0]) * ticks.denominator // ticks.numerator
    return np.flatnonzero(np.diff(steps, prepend=-1) > 0).astype(np.int64)


def every_nth(ledger: FrameLedger, n: int) -> Ordinals:
    """Returns 0, n, 2n, ..."""
    return np.arange(0, len(ledger), n, dtype=np.int64)


def scene_scores(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns FFmpeg's scene score of each frame, (F,) float64, 0-1.

    Args:
        differences: (F,) float64, m[i] = mean absolute luma difference of frame i to the frame before, m[0] = 0;
            NaN where a frame could not be decoded (its score is 0).

    The formula is that of FFmpeg's ``select`` filter: min(m, |m - m_prev|) / 100, clipped to 0-1, where m_prev is that
    of the frame decoded before.
    """
    scores = np.zeros(len(differences), np.float64)
    shown = np.flatnonzero(~np.isnan(differences))
    m = differences[shown]
    if len(m):
        change = np.abs(np.diff(m, prepend=0.0))
        scores[shown] = np.clip(np.minimum(m, change) / 100.0, 0.0, 1.0)
        scores[shown[0]] = 0.0
    return scores


def scene(scores: NDArray[np.float64], threshold: float, target: int | None = None) -> Ordinals:
    """Returns frame 0 and the frames whose score is above the threshold; with a target, the highest scores instead."""
    if target is not None:
        best = np.argsort(-scores, kind="stable")[:target]
        return np.sort(best).astype(np.int64)
    chosen = np.flatnonzero(scores > threshold)
    return np.union1d(chosen, [0] if len(scores) else []).astype(np.int64)


def best_of_windows(ordinals: Ordinals, quality: NDArray[np.float64], target: int) -> Ordinals:
    """Returns the best frame of each of ``target`` equal windows; ties go to the earlier frame, NaN never wins.

    Args:
        ordinals: (W,) int64 candidates.
        quality: (W,) float64 score of each candidate.
        target: number of windows; a window without a measured frame gives none.
    """
    if target >= len(ordinals):
        return ordinals
    edges = [i * len(ordinals) // target for i in range(target + 1)]
    ranked = np.where(np.isnan(quality), -np.inf, quality)
    best = [a + int(np.argmax(ranked[a:b])) for a, b in itertools.pairwise(edges)]
    return ordinals[[i for i in best if np.isfinite(ranked[i])]]
