"""``export``: the chosen frames of a run in a folder of their own."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import SelectionChanged, SettingsError
from core.pipeline.chosen import chosen_by
from core.pipeline.export_folder import write_folder
from core.records import FrameRecord
from core.settings.export import ExportArguments
from core.step import Notice, Outcome, Step, each
from core.wording import plural

EXPORTING = "exporting"


@dataclass(frozen=True)
class Exported(Outcome):
    """A folder that holds exactly the chosen frames."""

    run: str
    kept: int
    """Frames that were exported."""
    total: int
    """Frames of the run."""
    digest: str
    """Of the kept ordinals."""
    ordinals: list[int]
    dest: str
    """The folder."""

    def brief(self) -> dict[str, Any]:
        """All but the ordinals."""
        return {name: value for name, value in self.to_mapping().items() if name != "ordinals"}

    def lines(self) -> list[str]:
        """One line."""
        return [f"{self.kept} of {plural(self.total, 'frame')} exported to {self.dest}"]


def export(arguments: ExportArguments) -> Generator[Step, None, Exported]:
    """Exports frames and yields after each picture that is written; the item is its ``FrameRecord``.

    With a ``digest``, that of the selection which a person saw, nothing is exported when the filters keep others now.

    Raises:
        SettingsError: both filters and a saved selection. SelectionChanged: other frames are kept now.
        RunError, StorageError, DecodeError: as ``chosen_by`` and ``write_folder``.
    """
    filters = arguments.wanted_filters
    if filters is not None and arguments.selection:
        raise SettingsError("both a saved selection and filters came; give one of them.", field="selection")
    yield Step("choosing frames")
    chosen = chosen_by(arguments.run, filters, arguments.selection)
    if arguments.digest not in (None, chosen.digest):
        raise SelectionChanged(
            "the run changed since these frames were chosen; look at the selection again, then export."
        )
    done, total = 0, len(chosen.kept)
    notices = () if chosen.note is None else (Notice("selection_stale", chosen.note),)
    yield Step(EXPORTING, 0, total, run=chosen.run.path.absolute(), notices=notices)

    def exported(record: FrameRecord) -> Step:
        nonlocal done
        done += 1
        return Step(EXPORTING, done, total, item=record)

    folder: Path = yield from each(write_folder(chosen, arguments.dest, arguments.video, arguments.settings), exported)
    return Exported(
        run=str(chosen.run.path),
        kept=total,
        total=len(chosen.table),
        digest=chosen.digest,
        ordinals=chosen.kept.tolist(),
        dest=str(folder),
    )
