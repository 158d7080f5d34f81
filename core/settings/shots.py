"""The arguments of ``shots``."""

from __future__ import annotations

from core.settings.arguments import Arguments
from core.settings.model import knob
from core.settings.paths import ReadFile, RunFolder

DETECTORS = ("adaptive", "content")
"""PySceneDetect's."""


class ShotsArguments(Arguments):
    """Whose cuts are found, and how."""

    run: RunFolder = knob(..., "a run folder", flag="", metavar="RUN")
    detector: str = knob("adaptive", "PySceneDetect's detector", choices=DETECTORS)
    video: ReadFile | None = knob(None, "where the run's video lies now, if it was moved", metavar="FILE")
