"""Which stream of a video is read."""

from __future__ import annotations

from functools import partial

from core.settings.model import knob

stream_knob = partial(
    knob,
    None,
    "video stream that is read, by its number in probe; the film unless given",
    low=0,
    high=100_000,
    label="Video stream",
)
