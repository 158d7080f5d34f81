"""Opens the masker that settings name, and says how long it will take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from core.models import Masker
from core.pipeline.masks.home import Home
from core.settings.masks import MaskSettings
from core.step import Notice
from core.store.shot_notes import ShotNote
from core.wording import lasting, plural

WORTH_SAYING = 100
"""Frames from which it is said how long they will take."""


class OpenMasker(Protocol):
    """Makes a masker; tests bring their own."""

    def __call__(self, settings: MaskSettings, weights: Path | None, *, unsafe: bool) -> Masker:
        """Returns it. Raises ``ModelError``, ``MissingDependency``, ``SettingsError``."""


def open_by_settings(settings: MaskSettings, weights: Path | None, *, unsafe: bool) -> Masker:
    """Opens the network that the settings name; see ``models.masking.open_masker``."""
    from core.models.masking import open_masker

    variant = settings.sam2_model_variant
    return open_masker(
        settings.masker,
        weights,
        device=settings.device,
        imgsz=settings.imgsz,
        model_variant=None if variant == "auto" else variant,
        model_config=settings.sam2_config or None,
        unsafe=unsafe,
    )


@runtime_checkable
class TellsTime(Protocol):
    """A masker that measures how long it takes."""

    def seconds_per_frame(self, width: int, height: int, objects: int = 1) -> float:
        """Returns seconds for a frame of this size."""


def estimate(masker: Masker, home: Home, notes: Sequence[ShotNote]) -> tuple[Notice, ...]:
    """Returns how long some shots will take, measured on a frame or two before it begins; nothing for a few frames."""
    frames = sum(note.end - note.start for note in notes)
    if frames < WORTH_SAYING or not isinstance(masker, TellsTime):
        return ()
    objects = max(len(note.objects) for note in notes)
    seconds = frames * masker.seconds_per_frame(home.width, home.height, objects)
    text = f"{plural(frames, 'frame')} by {masker.backend}: about {lasting(seconds)}."
    return (Notice("mask_estimate", text, {"frames": frames, "seconds": round(seconds, 1)}),)
