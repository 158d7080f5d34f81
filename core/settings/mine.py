"""The settings of saving hard examples."""

from __future__ import annotations

from core.settings.model import Model, knob


class MineSettings(Model):
    """How frames are saved from Live Review."""

    hamming: int = knob(
        6,
        "frames whose hashes differ in at most D bits and whose colours agree are too like each other",
        low=0,
        high=32,
        label="Near-duplicates: how alike",
    )
    skip: int = knob(
        0,
        "frames to go on after a save",
        unit="frames",
        low=0,
        high=100_000,
        label="After a save, go on by",
    )
