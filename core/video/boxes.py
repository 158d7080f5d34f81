"""Draws boxes with labels on pictures that go to an encoder: on their luma and colour planes, where they lie.

Not here: the encoding (``proxy``), and which boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

HUES = 12
"""Colours that are told apart; persons of neighbouring ids have unlike ones."""
TURN = 5
"""Steps around the circle of colours from one id to the next; it shares no factor with ``HUES``."""
TEXT_LUMA, LABEL_LUMA, BOX_LUMA = 235, 60, 150


class Box(NamedTuple):
    """A box to draw, in pixels of the picture."""

    xyxy: tuple[float, float, float, float]
    number: int
    """Chooses the colour."""
    label: str


def draw(picture: VideoFrame, boxes: Sequence[Box]) -> None:
    """Draws on a yuv420p picture in place; what lies outside is cut off."""
    if not boxes:
        return
    luma, blue, red = (_plane(picture, at) for at in range(3))
    thick = max(2, round(min(luma.shape) / 270) // 2 * 2)
    for box in boxes:
        colour = _colour(box.number)
        x1, y1, x2, y2 = (round(v / 2) * 2 for v in box.xyxy)
        for part in _frame(x1, y1, x2, y2, thick):
            _fill(luma, blue, red, part, BOX_LUMA, colour)
        text = _text(box.label, max(0.5, min(luma.shape) / 900))
        height, width = (side + side % 2 for side in text.shape)
        top = y1 - height if y1 >= height else y1
        left = min(max(0, x1), max(0, luma.shape[1] - width) // 2 * 2)
        _fill(luma, blue, red, (left, top, left + width, top + height), LABEL_LUMA, colour)
        _print(luma, text, left, top)


def _frame(x1: int, y1: int, x2: int, y2: int, t: int) -> list[tuple[int, int, int, int]]:
    return [(x1, y1, x2, y1 + t), (x1, y2 - t, x2, y2), (x1, y1, x1 + t, y2), (x2 - t, y1, x2, y2)]


def _fill(
    luma: NDArray[np.uint8],
    blue: NDArray[np.uint8],
    red: NDArray[np.uint8],
    part: tuple[int, int, int, int],
    light: int,
    colour: tuple[int, int],
) -> None:
    x1, y1, x2, y2 = (max(0, v) for v in part)
    luma[y1:y2, x1:x2] = light
    blue[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2], red[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2] = colour


def _print(luma: NDArray[np.uint8], text: NDArray[np.bool_], left: int, top: int) -> None:
    there = luma[max(0, top) : top + text.shape[0], left : left + text.shape[1]]
    there[text[: there.shape[0], : there.shape[1]]] = TEXT_LUMA


def _text(label: str, size: float) -> NDArray[np.bool_]:
    """(h, w) bool: where a line of text is inked, drawn once for each label."""
    key = label, round(size, 2)
    if key not in _texts:
        from PIL import Image, ImageDraw, ImageFont

        font: Any = ImageFont.load_default(round(18 * size))
        left, top, right, bottom = font.getbbox(label)
        page = Image.new("L", (round(right - left) + 8, round(bottom - top) + 8))
        ImageDraw.Draw(page).text((4 - left, 4 - top), label, 255, font)
        if len(_texts) > MOST_TEXTS:
            _texts.clear()
        _texts[key] = np.asarray(page) > 127
    return _texts[key]


MOST_TEXTS = 2000
_texts: dict[tuple[str, float], NDArray[np.bool_]] = {}


def _colour(number: int) -> tuple[int, int]:
    """Cb and Cr."""
    turn = 2 * np.pi * (number * TURN % HUES) / HUES
    return round(128 + 80 * np.cos(turn)), round(128 + 80 * np.sin(turn))


def _plane(picture: VideoFrame, at: int) -> NDArray[np.uint8]:
    plane: Any = picture.planes[at]
    whole = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return whole[:, : plane.width]
