"""The demo: a sample video made on the spot, so that a first try needs neither a download nor a file of one's own."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from core import files
from core.pipeline.export import export
from core.pipeline.extract import extract
from core.settings.demo import DemoArguments
from core.settings.export import ExportArguments
from core.settings.extract import ExtractArguments, ExtractSettings
from core.settings.filter import FilterSettings
from core.step import Notice, Outcome, Step
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


@dataclass(frozen=True)
class DemoDone(Outcome):
    """Where the demo's files are."""

    video: str
    run: str
    dest: str
    kept: int
    frames: int

    def lines(self) -> list[str]:
        """One line."""
        return [f"the best {self.kept} of {self.frames} frames are in {self.dest}"]


def demo(arguments: DemoArguments) -> Generator[Step, None, DemoDone]:
    """Makes the sample video, extracts, filters and exports."""
    out = arguments.out
    video = files.make_folder(out) / "framesieve_demo.mp4"
    yield _saying(f"making a sample video from installed photos: {video}")
    make_sample(video)
    yield _saying("extracting and scoring every frame")
    found = yield from extract(ExtractArguments(source=video, settings=ExtractSettings(method="all"), downloads=out))
    yield _saying(f"scored {FRAMES} frames in {found.run}; keeping the best of every second")
    exported = yield from export(ExportArguments(run=Path(found.run), filters=FILTERS))
    yield _saying(f"exported to {exported.dest}")
    return DemoDone(str(video), found.run, exported.dest, exported.kept, exported.total)


def _saying(text: str) -> Step:
    return Step("demo", notices=(Notice("demo", text),))
