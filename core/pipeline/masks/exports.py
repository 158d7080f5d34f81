"""Everything that a call of ``mask`` makes of the finished shots of a video."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing

from core.pipeline.masks.crops import write_crops
from core.pipeline.masks.export import write_frames
from core.pipeline.masks.films import write_alpha_film, write_mp4
from core.pipeline.masks.labels import write_coco, write_yolo
from core.pipeline.masks.segments import Target
from core.settings.masks import MaskExport
from core.step import Step, each

NOTHING = "none"
FRAMES, CROPS, FILM, LABELS = "exporting frames", "cutting out", "writing a film", "writing labels"


def wanted(target: Target, settings: MaskExport) -> str:
    """Returns which frames are exported: as asked, else green for segments and none for runs."""
    return settings.export or ("green" if target.is_segment else NOTHING)


def exports(target: Target, settings: MaskExport) -> Generator[Step, None, bool]:
    """Writes what is wanted; returns whether anything was.

    Raises:
        StorageError: a file cannot be written. MissingDependency: an encoder is missing. DecodeError, RunError.
    """
    home, place, kind = target.home, target.place, wanted(target, settings)
    work: list[tuple[str, Generator[int, None, object]]] = []
    if kind != NOTHING:
        work.append((FRAMES, write_frames(home, kind, place, settings)))
    if settings.crops:
        work.append((CROPS, write_crops(home, place, settings, kind)))
    if settings.mp4:
        work.append((FILM, write_mp4(home, place, settings)))
    if settings.film != NOTHING:
        work.append((FILM, write_alpha_film(home, place, settings)))
    if settings.coco:
        work.append((LABELS, write_coco(home, place)))
    if settings.yolo:
        work.append((LABELS, write_yolo(home, place)))
    for phase, steps in work:
        with closing(steps):
            yield from each(steps, _step(f"{target.title}{phase}"))
    return bool(work)


def _step(phase: str) -> Callable[[int], Step]:
    return lambda done: Step(phase, done)
