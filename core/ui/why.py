"""Why a frame has its picture score, for the enlarged frame: each part as a bar, and sentences.

The formula and what costs are those of ``metrics.picture_score``; the browser computes neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np

from core.errors import RequestError
from core.metrics import picture_score
from core.pipeline.judging import AROUND_S
from core.records import FrameTable
from core.settings.columns import FLAGS, RANKED_BY
from core.store import jsonl
from core.store.run import RunDir

PART_WORDS = {
    "detail": "Fine detail",
    "noise": "Free of noise",
    "clipped": "Not clipped",
    "blocks": "Free of blocks",
    "moment": "Still, well framed",
    "flags": "Free of flags",
}
"""What people read beside each bar; a full one costs nothing."""
ALIKE = 0.15
"""By so much, as a share, two frames differ before one is called stiller or better framed."""


def why(table: FrameTable, ordinal: int, around: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Returns plain JSON values: ``score`` (0-100), ``parts``, ``sentence`` and ``beside``.

    Each part has ``name``, ``title``, ``share`` (0-1), ``costs``: whether it takes something away that the sentence
    names, and ``known``: whether the frames that it needs were decoded. ``beside`` is a sentence about the frame and
    those around it, empty where nothing is known. Where the frame was not judged, ``score`` is ``None`` and there are
    no parts.

    Args:
        table: of the run.
        ordinal: the frame.
        around: the records within a second, this one too; absent = nothing is said of them.

    Raises:
        RequestError: the run has no such frame (404).
    """
    row = int(np.searchsorted(table.ordinal, ordinal))
    if row == len(table) or table.ordinal[row] != ordinal:
        raise RequestError("this run has no such frame.", code="not_found")
    numbers = {name: float(column[row]) for name, column in table.values.items()}
    values = {name: None if np.isnan(number) else number for name, number in numbers.items()}
    parts = picture_score.parts(values) or {}
    return {
        "score": values.get(RANKED_BY) if parts else None,
        "parts": [_part(name, share, values) for name, share in parts.items()],
        "sentence": picture_score.sentence(values),
        "beside": beside(ordinal, around or []) if parts else "",
    }


def of_run(run: RunDir, table: FrameTable, ordinal: int) -> dict[str, Any]:
    """Returns ``why`` with what the records around tell."""
    row = int(np.searchsorted(table.ordinal, ordinal))
    if row == len(table):
        return why(table, ordinal)
    rows = np.abs(table.pts_s - table.pts_s[row]) <= AROUND_S
    near = table.ordinal[rows & (table.shot == table.shot[row])]
    return why(table, ordinal, jsonl.between(run.metadata, "frame_number", int(near[0]), int(near[-1])))


def _part(name: str, share: float, values: Mapping[str, Any]) -> dict[str, Any]:
    title = PART_WORDS.get(name, name.replace("_", " ").capitalize())
    costs = name != "detail" and share < picture_score.NOTICED
    needs = {"moment": ("moment",), "flags": FLAGS}.get(name, (name,))
    known = name not in ("moment", "flags") or any(values.get(column) is not None for column in needs)
    return {"name": name, "title": title, "share": share, "costs": costs, "known": known}


def beside(ordinal: int, around: list[dict[str, Any]]) -> str:
    """Returns how still and how well framed a frame is beside those within a second, with what was measured."""
    own = next((record for record in around if record["frame_number"] == ordinal), None)
    if own is None or own.get("moment") is None:
        return "" if own is None else NOT_KNOWN
    change, theirs = _two("peak_change", own, around)
    cut, their_cut = _two("border_clutter", own, around)
    still, framed = _better(change + 1.0, theirs + 1.0), _better(cut + 0.1, their_cut + 0.1)
    joint = "but" if {still, framed} == {-1, 1} else "and"
    return (
        f"Beside the frames within a second it {STILL[still]} (its fastest parts change by {change:.0f} grey levels, "
        f"theirs by {theirs:.0f}) {joint} {FRAMED[framed]} (detail at the border is {cut:.2f} of the average, theirs "
        f"{their_cut:.2f})."
    )


STILL = {1: "is stiller", 0: "is as still", -1: "moves more"}
FRAMED = {1: "is better framed", 0: "is framed alike", -1: "is cut more by the border"}
NOT_KNOWN = "How it compares with the frames around is not known: they were not decoded."


def _two(name: str, own: dict[str, Any], around: list[dict[str, Any]]) -> tuple[float, float]:
    """A number of a frame, and its median over the others."""
    others = [record[name] for record in around if record is not own and record.get(name) is not None]
    return float(own[name]), float(median(others)) if others else float(own[name])


def _better(own: float, theirs: float) -> int:
    """1 = clearly lower than theirs, -1 = higher, 0 = alike."""
    return int(own < theirs * (1 - ALIKE)) - int(own > theirs * (1 + ALIKE))
