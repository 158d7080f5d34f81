"""The arguments of ``probe``."""

from __future__ import annotations

from core.settings.arguments import Arguments
from core.settings.model import knob
from core.settings.paths import Source
from core.settings.source import stream_knob


class ProbeArguments(Arguments):
    """Which video, and which stream of it."""

    source: Source = knob(..., "a video file", flag="", metavar="VIDEO")
    stream: int | None = stream_knob(metavar="N")
