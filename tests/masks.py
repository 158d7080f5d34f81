"""A clip whose masks are known: an ellipse of one colour walks before a grating; cuts, loss and return."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from core.pipeline.extraction import extract_records
from core.pipeline.masks.home import Home, open_home
from core.pipeline.masks.mask import Masked, mask
from core.settings.extract import ExtractSettings
from core.settings.masks import MaskArguments, MaskExport, MaskSettings
from core.store.annotations import save_note
from core.store.shot_notes import ObjectPrompt, ShotNote
from core.video.encode import encode
from tests.fakes import open_flood_fill

SIZE = (192, 120)
RED, BLUE = (210, 40, 40), (40, 60, 210)
SHOTS = ((0, 20), (20, 50), (50, 70))
"""A walk; one that leaves the picture and comes back; two who walk."""
FRAMES = SHOTS[-1][1]
AWAY = range(32, 40)
"""Frames on which red is not to be seen."""


def middle(frame: int) -> tuple[float, float] | None:
    """Where red is, x and y; ``None`` = away."""
    if frame < SHOTS[0][1]:
        return 40 + 4.0 * frame, 60
    if frame < SHOTS[1][1]:
        if frame in AWAY:
            return None
        at = frame - 20
        return (100 + 8.0 * at, 55) if frame < AWAY.start else (190 - 8.0 * (frame - AWAY.stop), 70)
    return 60, 30 + 2.0 * (frame - 50)


def truth(frame: int, who: str = "red") -> np.ndarray:
    """The (H, W) bool mask of red or blue."""
    width, height = SIZE
    y, x = np.mgrid[:height, :width]
    if who == "blue":
        if frame < SHOTS[2][0]:
            return np.zeros((height, width), np.bool_)
        return ((x - 140) / 20) ** 2 + ((y - 90 + (frame - 50)) / 16) ** 2 <= 1
    where = middle(frame)
    if where is None:
        return np.zeros((height, width), np.bool_)
    return ((x - where[0]) / 22) ** 2 + ((y - where[1]) / 26) ** 2 <= 1


def picture(frame: int) -> np.ndarray:
    """The (H, W, 3) picture of a frame; the grating behind changes at cuts."""
    width, height = SIZE
    shot = next(i for i, (start, end) in enumerate(SHOTS) if start <= frame < end)
    y, x = np.mgrid[:height, :width]
    waves = np.sin(x / (3 + 2 * shot) + frame / 5) * np.cos(y / 5)
    shown = np.repeat((110 + 60 * shot // 2 + 40 * waves)[:, :, None], 3, axis=2).astype(np.uint8)
    shown[truth(frame)] = RED
    shown[truth(frame, "blue")] = BLUE
    return shown


def film(path: Path, frames: int = FRAMES) -> Path:
    """The clip as a file, nearly lossless."""
    encode((picture(frame) for frame in range(frames)), path, Fraction(25), crf=1)
    return path


def run_of(folder: Path, video: Path, **settings: Any) -> Path:
    """A run of every frame of the clip, with its shots known."""
    run = folder / "downloads" / video.stem
    chosen = {"method": "all", "png": True} | settings
    for _ in extract_records(video, ExtractSettings(**chosen), out=run):
        pass
    (run / "shots.json").write_text(str([list(shot) for shot in SHOTS]))
    return run


def note(shot: int, *points: tuple[int, float, float], frame: int | None = None) -> ShotNote:
    """A note of a shot; each point: object id, x, y, all of them included."""
    start, end = SHOTS[shot]
    at = start if frame is None else frame
    by_object: dict[int, list[tuple[float, float]]] = {}
    for object_id, x, y in points:
        by_object.setdefault(object_id, []).append((x, y))
    prompts = tuple(ObjectPrompt(i, at, tuple(p), (1,) * len(p)) for i, p in by_object.items())
    return ShotNote(start, end, at, prompts)


USUAL = (note(0, (1, 40, 60)), note(1, (1, 100, 55)), note(2, (1, 60, 30), (2, 140, 90)))


def annotated(run: Path, notes: tuple[ShotNote, ...] = USUAL) -> Home:
    """Points at the subjects of every shot."""
    home = open_home(run)
    for one in notes:
        save_note(home.dir.annotations, one)
    return home


def steps(run: Path, opener: Any = open_flood_fill, **values: Any) -> Iterator[Any]:
    """The steps of ``mask`` with the flood fill."""
    arguments = arguments_of(run, **values)
    return mask(arguments, opener)


def arguments_of(run: Path | None, **values: Any) -> MaskArguments:
    """Arguments: names of settings and exports go where they belong."""
    settings = {name: values.pop(name) for name in list(values) if name in MaskSettings.model_fields}
    exports = {name: values.pop(name) for name in list(values) if name in MaskExport.model_fields}
    parts = {"settings": MaskSettings(**settings), "exports": MaskExport(**exports)}
    return MaskArguments(**({} if run is None else {"run": run}), **parts, **values)


def masked(run: Path, opener: Any = open_flood_fill, **values: Any) -> Masked:
    """The outcome of ``mask`` with the flood fill."""
    return end_of(steps(run, opener, **values))


def end_of(running: Iterator[Any] | Generator[Any, None, Any]) -> Any:
    """Runs a generator to its end and returns what it returns."""
    while True:
        try:
            next(running)
        except StopIteration as end:
            return end.value


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """IoU of two masks; 1 where both are empty."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0
