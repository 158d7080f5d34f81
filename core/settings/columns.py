"""The columns of a frame's record that filters, quotas and settings name."""

from __future__ import annotations

from collections.abc import Iterable

from core.errors import SettingsError
from core.settings.refusal import closest, nearest

METRIC_NAMES = ("sharpness", "edge_strength", "contrast", "brightness", "entropy")
"""The five quality metrics, in the order of the quality weights."""


FACE_NUMBERS = (
    "face_count",
    "max_face_confidence",
    "max_face_area_pct",
    "face_distance",
    "face_sharpness",
    "face_frontality",
    "eyes_open",
    "yaw",
    "pitch",
    "roll",
)
"""Columns of frames whose faces were read."""


RANKED_BY = "picture_score"
"""What ranks frames, unless another column is named."""
RANKED_BEFORE = "quality_score"
"""What ranks them where a run has no such column, and in presets from before there was one."""
JUDGED = ("noise", "detail", "clipped_dark", "clipped_bright", "blockiness")
"""What is measured of each picture beside the five metrics."""

FLAGS = ("dissolve", "combed", "blank", "titles")
"""1 = it is one, 0 = it is none, null = the frames beside it were not decoded. A bound never refuses a null."""


FILTERABLE = (
    "quality_score",
    "picture_score",
    *METRIC_NAMES,
    "sharpness_rank",
    *JUDGED,
    "subject_detail",
    "moment",
    "displacement",
    *FLAGS,
    *FACE_NUMBERS,
    "mask_area_pct",
    "mask_score",
    "reid_similarity",
    *(f"subject_{name}" for name in METRIC_NAMES),
    "subject_quality_score",
)
"""Columns that accept a lower and an upper bound."""


def check_columns(bounds: Iterable[str], known: Iterable[str], where: str, field: str) -> None:
    """Raises ``SettingsError`` for a bound on a column that is not known; ``where`` names the settings for people."""
    for name in bounds:
        if name not in known:
            raise SettingsError(
                f'"{name}" is not a metric that {where} can bound{nearest(name, known)}.',
                field=field,
                key=name,
                nearest=closest(name, known),
            )
