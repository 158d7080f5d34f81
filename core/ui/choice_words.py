"""What people read for the choices of settings that more than one tab shows."""

from __future__ import annotations

from core.settings.columns import FILTERABLE

COLUMN_WORDS = {name: name.replace("_", " ").capitalize() for name in FILTERABLE}
SPREAD_WORDS = {
    "time+look": "time and look",
    "time": "time",
    "look": "look",
    "motion": "motion (for 3D)",
    "all": "time, look and motion",
}
