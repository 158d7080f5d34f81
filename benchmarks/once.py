"""Runs one extraction in a process of its own and prints what it cost as one JSON line, for benchmarks/extract.py.

The cost is that of the verb: modules are imported and kernels loaded before the clock starts. The whole process is
measured by the caller.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from core.metrics.quality import warm_up
from core.pipeline.extraction import open_extraction, records_of
from core.pipeline.scan import scene_scores
from core.pipeline.shots import find_shots
from core.settings.extract import ExtractSettings
from core.settings.model import from_mapping
from core.video import images
from core.video.probe import probe
from core.video.stream import map_frames


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def extract(video: str, settings: dict, out: str) -> int:
    with open_extraction(video, from_mapping(ExtractSettings, settings), out=Path(out)) as extraction:
        for _ in extraction.choose():
            pass
        return sum(1 for _ in records_of(extraction))


def part(video: str, name: str, out: str) -> tuple[int, int]:
    """One part of the work alone, on all frames, on all cores; returns frames and the bytes of their pictures."""
    opened = probe(video)
    quality = ExtractSettings().jpeg_quality
    works = {
        "decode": lambda: lambda frame: 0,
        "decode, convert and encode": lambda: lambda frame: len(images.encode_jpeg(frame.rgb(), quality)),
    }
    everything = np.arange(len(opened.ledger), dtype=np.int64)
    sizes = [size for chunk in map_frames(opened, everything, works[name]) for _, size in chunk]
    return len(sizes), sum(sizes)


def drain(steps: object) -> int:
    done = 0
    for done in steps:  # type: ignore[attr-defined]  # noqa: B007
        pass
    return done


def main() -> None:
    job, video, argument, out = sys.argv[1:5]
    warm_up()
    jobs = {
        "extract": lambda: extract(video, json.loads(argument), out),
        "part": lambda: part(video, argument, out),
        "scene": lambda: drain(scene_scores(probe(video))),
        "shots": lambda: drain(find_shots(probe(video))),
    }
    before, started = cpu_s(), time.perf_counter()
    found = jobs[job]()
    frames, size = found if isinstance(found, tuple) else (found, 0)
    wall, cpu = time.perf_counter() - started, cpu_s() - before
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"frames": frames, "bytes": size, "wall_s": wall, "cpu_s": cpu, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
