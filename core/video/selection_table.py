"""Draws the selection table: a picture with a row for each person, to be read in any viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.video import images

CROP_PX = (80, 160)
"""(w, h) of a crop in the table: a quarter of what is kept."""
CROPS = 5
ROW_PX, HEAD_PX, PAD = CROP_PX[1] + 12, 44, 12
COLUMNS = (("#", 50), ("Person", 190), ("Crops", CROPS * (CROP_PX[0] + 6) + PAD))
NUMBERS = (("Start frame", 120), ("End frame", 120), ("Appearances", 130))
INK, FAINT, LINE, PAPER, BAND, HEAD = (24, 24, 27), (113, 113, 122), (212, 212, 216), (255,) * 3, (247,) * 3, (228,) * 3
FONT_PX = 18


@dataclass(frozen=True, eq=False)
class TableRow:
    """One person."""

    number: int
    person: int
    name: str
    start: int
    end: int
    frames: int
    crops: Sequence[NDArray[np.uint8]] = field(default_factory=tuple)
    """(h, w, 3) uint8 RGB each, in the order of time."""


def draw_table(rows: Sequence[TableRow], title: str) -> NDArray[np.uint8]:
    """Returns the table as (H, W, 3) uint8 RGB; one that is empty says so."""
    from PIL import Image, ImageDraw

    columns = (*COLUMNS, *NUMBERS)
    width = sum(w for _, w in columns) + 2 * PAD
    height = 2 * HEAD_PX + ROW_PX * max(1, len(rows)) + PAD
    page = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((PAD, HEAD_PX / 2), title, INK, _font(FONT_PX + 2), anchor="lm")
    pen.rectangle((0, HEAD_PX, width, 2 * HEAD_PX), fill=HEAD)
    for (name, _), x in zip(columns, _starts(columns), strict=True):
        pen.text((x, 1.5 * HEAD_PX), name, INK, _font(FONT_PX), anchor="lm")
    if not rows:
        pen.text((PAD, 2 * HEAD_PX + ROW_PX / 2), "No persons were found.", FAINT, _font(FONT_PX), anchor="lm")
    for at, row in enumerate(rows):
        _draw_row(page, pen, row, 2 * HEAD_PX + at * ROW_PX, at % 2 == 1, _starts(columns))
    return np.asarray(page, np.uint8)


def _draw_row(page: Any, pen: Any, row: TableRow, top: int, shaded: bool, starts: list[int]) -> None:
    from PIL import Image

    middle = top + ROW_PX / 2
    if shaded:
        pen.rectangle((0, top, page.width, top + ROW_PX), fill=BAND)
    pen.line((0, top + ROW_PX, page.width, top + ROW_PX), fill=LINE)
    pen.text((starts[0], middle), str(row.number), FAINT, _font(FONT_PX), anchor="lm")
    pen.text((starts[1], middle - (11 if row.name else 0)), str(row.person), INK, _font(FONT_PX + 8), anchor="lm")
    if row.name:
        pen.text(
            (starts[1], middle + 16), _cut(pen, row.name, COLUMNS[1][1] - PAD), INK, _font(FONT_PX - 2), anchor="lm"
        )
    for at, crop in enumerate(row.crops[:CROPS]):
        small = Image.fromarray(images.resized(crop, *CROP_PX))
        page.paste(small, (starts[2] + at * (CROP_PX[0] + 6), top + (ROW_PX - CROP_PX[1]) // 2))
    if not row.crops:
        pen.text((starts[2], middle), "no crop was kept", FAINT, _font(FONT_PX), anchor="lm")
    for x, number in zip(starts[3:], (row.start, row.end, row.frames), strict=True):
        pen.text((x, middle), str(number), INK, _font(FONT_PX), anchor="lm")


def _starts(columns: Sequence[tuple[str, int]]) -> list[int]:
    return [PAD + sum(w for _, w in columns[:at]) for at in range(len(columns))]


def _cut(pen: Any, text: str, width: int) -> str:
    """As much of a text as fits."""
    if pen.textlength(text, _font(FONT_PX - 2)) <= width:
        return text
    while text and pen.textlength(f"{text}...", _font(FONT_PX - 2)) > width:
        text = text[:-1]
    return f"{text}..."


def _font(size: int) -> Any:
    from PIL import ImageFont

    if size not in _fonts:
        _fonts[size] = ImageFont.load_default(size)
    return _fonts[size]


_fonts: dict[int, Any] = {}
