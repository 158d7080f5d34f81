"""What each shipped preset keeps of real clips: a table, and a contact sheet for each clip with a row for each preset.

``python benchmarks/presets.py CLIP... --out FOLDER [--faces MODEL] [--presets FOLDER]``: clips are extracted as each
preset says; with a face model the faces are read where a filter asks for them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from core.pipeline.extraction import open_extraction, records_of
from core.pipeline.notes import notes
from core.pipeline.select import select
from core.records import FrameTable
from core.settings.columns import FACE_NUMBERS
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.settings.model import changed
from core.store import presets
from core.store.table import load_table

WIDTH, ACROSS = 256, 10
"""Pixels of a picture in a sheet, and pictures in a row of it."""
BY_FACES = {"bounds": ("eyes_open", "pitch")}
"""Bounds that only a model with landmarks can tell."""


def main() -> None:
    """Prints the table and writes the sheets."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("clips", nargs="+", type=Path)
    ask.add_argument("--out", type=Path, required=True)
    ask.add_argument("--faces")
    ask.add_argument("--presets", type=Path, default=presets.SHIPPED)
    ask.add_argument("--only", nargs="*")
    given = ask.parse_args()
    names = [name for name in presets.names(given.presets) if not given.only or name in given.only]
    for clip in given.clips:
        rows = []
        for name in names:
            preset = presets.load(name, given.presets)
            filters = preset.filter or FilterSettings()
            table, folder = extracted(clip, preset.extract or ExtractSettings(), filters, given)
            filters = without_landmarks(filters) if given.faces else filters
            chosen = select(table, filters)
            said = " ".join(notes(table, filters, chosen))
            print(
                f"| {name} | {clip.stem} | {len(chosen.kept)} of {len(table)} | {chosen.counts()} | {said} |",
                flush=True,
            )
            rows.append((f"{name}: {len(chosen.kept)} of {len(table)}", folder, table, chosen.kept))
        sheet(clip, rows).save(given.out / f"{clip.stem}.png")


def extracted(
    clip: Path, settings: ExtractSettings, filters: FilterSettings, given: argparse.Namespace
) -> tuple[FrameTable, Path]:
    """Returns the records of a clip, with its run; one that is there is read."""
    asks = any(name in FACE_NUMBERS for name in (*filters.min, *filters.max, filters.rank_by))
    more = {"faces": True, "face_model": given.faces} if asks and given.faces else {}
    more |= {"method": "all", "best": None} if settings.method == "best" else {}  # the same records, with pictures
    settings = changed(settings, save_frames=True, png=False, **more)
    out = given.out / f"{clip.stem}-{settings.digest()}"
    with open_extraction(clip, settings, out=out) as extraction:
        for _ in extraction.choose():
            pass
        for _ in records_of(extraction):
            pass
    return load_table(out), out


def without_landmarks(filters: FilterSettings) -> FilterSettings:
    """Returns the filters without the bounds that need landmarks, as the preset itself advises."""
    lower = {name: bound for name, bound in filters.min.items() if name not in BY_FACES["bounds"]}
    upper = {name: bound for name, bound in filters.max.items() if name not in BY_FACES["bounds"]}
    return changed(filters, min=lower, max=upper)


def sheet(clip: Path, rows: list[tuple[str, Path, FrameTable, np.ndarray]]) -> Image.Image:
    """Returns a picture with the kept frames of each preset, numbered."""
    made = []
    for title, folder, _, kept in rows:
        shown = kept if len(kept) <= 2 * ACROSS else kept[np.arange(2 * ACROSS) * len(kept) // (2 * ACROSS)]
        pictures = [picture(folder, int(number)) for number in shown]
        height = max((p.height for p in pictures), default=20)
        lines = -(-len(pictures) // ACROSS)
        row = Image.new("RGB", (WIDTH * ACROSS, 16 + height * lines), "white")
        ImageDraw.Draw(row).text((4, 2), f"{clip.stem}  {title}", fill="black")
        for at, (number, one) in enumerate(zip(shown.tolist(), pictures, strict=True)):
            place = at % ACROSS * WIDTH, 16 + at // ACROSS * height
            row.paste(one, place)
            ImageDraw.Draw(row).text(
                (place[0] + 4, place[1] + 2), str(number), fill="yellow", stroke_width=2, stroke_fill="black"
            )
        made.append(row)
    whole = Image.new("RGB", (WIDTH * ACROSS, sum(row.height for row in made)), "white")
    top = 0
    for row in made:
        whole.paste(row, (0, top))
        top += row.height
    return whole


def picture(folder: Path, number: int) -> Image.Image:
    """Returns a frame of a run, small."""
    one = Image.open(next(folder.glob(f"frame_{number:06d}.*")))
    one.thumbnail((WIDTH, WIDTH))
    return one


if __name__ == "__main__":
    main()
