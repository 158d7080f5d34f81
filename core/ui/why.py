"""Why a frame has its picture score, for the enlarged frame: each part as a bar, and a sentence.

The formula and the sentence are those of ``metrics.picture_score``; the browser computes neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import RequestError
from core.metrics import picture_score
from core.records import FrameTable
from core.settings.columns import RANKED_BY

PART_WORDS = {
    "detail": "Fine detail",
    "noise": "Free of noise",
    "clipped": "Not clipped",
    "blocks": "Free of blocks",
    "flags": "Free of flags",
}
"""What people read beside each bar; a full one costs nothing."""


def why(table: FrameTable, ordinal: int) -> dict[str, Any]:
    """Returns plain JSON values: ``score`` (0-100), ``parts`` and ``sentence``.

    Each part has ``name``, ``title``, ``share`` (0-1) and ``costs``: whether it takes something away that the sentence
    names. Where the frame was not judged, ``score`` is ``None`` and there are no parts.

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
        "parts": [_part(name, share) for name, share in parts.items()],
        "sentence": picture_score.sentence(values),
    }


def _part(name: str, share: float) -> dict[str, Any]:
    title = PART_WORDS.get(name, name.replace("_", " ").capitalize())
    return {"name": name, "title": title, "share": share, "costs": name != "detail" and share < picture_score.NOTICED}
