"""Lists the part files (``detections_part``) of unfinished passes: of which video, how old, how large.

Those of this version lie in ``<folder of runs>/.parts``; earlier ones left theirs, hidden, beside the videos.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.records import VideoInfo
from core.store import detections_part
from core.store.detections import PREDS, paths_for
from core.store.detections_part import PART, WRITERS
from core.weights import Weights

OLD_NAME = re.compile(r"\..+__.+\.\d{1,2}\.part", re.DOTALL)


@dataclass(frozen=True)
class Left:
    """One part file."""

    path: Path
    video: str
    """For people: the path that the video had, else what the file's own name says of it."""
    weights: str
    """For people: the file name of the weights, else the beginning of their SHA-256."""
    frames: int
    """Recorded frames."""
    total: int | None
    """Frames of the video; ``None`` = not known."""
    bytes: int
    changed_s: float
    """Seconds since 1970."""


def beside(info: VideoInfo, weights: Weights, folders: Sequence[Path]) -> list[Path]:
    """Returns the part files that earlier versions left where the cache of this video and these weights would be."""
    labels = [path.name.removesuffix(PREDS) for path in paths_for(info.path, weights)]
    names = [f".{label}.{number}{PART}" for label in labels for number in range(WRITERS)]
    return [path for folder in folders for path in (folder / name for name in names) if os.path.isfile(path)]


def unfinished(home: Path, below: Path | None = None) -> Iterator[Left]:
    """Yields the part files of a folder, and those of earlier versions in another folder and below it.

    Args:
        home: ``<folder of runs>/.parts``; may be absent.
        below: where videos lie; links to folders are not followed.
    """
    for path in sorted(home.glob(f"*{PART}")) if home.is_dir() else ():
        yield from _left(path)
    for folder, _, names in os.walk(below) if below is not None else ():
        for name in sorted(filter(OLD_NAME.fullmatch, names)):
            yield from _left(Path(folder, name))


def _left(path: Path) -> Iterator[Left]:
    """Yields the facts of a file; nothing for a file that is no part file, or has just gone."""
    values = detections_part.header(path)
    try:
        stat = path.stat()
    except OSError:
        return
    if values is None:
        return
    frames = len({row.ordinal for row in detections_part.rows_in(path)})
    label, _, of_weights = path.name.removeprefix(".").rpartition("__")
    total = values.get("frames")
    yield Left(
        path,
        str(values.get("video") or label or path.name),
        str(values.get("weights") or of_weights.rsplit(".", 2)[0] or str(values.get("weights_sha256", ""))[:8]),
        frames,
        total if isinstance(total, int) else None,
        stat.st_size,
        stat.st_mtime,
    )
