"""The demo: a sample video made on the spot, so that a first try needs neither a download nor a file of one's own."""

from __future__ import annotations

import importlib.util
from fractions import Fraction
from pathlib import Path

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
