"""What ``mask`` returns: every shot, the least trusted first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.errors import FramesieveError, SettingsError
from core.pipeline.masks.home import Home
from core.pipeline.masks.state import board
from core.settings.masks import MaskArguments
from core.step import Outcome
from core.wording import plural


@dataclass(frozen=True)
class Masked(Outcome):
    """The shots of a video."""

    run: str
    shots: list[dict[str, Any]]
    """``shot``, ``start``, ``end``, ``objects``, ``state``, ``worst`` (lowest trust), worst first."""
    masked: int
    """Shots that this call made."""
    failed: list[str] = field(default_factory=list)
    """One sentence for each shot whose points give no mask."""
    folder: str | None = None
    """Where frames were exported to; ``None`` = nowhere."""

    def brief(self) -> dict[str, Any]:
        """Without the list."""
        short = {"run": self.run, "masked": self.masked, "shots": len(self.shots), "folder": self.folder}
        return short | {"failed": self.failed}

    def shortfall(self) -> FramesieveError | None:
        """Says how many shots have no masks."""
        if not self.failed:
            return None
        text = f"{plural(len(self.failed), 'shot')} could not be masked: {self.failed[0]}"
        return SettingsError(text, code="shots_failed", field="annotations")

    def lines(self) -> list[str]:
        """How many, then the worst."""
        done = [shot for shot in self.shots if shot["worst"] is not None]
        head = f"{plural(len(done), 'shot')} of {len(self.shots)} masked in {self.run} ({self.masked} now)"
        written = [] if self.folder is None else [f"frames exported to {self.folder}"]
        return [head, *written, *(_line(shot) for shot in done)]


def _line(shot: dict[str, Any]) -> str:
    doubt = ", look at it" if shot["state"] == "doubtful" else ""
    frames = f"frames {shot['start']} to {shot['end'] - 1}"
    segment = "" if shot["segment"] is None else f"segment {shot['segment']}, "
    trust = f"lowest trust {shot['worst']:.2f} at frame {shot['worst_frame']}"
    return f"  {segment}shot {shot['shot']}: {frames}, {trust}{doubt}"


def rows_of(home: Home, arguments: MaskArguments) -> list[dict[str, Any]]:
    """What is known of all shots of a video."""
    return [
        {
            "segment": home.segment,
            "shot": one.number,
            "start": one.start,
            "end": one.end,
            "objects": list(one.objects),
            "state": one.state,
            "worst": one.worst,
            "worst_frame": one.worst_frame,
        }
        for one in board(home, arguments.settings)
    ]
