"""Counting videos whose subject carries the number: a red card with the frame number walks before a grating.

What is made of its masks can be judged by itself: the card that is left in a picture says which frame it is of, and
where it lies is known. The files are those of ``tests.videos`` that readers get wrong: variable rate, open GOP, turned
and mirrored pictures, time lines that do not start at zero.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from core.models import Masker
from tests.fakes import FloodFill
from tests.videos import _VFR, BAND, Variant, _x264, copied, paint, painted, read_number

FRAMES = 36
SHOTS = ((0, 17), (17, FRAMES))
CARD = (120, 80)
"""Width and height of the card, pixels."""
TOLERANCE = 130
"""Of the flood fill: red of every shade, and nothing of the grating."""


def corner(number: int, width: int, height: int) -> tuple[int, int]:
    """Left and top of the card in frame ``number`` of a picture of this size."""
    room_x, room_y = width - CARD[0], height - CARD[1]
    return round(room_x * number / (FRAMES - 1)), round(room_y * (0.5 + 0.5 * np.sin(number / 4)))


def truth(number: int, width: int, height: int) -> np.ndarray:
    """The (height, width) bool mask of the card."""
    x, y = corner(number, width, height)
    mask = np.zeros((height, width), np.bool_)
    mask[y : y + CARD[1], x : x + CARD[0]] = True
    return mask


def with_card(number: int, width: int, height: int) -> np.ndarray:
    """The picture of frame ``number``: what is red in it is the card, and the card is the code of the number."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    wave = 40 * np.sin(x / 4 + number / 3) * np.cos(y / 5)
    picture = np.stack([np.full_like(wave, 15), 110 + wave, 130 - wave], axis=2)
    code = paint(number, CARD[0], round(CARD[1] / BAND))[: CARD[1]].mean(axis=2)
    left, top = corner(number, width, height)
    red = np.stack([155 + 0.4 * code, 10 + 0.5 * code, 10 + 0.5 * code], axis=2)
    picture[top : top + CARD[1], left : left + CARD[0]] = red
    return picture.clip(0, 255).astype(np.uint8)


def place_on(number: int, width: int, height: int) -> tuple[float, float]:
    """A pixel of the card: its upper left cell, which is light in every frame."""
    x, y = corner(number, width, height)
    return x + 6, y + 8


def number_in(picture: np.ndarray, mask: np.ndarray) -> int:
    """The number on the card where ``mask`` says it lies. Raises ``NumberError``: there is none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    card = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, :3].mean(axis=2)
    return read_number(np.pad(card, ((0, round(len(card) / BAND) - len(card)), (0, 0))))


_card = partial(painted, frames=FRAMES, picture=with_card)
_OPEN = _x264("open-gop=1", "b-pyramid=normal", keyint=24, bframes=3)
UPRIGHT = (180, 320)
_CLIPS: dict[str, Variant] = {
    "plain": _card("plain.mp4", *_x264(), note="what late starts are made of"),
    "vfr": _card("vfr.mp4", "-vf", _VFR, "-enc_time_base", "1:60", *_x264(), rate=60, note="variable rate"),
    "opengop": _card("opengop.mp4", *_OPEN, note="open GOP"),
    "rotated-90": _card("rotated-90.mp4", *_x264(), size=UPRIGHT, turn=90, note="turned"),
    "rotated-180": _card("rotated-180.mp4", *_x264(), turn=180, note="upside down"),
    "mirrored-90": _card("mirrored-90.mp4", *_x264(), size=UPRIGHT, turn=90, mirrored=True, note="mirrored, turned"),
    "late-start": copied("late-start.mp4", "plain", before=("-itsoffset", "0.5"), note="time line from 0.5 s"),
    "late-start-mkv": copied("late-start.mkv", "plain", before=("-itsoffset", "10"), note="time line from 10 s"),
}
JUDGED = tuple(name for name in _CLIPS if name != "plain")


def build(name: str, folder: Path) -> Path:
    """Writes a clip into a folder, once."""
    clip = _CLIPS[name]
    path = folder / clip.file
    if not path.exists():
        clip.make(path, lambda other: build(other, folder))
    return path


def size_of(name: str) -> tuple[int, int]:
    """Width and height as it is displayed."""
    return _CLIPS[name].size


def opener(*_: object, **__: object) -> Masker:
    """``pipeline.masks.opening.OpenMasker``: the flood fill that takes the whole card."""
    return FloodFill(TOLERANCE)
