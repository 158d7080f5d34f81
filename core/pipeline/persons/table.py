"""Stage 7b: the selection table, the most likely primary person first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core import files
from core.pipeline.persons.crops import best_crops
from core.store.person_crops import Crops
from core.store.persons import Persons
from core.video import images
from core.video.selection_table import CROPS, TableRow, draw_table
from core.wording import plural

MOST_ROWS = 200
"""Persons in the table, the first ranked; a picture of more is hard to open."""


def write_table(
    path: Path,
    persons: Persons,
    ranking: Sequence[Mapping[str, Any]],
    crops: Crops,
    width: int,
    height: int,
    title: str,
) -> int:
    """Writes ``selection_table.png`` and returns how many persons it shows.

    Args:
        path: the file.
        persons: of stage 4.
        ranking: of stage 5.
        crops: of stage 1.
        width: of the picture, pixels.
        height: likewise.
        title: what stands above.

    Raises:
        StorageError: it cannot be written.
    """
    shown = [entry for entry in ranking if persons.rows(entry["person_id"]).stop][:MOST_ROWS]
    found = best_crops(persons, crops, width, height, CROPS, only={entry["person_id"] for entry in shown})
    rows = [
        TableRow(
            entry["rank"],
            entry["person_id"],
            entry["name"],
            entry["start_frame"],
            entry["end_frame"],
            entry["frames"],
            [picture for _, picture in found.get(entry["person_id"], [])],
        )
        for entry in shown
    ]
    more = f", the first {len(rows)} are shown" if len(ranking) > len(rows) else ""
    picture = draw_table(rows, f"{title}: {plural(len(ranking), 'person')}{more}")
    files.write_bytes(path, images.encode_png(picture))
    return len(rows)
