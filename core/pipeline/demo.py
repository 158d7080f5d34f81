"""The demo: a sample video made on the spot, so that a first try needs neither a download nor a file of one's own."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from core.config import ExtractSettings, FilterSettings
from core.pipeline.export import chosen_by, export
from core.pipeline.extract import open_extraction, records_of
from core.store import files
from core.video.encode import encode
from core.video.sample import sample_frames

PHOTOS = (
    ("insightface", "data/images/t1.jpg"),
    ("ultralytics", "assets/bus.jpg"),
    ("sklearn", "datasets/images/china.jpg"),
    ("ultralytics", "assets/zidane.jpg"),
    ("skimage", "data/coffee.png"),
    ("sklearn", "datasets/images/flower.jpg"),
)
"""Photos that ship inside packages: (package, path within it). They are read as files; no package is imported."""

RATE = Fraction(30_000, 1001)
FRAMES = 360
WIDTH, HEIGHT = 1280, 720


def make_sample(path: Path) -> Path:
    """Makes the sample video: H.264, 1280x720, 360 frames at 29.97 per second, 12 s.

    Each photo that is installed is seen for its share of the time; without any, drawn pictures are.

    Raises:
        MissingDependency: FFmpeg is not installed.
        StorageError: the file cannot be written.
    """
    encode(sample_frames(installed_photos(), FRAMES, WIDTH, HEIGHT), path, RATE)
    return path


def installed_photos() -> list[Path]:
    """Returns the photos of ``PHOTOS`` that are on this machine."""
    found = []
    for package, inside in PHOTOS:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (photo := Path(folder) / inside).is_file():
                found.append(photo)
    return found


FILTERS = FilterSettings(dedup=6, per_window=1, window=1.0)
"""The best frame of every second, look-alikes left out."""


def demo(out: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Makes the sample video, extracts, filters and exports; yields a line for the person and facts for a program.

    Args:
        out: the folder that gets the video, the run and the export.
    """
    video = files.make_folder(out) / "framesieve_demo.mp4"
    yield f"making a sample video from installed photos: {video}", {}
    make_sample(video)
    yield "extracting and scoring every frame", {"video": str(video)}
    with open_extraction(video, ExtractSettings(method="all"), downloads=out) as extraction:
        run = extraction.run
        for _ in extraction.choose():
            pass
        for _ in records_of(extraction):
            pass
    yield f"scored {FRAMES} frames in {run.path}; keeping the best of every second", {"run": str(run.path)}
    chosen = chosen_by(run.path, FILTERS)
    dest = _last(export(chosen))
    yield f"exported to {dest}", {"dest": str(dest), "kept": len(chosen.kept), "frames": len(chosen.table)}


def _last(steps: Generator[Any, None, Path]) -> Path:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: Path = end.value
            return value
