"""Cuts the patches of a window: which format, where, and the pictures that are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.fine_detail import fine_detail
from core.metrics.shrink import SHRINK
from core.pipeline.patches.config import Category
from core.pipeline.patches.formats import Format
from core.pipeline.patches.names import KEY
from core.pipeline.patches.windows import MIDDLE, dice
from core.settings.patches import PatchSettings

Rectangle = tuple[int, int, int, int]
"""x, y, width, height in pixels of the frame that is cut."""


@dataclass(frozen=True)
class Cut:
    """One patch: what is cut out of the window, for whom."""

    category: str
    format: Format
    rectangle: Rectangle


def format_of(category: Category, settings: PatchSettings, *of: object) -> Format:
    """Returns the format of a patch by the shares of its category; ``of`` says which patch."""
    at, total = dice(settings.seed, "format", category.name, *of), 0.0
    for one in category.formats:
        total += one.share
        if at < total:
            return one
    return category.formats[-1]


def cut_of(
    grey: NDArray[np.uint8], active: Rectangle, category: Category, settings: PatchSettings, *of: object
) -> Cut | str:
    """Chooses a patch of a window: of ``crop_candidates`` random places the one with most detail.

    Args:
        grey: luma of the middle frame, (H, W) uint8.
        active: the part of the frame inside black bars.
        category: of the patch.
        settings: seed and limits.
        of: names the window: the same window gets the same patch.

    Returns:
        The cut, or why there is none: ``"too_small"`` (never is anything enlarged), ``"detail"``.
    """
    one = format_of(category, settings, *of)
    x, y, width, height = active
    room = width - one.gt[0], height - one.gt[1]
    if min(room) < 0:
        return "too_small"
    best, most = None, -1.0
    for number in range(settings.crop_candidates):
        left = x + int(dice(settings.seed, "x", category.name, number, *of) * (room[0] + 1))
        top = y + int(dice(settings.seed, "y", category.name, number, *of) * (room[1] + 1))
        if settings.crop_candidates > 1 or settings.min_detail > 0:
            found = fine_detail(grey[top : top + one.gt[1], left : left + one.gt[0]])
        else:
            found = 0.0
        if found > most:
            best, most = Cut(category.name, one, (left, top, *one.gt)), found
    return best if best is not None and most >= settings.min_detail else "detail"


@dataclass(frozen=True, eq=False)
class Stacks:
    """The pictures of a patch."""

    gt: NDArray[Any]
    """(h, w, 3) RGB, uint8 or uint16: the crop of the middle frame."""
    lr: dict[str, NDArray[Any]]
    """Key of the manifest -> (n x lr_h, lr_w, 3): the small pictures of n frames, one below the other."""


def crops_of(pixels: Sequence[NDArray[Any]], cut: Cut) -> list[NDArray[Any]]:
    """Copies a patch out of the seven RGB pictures of a window, (H, W, 3) uint8 or uint16 each."""
    x, y, width, height = cut.rectangle
    return [one[y : y + height, x : x + width].copy() for one in pixels]


def stacks_of(crops: Sequence[NDArray[Any]], lr_size: tuple[int, int], settings: PatchSettings) -> Stacks:
    """Makes the pictures of a patch from its seven crops, (h, w, 3) uint8 or uint16 each."""
    small = [SHRINK[settings.lr_filter](crop, lr_size) for crop in crops]
    lr = {KEY[name]: np.concatenate(small[FRAMES[name]]) for name in settings.lr_versions}
    return Stacks(crops[MIDDLE], lr)


FRAMES = {"5frames": slice(1, 6), "7frames": slice(0, 7)}
"""Version -> frames of the window in it."""
