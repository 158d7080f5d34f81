"""Which frames of a run are wanted: by filters, by a saved selection, or all that were kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import RunError
from core.pipeline.persons.frames import now_called
from core.pipeline.select import select
from core.records import FrameTable
from core.settings.filter import FilterSettings
from core.settings.model import changed
from core.step import Notice
from core.store import run_file, selection
from core.store.run import RunDir
from core.store.run_file import RunFile
from core.store.table import load_table


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a run's filters keep: the frames that preview shows and export writes."""

    run: RunDir
    saved: RunFile
    """Its ``run.json``."""
    table: FrameTable
    kept: NDArray[np.int64]
    """(K,) int64 ordinals, ascending."""
    filters: FilterSettings | None
    """``None``: no filter at all."""
    note: str | None = None
    """Why a saved selection may not be what its filters would keep now."""

    @property
    def digest(self) -> str:
        """Of the kept ordinals."""
        return selection.digest(self.kept)


def chosen_by(path: Path, filters: FilterSettings | None = None, saved: Path | None = None) -> Chosen:
    """Returns the frames of a run that are wanted.

    Args:
        path: the run folder.
        filters: filter settings; else the ordinals of ``saved``; else of the run's ``selection.json``; else every frame
            without a discard reason and without an error.
        saved: a file in the format of ``selection.json``.

    Raises:
        RunError: no run, or the file names frames that the run does not have.
    """
    run = RunDir(path)
    run_json = run_file.read(run.run_json)
    table = load_table(run)
    if filters is not None:
        filters, _ = of_now(run, filters)
        return Chosen(run, run_json, table, select(table, filters).kept, filters)
    if saved is not None and not saved.exists():
        raise RunError(
            f"{saved} does not exist; give the file of a saved selection, or filters.",
            code="missing",
            field="selection",
        )
    found = selection.read(saved or run.selection)
    if found is None:
        return Chosen(run, run_json, table, select(table, FilterSettings()).kept, None)
    unknown = np.setdiff1d(found.kept, table.ordinal)
    if len(unknown):
        raise RunError(
            f"{saved or run.selection} names frame {unknown[0]}, which {path} does not have; filter again.",
            code="no_frame",
            frame=int(unknown[0]),
        )
    stale = selection.stale(found, table, run_json.settings.get("quality_weights", ()))
    return Chosen(run, run_json, table, found.kept, found.filters, stale)


def of_now(run: RunDir, filters: FilterSettings) -> tuple[FilterSettings, list[Notice]]:
    """Returns filters with the ids that persons have now, since one may have gone up in another; and what to say."""
    if not filters.person_ids:
        return filters, []
    ids, notices = now_called(run, filters.person_ids)
    return (changed(filters, person_ids=ids) if notices else filters), notices
