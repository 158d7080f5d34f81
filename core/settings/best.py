"""What is asked for where the best N stills are: fields of ``extract`` and of ``filter``."""

from __future__ import annotations

from functools import partial

from core.settings.columns import FILTERABLE, RANKED_BY
from core.settings.model import knob

SPREADS = ("time+look", "time", "look", "motion", "all")
"""In what the best N have to differ."""

MOST_BEST = 500

best_knob = partial(knob, unit="stills", low=1, high=MOST_BEST, label="Best stills, spread", metavar="N")
spread_knob = partial(
    knob,
    "time+look",
    "in what the best N differ: time, look, motion (a frame for each step of displacement), or all three",
    choices=SPREADS,
    label="Spread over",
)
rank_by_knob = partial(
    knob,
    RANKED_BY,
    "column by which the best is chosen; quality_score where a run has no picture_score",
    label="Best by",
    choices=FILTERABLE,
    metavar="COLUMN",
)
