"""Runs made by the real pipeline, and a page that is served over a folder of them."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from core import files
from core.pipeline.jobs import COMMAND
from core.records import FrameRecord
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.settings.model import to_mapping
from core.store import jsonl, run_file
from core.store.run import RunDir
from core.store.table import load_table
from core.video.command import run_ffmpeg
from tests import videos

PATIENCE_S = 60
NAUGHTY = "${alert(1)} {{value}} <img src=x onerror=window.pwned=1> `'\"&"
"""A folder name that means something to every template language on the way."""


@dataclasses.dataclass
class Site:
    """A page served over a folder of runs."""

    address: str
    downloads: Path
    made: Path

    def run(self, name: str, of: str = "files") -> Path:
        """Puts a fresh copy of a counting run (``files``, ``bare`` or ``NAUGHTY``) into the folder."""
        shutil.rmtree(self.downloads / name, ignore_errors=True)
        return Path(shutil.copytree(self.made / of, self.downloads / name))


def make_counting_runs(home: Path) -> Path:
    """Runs of counting videos: ``files`` has frames on disk, ``bare`` has no pictures, ``NAUGHTY`` has a name."""
    from core.pipeline.extraction import extract_records

    video = shutil.copy(videos.build("h264-opengop"), home / "counting <b>.mp4")
    wanted = {"files": ExtractSettings(method="all"), "bare": ExtractSettings(method="all", save_frames=False)}
    wanted |= {NAUGHTY: ExtractSettings(method="every_nth", every=10)}
    for name, settings in wanted.items():
        for _ in extract_records(video, settings, out=home / "downloads" / name):
            pass
    return home / "downloads"


def synthetic_run(folder: Path, frames: int, video_run: Path) -> Path:
    """A run folder of many records without pictures; ``video_run`` lends its run.json."""
    run = RunDir(folder)
    run.path.mkdir(parents=True)
    saved = run_file.read(RunDir(video_run).run_json)
    settings = to_mapping(ExtractSettings(method="all", save_frames=False))
    extra = {"state": "complete"}
    run_file.write(run.run_json, dataclasses.replace(saved, settings=settings, digest=f"{frames:016x}", extra=extra))
    jsonl.rewrite(run.metadata, synthetic_records(frames))
    return folder


def synthetic_records(frames: int) -> Iterator[FrameRecord]:
    rng = np.random.default_rng(7)
    metrics = rng.beta(2, 3, (frames, len(METRIC_NAMES) + 1)).round(6) * 100
    hashes = rng.integers(0, 2**64, frames, dtype=np.uint64)
    for i, row in enumerate(metrics.tolist()):
        named = dict(zip(METRIC_NAMES, row, strict=False))
        faces = {"face_count": i % 4, "face_distance": row[0] / 50 if i % 4 else None}
        looks = {"phash": f"{int(hashes[i]):016x}", "colours": f"{i % 200:02x}" * 36}
        yield FrameRecord(i, i / 25, shot_id=i // 250, quality_score=row[-1], more=faces, **looks, **named)


def read(path: Path) -> Any:
    return files.read_json(path)


def middle_of(run: Path, column: str) -> float:
    """A bound that about half of the frames pass."""
    return round(float(np.median(load_table(run).values[column])), 3)


def hold_job() -> psutil.Process:
    """Holds the process of the job that begins now still: it runs until it is cancelled or resumed."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        for one in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if one.cmdline() == list(COMMAND):
                    one.suspend()
                    return one
        time.sleep(0.001)
    raise AssertionError("no job begins")


def long_clip(source: Path, path: Path) -> None:
    """The same pictures many times over, without encoding them again."""
    run_ffmpeg(["-stream_loop", "40", "-i", str(source), "-c", "copy", str(path)])
