"""Composed films of known truth, for ``benchmarks.judgement``: a cut-out that moves, sharp or smeared.

The cut-out is an ellipse of a photo that moves by the same step in both; smeared, it is smeared along that step. The
background over which it moves is sharp, soft, or moves itself: the answer is the same whatever it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.judged_ladders import SIDE, Film, Grey

BACKGROUNDS = ("sharp", "soft", "moving")
STEPS = (9, 17, 31)
"""Pixels from one frame to the next."""
SIZE = (240, 180)
"""Height and width of the cut-out."""


class Pair(NamedTuple):
    """Two films of three frames, and where the subject is in the middle one."""

    kind: str
    sharp: Film
    smeared: Film
    mask: NDArray[np.bool_]
    """(H, W) bool."""


def pairs(films: list[Film]) -> Iterator[Pair]:
    """Yields a pair for each cut-out (the middle of a film), each background (that of the next film), each step."""
    for film, other in zip(films, films[1:] + films[:1], strict=True):
        cut, ground = _cut(film[SIDE]), other[SIDE]
        if min(ground.shape) < 1.5 * SIZE[0]:
            continue
        for kind in BACKGROUNDS:
            for step in STEPS:
                made = [[_composed(cut, ground, kind, at * step, smear) for at in (-1, 0, 1)] for smear in (1, step)]
                yield Pair(kind, made[0], made[1], _placed(_ellipse(), ground.shape, 0) > 0.5)


def _cut(grey: Grey) -> NDArray[np.float32]:
    """The middle of a picture, as large as the cut-out."""
    top, left = (max(0, (side - wanted) // 2) for side, wanted in zip(grey.shape, SIZE, strict=True))
    return grey[top : top + SIZE[0], left : left + SIZE[1]].astype(np.float32)


def _ellipse() -> NDArray[np.float32]:
    found = np.zeros(SIZE, np.float32)
    middle = SIZE[1] // 2, SIZE[0] // 2
    cv2.ellipse(found, middle, (middle[0] - 2, middle[1] - 2), 0, 0, 360, 1.0, -1)
    return found


def _placed(patch: NDArray[np.float32], shape: tuple[int, ...], across: int) -> NDArray[np.float32]:
    found = np.zeros(shape, np.float32)
    top, left = (shape[0] - SIZE[0]) // 2, (shape[1] - SIZE[1]) // 2 + across
    found[top : top + SIZE[0], left : left + SIZE[1]] = patch
    return found


def _composed(cut: NDArray[np.float32], ground: Grey, kind: str, across: int, smear: int) -> Grey:
    back: Any = ground.astype(np.float32)
    if kind == "soft":
        back = cv2.GaussianBlur(back, (0, 0), 4)
    if kind == "moving":
        back = np.roll(back, across // 3, axis=1)
    mask = _ellipse()
    alpha, light = _placed(mask, ground.shape, across), _placed(mask * cut, ground.shape, across)
    if smear > 1:
        alpha, light = (cv2.blur(plane, (smear, 1)) for plane in (alpha, light))
    return np.ascontiguousarray(np.clip(np.round(light + back * (1 - alpha)), 0, 255).astype(np.uint8))
