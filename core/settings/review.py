"""The arguments of the verbs that serve Live Review."""

from __future__ import annotations

from core.settings.arguments import Arguments
from core.settings.model import knob
from core.settings.paths import ReadFile, WriteFolder
from core.settings.source import stream_knob


class WeightsArguments(Arguments):
    """Which weights, and where they go."""

    name: str = knob(..., "file name of weights that Ultralytics offers")
    out: WriteFolder = knob(..., "the folder that they go to")


class ProxyArguments(Arguments):
    """Which video is copied."""

    video: ReadFile = knob(..., "a video file")
    downloads: WriteFolder = knob(..., "the folder of runs, where the copy lies")
    stream: int | None = stream_knob()
