"""Contact sheets: all pictures of a tab on one large one, and an index of everything as a page."""

from __future__ import annotations

import html
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tour.camera import Shot

COLUMNS, CELL, CAPTION, GAP = 2, 780, 22, 10
PAPER, INK, WRONG = (232, 232, 236), (20, 20, 24), (190, 20, 20)
MOST = 6
"""Pictures on one sheet: more are too small to be looked at together."""


def write(shots: list[Shot], folder: Path) -> list[Path]:
    """Writes the sheets and ``index.html`` into the folder; returns the sheets."""
    made = []
    for tab in dict.fromkeys(shot.tab for shot in shots):
        mine = [shot for shot in shots if shot.tab == tab]
        for number, first in enumerate(range(0, len(mine), MOST), start=1):
            path = folder / f"sheet_{tab}_{number}.png"
            _sheet(mine[first : first + MOST]).save(path)
            made.append(path)
    _index(shots, folder)
    return made


def _sheet(shots: list[Shot]) -> Image.Image:
    """Pictures in two columns with their names; each line is as high as its highest picture."""
    cells = [_cell(shot) for shot in shots]
    lines = [cells[first : first + COLUMNS] for first in range(0, len(cells), COLUMNS)]
    heights = [max(cell.height for cell in line) for line in lines]
    sheet = Image.new("RGB", (COLUMNS * (CELL + GAP) + GAP, sum(heights) + GAP * (len(lines) + 1)), PAPER)
    y = GAP
    for line, height in zip(lines, heights, strict=True):
        for column, cell in enumerate(line):
            sheet.paste(cell, (GAP + column * (CELL + GAP), y))
        y += height + GAP
    return sheet


def _cell(shot: Shot) -> Image.Image:
    picture = Image.open(shot.path).convert("RGB")
    scale = min(CELL / picture.width, 560 / picture.height)
    small = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    cell = Image.new("RGB", (CELL, small.height + CAPTION), PAPER)
    text = shot.title + (f"  NOT REACHED: {shot.fault}" if shot.fault else "")
    ImageDraw.Draw(cell).text((2, 2), text[:110], fill=WRONG if shot.fault else INK, font=ImageFont.load_default(14))
    cell.paste(small, (0, CAPTION))
    return cell


def _index(shots: list[Shot], folder: Path) -> None:
    figures = "\n".join(
        f'<figure><a href="{html.escape(shot.path.name)}"><img loading="lazy" src="{html.escape(shot.path.name)}"'
        f' alt=""></a><figcaption>{html.escape(shot.tab)} {html.escape(shot.title)} {html.escape(shot.fault)}'
        "</figcaption></figure>"
        for shot in shots
    )
    style = "body{font:14px sans-serif;background:#e8e8ec}figure{display:inline-block;margin:8px;vertical-align:top}"
    style += "img{max-width:620px;max-height:560px;display:block}"
    text = f"<!doctype html><meta charset=utf-8><title>The tour</title><style>{style}</style>\n{figures}\n"
    (folder / "index.html").write_text(text, encoding="utf-8")
