"""``filter``: which frames of a run filters keep, why the others are refused, saved for export."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from core.pipeline.chosen import of_now
from core.pipeline.notes import notes
from core.pipeline.select import select
from core.records import Selection
from core.settings.filter import FilterArguments, FilterSettings
from core.step import Notice, Outcome, Step
from core.store import run_file, selection
from core.store.run import RunDir
from core.store.table import load_table
from core.wording import plural


@dataclass(frozen=True)
class Filtered(Outcome):
    """What the filters keep."""

    run: str
    kept: int
    total: int
    digest: str
    ordinals: list[int]
    why: tuple[str, ...] = ()
    """Lines about what was refused, and why."""

    def to_mapping(self) -> dict[str, Any]:
        """All but the lines."""
        return {name: value for name, value in super().to_mapping().items() if name != "why"}

    def brief(self) -> dict[str, Any]:
        """All but the lines and the ordinals."""
        return {name: value for name, value in self.to_mapping().items() if name != "ordinals"}

    def lines(self) -> list[str]:
        """How many are kept, then why the others are not."""
        return [f"{self.kept} of {plural(self.total, 'frame')} kept", *self.why]


def filter_run(arguments: FilterArguments) -> Generator[Step, None, Filtered]:
    """Chooses frames and saves the selection, unless that is not wanted.

    Raises:
        SettingsError: a filter is out of range. RunError: no run. RunBusy: another process works in it.
    """
    run = RunDir(arguments.run)
    filters = arguments.wanted_filters or FilterSettings()
    filters, notices = of_now(run, filters)
    weights = run_file.read(run.run_json).settings["quality_weights"]
    table = load_table(run)
    chosen = select(table, filters)
    hints = tuple(Notice("filter_hint", hint) for hint in notes(table, filters, chosen))
    yield Step("choosing frames", run=run.path.absolute(), notices=(*notices, *hints))
    if not arguments.dry_run:
        with run.lock():
            made_from = selection.MadeFrom(len(table), tuple(weights))
            selection.write(run.selection, filters, chosen.kept, made_from)
    kept = chosen.kept.tolist()
    return Filtered(str(run.path), len(kept), len(table), selection.digest(chosen.kept), kept, tuple(_why(chosen)))


def _why(chosen: Selection) -> list[str]:
    return [
        *(f"  {count:7d} refused: {reason}" for reason, count in chosen.counts().items()),
        *(f"  {count:7d} removed only by: {name}" for name, count in chosen.only_by.items()),
        *(
            f"  {name} was loosened to {'any' if low is None else low} ... {'any' if high is None else high}"
            for name, (low, high) in chosen.relaxed.items()
        ),
    ]
