"""Which frames are kept: the settings and arguments of ``filter``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pydantic

from core.errors import SettingsError
from core.settings.arguments import Arguments
from core.settings.best import best_knob, rank_by_knob, spread_knob
from core.settings.columns import FILTERABLE, check_columns
from core.settings.faces import MAX_FACE_DISTANCE
from core.settings.model import Bound, Model, Ordinal, changed, knob
from core.settings.paths import RunFolder


class FilterSettings(Model):
    """Which records of a run are kept. In this order: ranges, duplicates, quotas, the best N; by hand beats all.

    With ``best``, ``dedup`` says how alike two of the N may be, and frames kept by hand count.
    """

    min: Mapping[str, Bound] = knob({}, "lower bound of a column, inclusive", metavar="COLUMN=VALUE")
    max: Mapping[str, Bound] = knob({}, "upper bound of a column, inclusive", metavar="COLUMN=VALUE")
    person_ids: tuple[Ordinal, ...] | None = knob(
        None, "only frames that show one of these persons of the video", flag="--person", metavar="ID"
    )
    shots: tuple[Ordinal, ...] | None = knob(
        None, "only these shots, by their numbers in the records", label="Shots", metavar="SHOT"
    )
    dedup: int | None = knob(
        None,
        "frames whose hashes differ in at most D bits and whose colours agree are duplicates; the best stays",
        label="How alike",
        low=0,
        high=32,
        metavar="D",
    )
    best: int | None = best_knob(None, "keep the best N stills, spread over the video; no two are near-duplicates")
    spread: str = spread_knob()
    rank_by: str = rank_by_knob()
    top: int | None = knob(None, "keep at most N frames in all", label="In all", unit="frames", low=0, high=100_000_000)
    top_percent: float | None = knob(
        None, "keep the best P % of what is left", label="In all, share", unit="%", low=0.0, high=100.0, metavar="P"
    )
    per_shot: int | None = knob(
        None, "keep at most N frames of each shot", label="Of each shot", unit="frames", low=0, high=100_000_000
    )
    per_shot_percent: float | None = knob(
        None, "keep the best P % of each shot", label="Of each shot, share", unit="%", low=0.0, high=100.0, metavar="P"
    )
    per_window: int | None = knob(
        None, "keep at most N frames of each window", label="Of each window", unit="frames", low=0, high=100_000_000
    )
    per_window_percent: float | None = knob(
        None,
        "keep the best P % of each window",
        label="Of each window, share",
        unit="%",
        low=0.0,
        high=100.0,
        metavar="P",
    )
    window: float = knob(
        10.0, "length of a time window", label="Length of a window", unit="s", low=0.001, high=86_400.0, metavar="S"
    )
    at_least: int | None = knob(
        None,
        "loosen the ranges step by step until N frames are kept",
        label="Keep at least",
        unit="frames",
        low=1,
        high=100_000_000,
    )
    keep: tuple[Ordinal, ...] = knob((), "ordinals kept by hand, whatever the filters say", metavar="FRAME")
    reject: tuple[Ordinal, ...] = knob((), "ordinals rejected by hand", metavar="FRAME")

    @pydantic.model_validator(mode="after")
    def _check_together(self) -> FilterSettings:
        for field in ("min", "max"):
            check_columns(getattr(self, field), FILTERABLE, "min and max", field)
        for name in self.min:
            if name in self.max and self.min[name] > self.max[name]:
                raise SettingsError(
                    f"min {name} = {self.min[name]:g} is above max {name} = {self.max[name]:g}, "
                    "so no frame could pass; swap them or drop one.",
                    field="min",
                    key=name,
                )
        both = set(self.keep) & set(self.reject)
        if both:
            raise SettingsError(f"frame {min(both)} is both kept and rejected by hand; choose one.", field="reject")
        return self


max_face_distance_knob = partial(
    knob,
    None,
    f"drop frames whose faces are farther from the reference (0-2; {MAX_FACE_DISTANCE:g} without a number)",
    metavar="D",
    bare=MAX_FACE_DISTANCE,
)


min_reid_similarity_knob = partial(
    knob,
    None,
    "drop frames whose masked subject is less alike to whom it ought to be (0-1)",
    low=-1.0,
    high=1.0,
    metavar="R",
    label="Likeness of the subject at least",
)


def with_similarity(filters: FilterSettings | None, similarity: float | None) -> FilterSettings | None:
    """Returns the filters with a lower bound on ``reid_similarity``; another way to say ``min``."""
    if similarity is None:
        return filters
    filters = filters or FilterSettings()
    return changed(filters, min={**filters.min, "reid_similarity": similarity})


def with_distance(filters: FilterSettings | None, distance: float | None) -> FilterSettings | None:
    """Returns the filters with an upper bound on ``face_distance``; another way to say ``max``."""
    if distance is None:
        return filters
    filters = filters or FilterSettings()
    return changed(filters, max={**filters.max, "face_distance": distance})


class FilterArguments(Arguments):
    """Whose frames are chosen, and by which filters."""

    run: RunFolder = knob(..., "a run folder", flag="", metavar="RUN")
    filters: FilterSettings | None = knob(None, "which frames are kept; all that were kept if absent")
    max_face_distance: float | None = max_face_distance_knob()
    min_reid_similarity: float | None = min_reid_similarity_knob()
    dry_run: bool = knob(False, "do not save the selection for export")

    @property
    def wanted_filters(self) -> FilterSettings | None:
        """The filters, the distance of faces and the likeness of the subject among them."""
        return with_similarity(with_distance(self.filters, self.max_face_distance), self.min_reid_similarity)
