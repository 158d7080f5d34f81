"""The score that picks: 0-100, from what ``judge`` measured and what the neighbours tell. Formula: docs/formats.md.

Beside ``quality_score``, which users know and which rewards noise and text. Its parts are factors of 0-1, so that each
can be shown by itself: why this score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.settings.columns import FLAGS

HALF = 10.0
"""Detail, in grey levels a pixel, that is worth 50."""
NOISE_FREE, NOISE_SCALE = 1.5, 3.0
"""Noise of a clean camera, which costs nothing, and how much more halves the score."""
DARK_POWER = 2
BRIGHT_FREE, BRIGHT_FIRST, BRIGHT_POWER = 1.0, 0.3, 6
"""Black is often meant; white is light that is lost, and what is too bright has more contrast elsewhere. The first
percents weigh most: to brighten a picture costs little else, while a white sky is like that in all frames around."""
BLOCKS_FREE, BLOCKS_SCALE = 20.0, 75.0
"""Blockiness of good H.264, which costs nothing, and how much more halves the score."""
LIKE_ITS_NEIGHBOURS = 0.5
"""The moment of a frame that is as good as those around it, and of one whose neighbours are not known."""
FLAGGED = 0.1
"""What a flag leaves of the score: no frame with a flag comes before a fair one without."""


def parts(values: Mapping[str, Any]) -> dict[str, float] | None:
    """Returns the factors of a frame's score, 0-1; ``None`` where it was not judged.

    Args:
        values: the record's columns: ``detail``, ``noise``, ``clipped_dark``, ``clipped_bright``, ``blockiness``,
            ``moment`` and the flags (absent or ``None`` = not known, which costs nothing).
    """
    detail, noise, blocks = values.get("detail"), values.get("noise"), values.get("blockiness")
    dark, bright = values.get("clipped_dark"), values.get("clipped_bright")
    if detail is None or noise is None or dark is None or bright is None or blocks is None:
        return None
    if math.isnan(detail + noise + dark + bright + blocks):
        return None
    return {
        "detail": detail / (detail + HALF),
        "noise": 1.0 / (1.0 + (max(noise - NOISE_FREE, 0.0) / NOISE_SCALE) ** 2),
        "clipped": max(1.0 - dark / 100.0, 0.0) ** DARK_POWER * _unlost(bright),
        "blocks": 1.0 / (1.0 + max(blocks - BLOCKS_FREE, 0.0) / BLOCKS_SCALE),
        "moment": min(_beside_neighbours(values), 1.0),
        "flags": FLAGGED if any(map(values.get, FLAGS)) else 1.0,
    }


def _unlost(bright: float) -> float:
    """What so many percents of pure white leave, 0-1."""
    return float((1.0 + bright / BRIGHT_FREE) ** -BRIGHT_FIRST) * max(1.0 - bright / 100.0, 0.0) ** BRIGHT_POWER


def _beside_neighbours(values: Mapping[str, Any]) -> float:
    """How the moment weighs, 0-2: 1 = as good as the frames around, or not known."""
    return 1.0 if values.get("moment") is None else float(values["moment"]) / LIKE_ITS_NEIGHBOURS


def picture_score(values: Mapping[str, Any]) -> float | None:
    """Returns the score, 0-100, of a record's columns (as ``parts``); ``None`` where it was not judged.

    The factors but the flags' weigh on the detail before it is squeezed into 0-100, so that order within a clip
    does not depend on how much detail its pictures have.
    """
    found = parts(values)
    if found is None:
        return None
    weighed = float(values["detail"]) * found["noise"] * found["clipped"] * found["blocks"]
    weighed *= _beside_neighbours(values)
    return 100.0 * weighed / (weighed + HALF) * found["flags"]


def sentence(values: Mapping[str, Any]) -> str:
    """Returns why a frame has its score, in a sentence: what costs most first."""
    found = parts(values)
    if found is None:
        return "This frame was not judged."
    flagged = [WORDS_OF_FLAGS[name] for name in FLAGS if values.get(name)]
    costs = sorted((name for name in WORDS if found[name] < NOTICED), key=lambda name: found[name])
    said = [*flagged, *(WORDS[name] for name in costs)]
    much = "much" if found["detail"] >= 0.55 else "some" if found["detail"] >= 0.3 else "little"
    return f"{much.capitalize()} fine detail" + (
        f"; points are lost {_joined([f'for {words}' for words in said])}." if said else ", and nothing against it."
    )


NOTICED = 0.9
WORDS = {
    "noise": "noise",
    "clipped": "parts that are pure black or white",
    "blocks": "blocks of compression",
    "moment": "being less still or less well framed than the frames around",
}
WORDS_OF_FLAGS = {
    "dissolve": "being one shot that fades into another",
    "combed": "combed lines of two fields",
    "blank": "being blank",
    "titles": "being a title or a test card",
}


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
