"""Frames with only their subjects: before a colour, cut out, or in black and white; and what is written beside them.

A shot that was exported with the same masks and options is not written again, so that a killed export goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import files
from core.errors import RunError
from core.metrics.matte import alpha_of, cut_out, over
from core.pipeline.masks.frames_out import MaskedFrame, each_frame
from core.pipeline.masks.home import Home
from core.settings.masks import MaskExport
from core.settings.model import to_mapping
from core.store import masks
from core.store.masks import ShotMasks, digest_of
from core.video import images

NOTE = "masked.json"
"""In the folder of an export: which shots were written, from which masks, with which options."""
ENDINGS = {"green": "masked", "alpha": "alpha", "mask": "mask"}


@dataclass(frozen=True)
class Place:
    """Where the frames of one video go, and how they are numbered."""

    folder: Path
    first: int | None = None
    """Number of the first frame of the video; ``None`` = numbers are ordinals."""
    drop_last: bool = False
    """Leave out the last frame of the video."""
    only: tuple[int, ...] | None = None
    """First ordinals of the shots that are wanted; ``None`` = all that are finished."""

    def shots(self, home: Home) -> list[ShotMasks]:
        """Returns the finished shots that are wanted."""
        return [s for s in masks.finished(home.dir) if self.only is None or s.start in self.only]

    def number(self, ordinal: int) -> int:
        """Returns the number in the name of a frame."""
        return ordinal if self.first is None else self.first + ordinal


def folder_of(home: Home, settings: MaskExport, base: Path | None = None) -> Path:
    """Returns where exports of a video go: as named, else beside the run, or beside the folder of all segments."""
    if settings.output_dir is not None:
        return settings.output_dir
    whole = base or home.path
    return whole.with_name(f"{whole.name}_masked")


def write_frames(home: Home, kind: str, place: Place, settings: MaskExport) -> Generator[int, None, int]:
    """Yields how many frames of finished shots are written; returns how many there are.

    Args:
        home: of the video; the caller holds its lock.
        kind: ``"green"``, ``"alpha"`` or ``"mask"``.
        place: where they go.
        settings: colour and edges.

    Raises:
        StorageError: the folder cannot be written. DecodeError, RunError: as ``each_frame``.
    """
    files.make_folder(place.folder)
    shots = place.shots(home)
    notes = _notes(place.folder)
    done = 0
    for shot in shots:
        said = _said(home, shot, kind, place, settings)
        key = f"{kind}:{home.path.name}:{shot.start}"
        if notes.get(key) != said or not _there(home, shot, kind, place):
            for _ in _of_shot(home, shot, kind, place, settings):
                done += 1
                yield done
            notes = {**_notes(place.folder), key: said}
            files.write_json(place.folder / NOTE, notes, indent=None)
        else:
            done += shot.end - shot.start
            yield done
    return done


def _of_shot(home: Home, shot: ShotMasks, kind: str, place: Place, settings: MaskExport) -> Generator[int, None, None]:
    def write(frame: MaskedFrame) -> bool:
        if not (place.drop_last and frame.ordinal == home.frames - 1):
            path = place.folder / name_of(kind, place.number(frame.ordinal))
            files.write_bytes(path, encoded(frame, kind, settings), sync=False)
        return True

    for ordinal, _ in each_frame(home, [shot], write):
        yield ordinal


def encoded(frame: MaskedFrame, kind: str, settings: MaskExport) -> bytes:
    """Returns the PNG of a frame."""
    alpha = alpha_of(frame.subject, settings.grow, settings.feather)
    if kind == "mask":
        return images.encode_flat(alpha)
    if kind == "alpha":
        return images.encode_rgba(cut_out(frame.rgb, alpha))
    return images.encode_png(over(frame.rgb, alpha, settings.background))


def name_of(kind: str, number: int) -> str:
    """Returns ``"frame_000123_masked.png"``, ``"..._alpha.png"`` or ``"..._mask.png"``."""
    return f"frame_{number:06d}_{ENDINGS[kind]}.png"


def _said(home: Home, shot: ShotMasks, kind: str, place: Place, settings: MaskExport) -> str:
    used = {name: to_mapping(settings)[name] for name in ("background_color", "grow", "feather")}
    numbers = (place.first, place.drop_last, home.frames)
    return digest_of(home.fingerprint, shot.digest, kind, repr(sorted(used.items())), repr(numbers))


def _there(home: Home, shot: ShotMasks, kind: str, place: Place) -> bool:
    last = shot.end - 1 - (place.drop_last and shot.end == home.frames)
    return all((place.folder / name_of(kind, place.number(at))).exists() for at in range(shot.start, last + 1))


def _notes(folder: Path) -> Mapping[str, Any]:
    with contextlib.suppress(FileNotFoundError, RunError):
        values = files.read_json(folder / NOTE)
        return values if isinstance(values, dict) else {}
    return {}
