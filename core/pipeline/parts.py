"""``parts``: what unfinished passes of detectors left, listed and deleted."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from core.errors import FramesieveError, RunBusy, SourceError
from core.settings.parts import PartsArguments
from core.step import Outcome, Step
from core.store import detections_part, parts_left

DAY_S = 86_400


@dataclass(frozen=True)
class Parts(Outcome):
    """Part files, and which of them are gone now."""

    parts: list[dict[str, Any]]
    remove: bool
    """Whether they were to be deleted."""

    def to_mapping(self) -> dict[str, Any]:
        """``parts``."""
        return {"parts": self.parts}

    def lines(self) -> list[str]:
        """How many, then each."""
        count = "1 unfinished pass" if len(self.parts) == 1 else f"{len(self.parts)} unfinished passes"
        return [f"{count}, {self._removed} removed", *map(_line, self.parts)]

    def shortfall(self) -> FramesieveError | None:
        """Says how many could not be deleted."""
        left = len(self.parts) - self._removed
        if not self.remove or not left:
            return None
        return RunBusy(f"{left} could not be removed: a process writes them, or they may not be changed.", left=left)

    @property
    def _removed(self) -> int:
        return sum(part["removed"] for part in self.parts)


def parts(arguments: PartsArguments) -> Generator[Step, None, Parts]:
    """Lists part files of the folder of runs, and below a folder of videos; deletes them where that is wanted.

    What a process writes now is not deleted.

    Raises:
        SourceError: there is no such folder.
    """
    folder = arguments.input_dir
    if folder is not None and not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; name the one that holds the videos.", field="input_dir")
    found: list[dict[str, Any]] = []
    for left in parts_left.unfinished(arguments.downloads / detections_part.HOME, folder):
        days = max(0.0, time.time() - left.changed_s) / DAY_S
        if days >= arguments.older_than:
            gone = arguments.remove and detections_part.remove(left.path)
            about = {"video": left.video, "weights": left.weights, "frames": left.frames, "total": left.total}
            about |= {"bytes": left.bytes, "days": round(days, 1), "removed": gone}
            found.append({"file": str(left.path), **about})
            yield Step("looking for unfinished passes", len(found), unit="files")
    return Parts(found, arguments.remove)


def _line(part: dict[str, Any]) -> str:
    total = "" if part["total"] is None else f" of {part['total']}"
    age = f"{part['bytes'] / 1e6:.1f} MB, {part['days']:g} days old"
    end = " (removed)" if part["removed"] else ""
    return f"  {part['video']} with {part['weights']}: {part['frames']}{total} frames, {age}, {part['file']}{end}"
