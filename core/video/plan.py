"""Which ranges to decode for a set of wanted ordinals: per group of pictures, seek or decode through by cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.records import FrameLedger

SEEK_FRAMES = 3
"""A seek costs about as much as decoding this many frames (benchmarks/extract.py, interval)."""
TASK_FRAMES = 96
"""Frames decoded per task: short enough to share between cores evenly, long enough to hide the seek."""
TAIL_FRAMES = 4 * TASK_FRAMES
"""At the end of what is wanted, tasks are as short as can be: a core that is done early has nothing to wait for."""


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """One continuous decode: from the key frame at or before ``start`` up to ``stop``."""

    start: int
    stop: int
    wanted: NDArray[np.int64]
    """(W,) int64 ordinals to show, ascending, all in ``[start, stop)``."""
    cost: int
    """Frames that are decoded to show them."""


def plan_tasks(ledger: FrameLedger, ordinals: NDArray[np.int64]) -> list[list[Piece]]:
    """Cuts wanted ordinals into tasks that can be decoded independently, in order.

    The cut depends on the ledger and the ordinals alone, never on the number of threads, so that a damaged file gives
    the same frames however it is read.

    Args:
        ledger: of the video.
        ordinals: (W,) int64, ascending, without repetition.

    Returns:
        Tasks of one or more pieces, each task of about ``TASK_FRAMES`` decoded frames; at the end of one group each.
    """
    if not len(ordinals):
        return []
    tail = np.searchsorted(ordinals, ledger.entry(max(0, int(ordinals[-1]) - TAIL_FRAMES)))
    last = plan_pieces(ledger, ordinals[tail:], 1)
    return [*_joined(ledger, ordinals[:tail]), *([piece] for piece in last)]


def _joined(ledger: FrameLedger, ordinals: NDArray[np.int64]) -> list[list[Piece]]:
    tasks: list[list[Piece]] = []
    cost = TASK_FRAMES
    for piece in plan_pieces(ledger, ordinals, TASK_FRAMES):
        if cost >= TASK_FRAMES:
            tasks.append([])
            cost = 0
        tasks[-1].append(piece)
        cost += piece.cost + SEEK_FRAMES
    return tasks


def plan_pieces(ledger: FrameLedger, ordinals: NDArray[np.int64], longest: int | None) -> list[Piece]:
    """Cuts wanted ordinals into continuous decodes, in order.

    Args:
        ledger: of the video.
        ordinals: (W,) int64, ascending.
        longest: no group of pictures is joined to a piece that already costs so many frames; ``None`` = no bound.
    """
    merged: list[Piece] = []
    for piece in _per_group(ledger, ordinals):
        last = merged[-1] if merged else None
        entry = piece.stop - piece.cost
        if last and (longest is None or last.cost < longest) and entry - last.stop <= SEEK_FRAMES:
            wanted = np.concatenate([last.wanted, piece.wanted])
            merged[-1] = Piece(last.start, piece.stop, wanted, last.cost + piece.stop - last.stop)
        else:
            merged.append(piece)
    return merged


def _per_group(ledger: FrameLedger, ordinals: NDArray[np.int64]) -> list[Piece]:
    """One piece per group of pictures that holds a wanted frame; without usable seeking there is one group."""
    if not len(ordinals):
        return []
    group = np.searchsorted(ledger.entries, ordinals, side="right")
    cuts = np.flatnonzero(np.diff(group)) + 1
    pieces = []
    for wanted in np.split(ordinals, cuts):
        first, last = int(wanted[0]), int(wanted[-1])
        pieces.append(Piece(first, last + 1, wanted, last + 1 - ledger.entry(first)))
    return pieces
