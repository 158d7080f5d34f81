"""Whether a window is one piece of film: little change, no cut, no frame shown twice; decided before it is cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.metrics.change import Change, changed, look_of
from core.pipeline.patches.reading import Picture
from core.settings.patches import WINDOW, PatchSettings

CUTS = {"mean": (5.0, 3.0), "coarse": (8.0, 4.5), "tones": (0.12, 6.0)}
"""Part of a change -> what it has to reach, and how many times the usual one of the window, for a cut.

Set on 20 cuts between real clips (least: 44, 32, 0.32; 4.1, 6.6, 22 times) and on windows without a cut in the five
real clips (largest: 2.7, 3.4, 8.2 times, the last of changes of 0.05).
"""
TWICE_MOST = 0.03
"""Grey levels up to which two frames are one and the same."""
TWICE_SHARE = 0.08
"""A frame is shown twice, too, where it differs this little from the one before, measured by the usual step: telecine
and conversions of rate, whose copies were coded anew."""
REASONS = ("undecodable", "unstable", "cut", "duplicate", "motion", "too_short", "too_small", "detail", "small_file")
"""Why a window, or a patch of it, is missed."""


def compare(before: Picture, now: Picture) -> Change:
    """Returns how two frames differ."""
    assert before.luma is not None
    assert now.luma is not None
    return changed(before.luma, now.luma, before.look(look_of), now.look(look_of), full_range=now.full_range)


def fault(pictures: Sequence[Picture], settings: PatchSettings, cuts: frozenset[int] = frozenset()) -> str | None:
    """Returns why a window is not taken, one of ``REASONS``; ``None`` = it is stable.

    Args:
        pictures: its seven frames.
        settings: limits.
        cuts: ordinals at which shots begin, where they are known; steps are looked at in any case.
    """
    if len(pictures) < WINDOW or any(picture.frame is None for picture in pictures):
        return "undecodable"
    changes = [picture.change for picture in pictures[1:] if picture.change is not None]
    if len(changes) < WINDOW - 1:
        return "undecodable"
    if any(picture.ordinal in cuts for picture in pictures[1:]):
        return "cut"
    steps = np.array([change.mean for change in changes])
    if shown_twice(steps):  # before cuts: between frames that are shown twice every change sticks out
        return "duplicate"
    if holds_cut(changes):
        return "cut"
    if compare(pictures[0], pictures[-1]).mean >= settings.scene_diff_threshold:
        return "unstable"
    mean = float(steps.mean())
    return None if settings.min_motion <= mean <= settings.max_motion else "motion"


def holds_cut(changes: Sequence[Change]) -> bool:
    """Whether one of the changes between neighbours sticks out as a cut does, by any of its parts."""
    for name, (least, times) in CUTS.items():
        steps = np.array([getattr(change, name) for change in changes])
        largest = float(steps.max())
        others = np.delete(steps, int(steps.argmax()))
        if largest >= least and largest > times * float(np.median(others)):
            return True
    return False


def shown_twice(steps: NDArray[np.float64]) -> bool:
    """Whether a frame is the one before it once more, told by the steps between neighbours, (N,) grey levels."""
    least = float(steps.min())
    return least <= max(TWICE_MOST, TWICE_SHARE * float(np.median(steps)))
