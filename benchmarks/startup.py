"""Measures whole processes on a short video, start-up and all; writes benchmarks/results/startup.json.

Run from the repository root: ``python -m benchmarks.startup [--rounds 11] [--beside FOLDER]``. Commands run in turn,
round after round, so that a busy neighbour slows all of them; a figure is the median over the rounds, CPU time that of
the process and its children. Beside them stand what nothing can beat: Python with NumPy and PyAV, and FFmpeg's decode.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.clips import ROOT, beginning
from benchmarks.extract import Cost, ffmpeg, timed
from benchmarks.filter import cpu_name

RESULTS = Path(__file__).parent / "results" / "startup.json"
SECONDS = 5
CLIP, OUT = "CLIP", "OUT"
COMMANDS = {
    "extract, 5 s of 1080p": ("extract", CLIP, "--out", OUT),
    "extract, 5 s of 1080p, all frames scored": ("extract", CLIP, "--out", OUT, "--method", "all", "--no-save-frames"),
    "probe, 5 s of 1080p": ("probe", CLIP),
    "--help": ("--help",),
}
FLOOR, DECODE = "Python with NumPy and PyAV", "ffmpeg -f null"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=11, help="how often each command is measured")
    options.add_argument("--beside", type=Path, metavar="FOLDER", help="another checkout, measured in the same rounds")
    given = options.parse_args()
    video = beginning(SECONDS)
    ways = {name: (ROOT, words) for name, words in COMMANDS.items()}
    if given.beside:
        ways |= {f"{name}, {given.beside.name}": (given.beside, words) for name, words in COMMANDS.items()}
    rounds = [one_round(ways, video) for _ in range(given.rounds + 1)][1:]  # the first one fills the caches
    report: dict[str, Any] = {"machine": {"cpu": cpu_name(), "python": platform.python_version()}}
    report["machine"] |= {"cores": os.cpu_count(), "load_average": os.getloadavg()[0], "rounds": given.rounds}
    report |= {name: summary([costs[name] for costs in rounds]) for name in rounds[0]}
    RESULTS.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    for name, cost in report.items():
        print(f"{name:50s} {json.dumps({key: value for key, value in cost.items() if key != 'rounds'})}")


def one_round(ways: dict[str, tuple[Path, tuple[str, ...]]], video: Path) -> dict[str, Cost]:
    floor = timed([sys.executable, "-c", "import numpy, av"])
    return {FLOOR: floor, DECODE: ffmpeg(video)} | {
        name: whole(folder, words, video) for name, (folder, words) in ways.items()
    }


def whole(folder: Path, words: tuple[str, ...], video: Path) -> Cost:
    with tempfile.TemporaryDirectory() as out:
        places = {CLIP: str(video), OUT: str(Path(out, "run"))}
        return timed([sys.executable, "-m", "core", *(places.get(word, word) for word in words)], cwd=folder)


def summary(costs: list[Cost]) -> dict[str, Any]:
    found: dict[str, Any] = {key: round(statistics.median(cost[key] for cost in costs), 4) for key in costs[0]}
    found["wall_s_range"] = [round(of(cost["wall_s"] for cost in costs), 4) for of in (min, max)]
    found["cpu_s_range"] = [round(of(cost["cpu_s"] for cost in costs), 4) for of in (min, max)]
    return found


if __name__ == "__main__":
    main()
