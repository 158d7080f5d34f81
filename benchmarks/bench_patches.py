"""Measures training patches; writes benchmarks/results/patches.json.

Run: python -m benchmarks.bench_patches [PART ...] [--extractions N]. Parts, on a clip of 60 s at 1920x1080, made of
real ones whose frames all differ (benchmarks/clips.py):

* speed: three categories x N extractions: ours; one call of FFmpeg (4 threads) for each extraction, its seven PNG read
  by Python, which cuts and writes the patches; and such a call for each category of each extraction. All write the
  same kinds of PNG; in turns, each way in a process of its own. Wanted: 6 and 20 times as fast.
* split: what decoding, conversion, cutting and PNG cost ours, CPU seconds each, measured one by one.
* decode: 1,500 extractions, read and judged but not cut, beside reading every frame once. Wanted: at most 1.2 of it.
* cuts: the same of a clip with 20 cuts, what fails read again elsewhere until it holds. Wanted: at most 2.2.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import clips

RESULTS = Path(__file__).parent / "results" / "patches.json"
CATEGORIES = ("master", "universal", "space")
SECONDS, RATE = 60, clips.RATE
MIB = 1 << 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=tuple(PARTS))
    parser.add_argument("--extractions", type=int, default=100)
    parser.add_argument("--child", nargs=3, metavar=("WAY", "CLIP", "OUT"))
    given = parser.parse_args()
    if given.child:
        way, clip, out = given.child
        print(json.dumps(measured(WAYS[way], Path(clip), Path(out), given.extractions)))
        return 0
    from benchmarks.filter import cpu_name

    found = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    clip = clips.distinct()
    with tempfile.TemporaryDirectory() as folder:
        for part in given.parts:
            number = 1500 if part in ("decode", "cuts") else given.extractions
            shown = clips.cut_up() if part == "cuts" else clip
            ways = {way: child(way, shown, Path(folder), number) for way in PARTS[part]}
            first = ways[PARTS[part][0]]
            ratios = {way: round(of["wall_s"] / first["wall_s"], 3) for way, of in ways.items()}
            found[part] = {"extractions": number, "ways": ways, "wall_by_first": ratios}
            found[part] |= {"cpu": cpu_name(), "cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
            print(part, json.dumps(found[part]), flush=True)
            RESULTS.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")
    return 0


PARTS = {
    "speed": ("ours", "a call for each extraction", "a call for each category"),
    "split": ("decoding", "decoding and converting", "ours"),
    "decode": ("reading every frame", "reading every window"),
    "cuts": ("reading every frame", "reading until every window holds"),
}


def run(*words: object) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", *map(str, words)], check=True)


def child(way: str, clip: Path, folder: Path, extractions: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [sys.executable, "-m", "benchmarks.bench_patches", "--extractions", str(extractions)]
        command += ["--child", way, str(clip), out]
        text = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def measured(way: Callable[[Path, Path, int], int], clip: Path, out: Path, extractions: int) -> dict[str, Any]:
    import core.pipeline.patches.patches  # noqa: F401  modules are loaded before the clock starts

    began, before = time.perf_counter(), cpu_s()
    files = way(clip, out, extractions)
    wall, cpu = time.perf_counter() - began, cpu_s() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB
    return {"wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "files": files, "peak_mib": round(peak)}


def cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def configured(clip: Path, out: Path, extractions: int) -> Path:
    path = out / "config.json"
    base = {"base_frame_limit": extractions, "output_base_dir": str(out / "patches")}
    weights = dict.fromkeys(CATEGORIES, 1 / len(CATEGORIES))
    videos = [{"name": "clip", "path": str(clip), "categories": weights}]
    path.write_text(json.dumps({"base_settings": base, "videos": videos}))
    return path


def ours(clip: Path, out: Path, extractions: int) -> int:
    from core.pipeline.patches.patches import patches
    from core.settings.patches import PatchesArguments
    from core.step import follow

    follow(patches(PatchesArguments(config=configured(clip, out, extractions), min_free_gb=0.0)))
    return len(list((out / "patches").rglob("*.png")))


def calls(clip: Path, out: Path, extractions: int, *, each: int) -> int:
    """The original's ways: ``each`` = categories that one call of FFmpeg serves."""
    dice = np.random.default_rng(1)
    (out / "frames").mkdir()
    written = 0
    for number in range(extractions):
        at = number * SECONDS / extractions % SECONDS
        for first in range(0, len(CATEGORIES), each):
            start = min(max(0.0, at - 3 / RATE), SECONDS - 10 / RATE)
            words = ["-threads", 4, "-ss", f"{start:.3f}", "-i", clip, "-vframes", 7, out / "frames" / "frame_%d.png"]
            run(*words)
            frames = [cv2.imread(str(out / "frames" / f"frame_{k}.png")) for k in range(1, 8)]
            for category in CATEGORIES[first : first + each]:
                written += cut(frames, out / category, number, dice)
    return written


SIZES = (((540, 540), 0.5), ((720, 405), 0.35), ((720, 720), 0.15))


def cut(frames: list[Any], folder: Path, number: int, dice: np.random.Generator) -> int:
    folder.mkdir(exist_ok=True)
    width, height = SIZES[int(dice.choice(3, p=[share for _, share in SIZES]))][0]
    x, y = (int(dice.integers(0, room + 1)) for room in (1920 - width, 1080 - height))
    crops = [frame[y : y + height, x : x + width] for frame in frames]
    small = [cv2.resize(crop, (width // 3, height // 3), interpolation=cv2.INTER_LANCZOS4) for crop in crops]
    cv2.imwrite(str(folder / f"gt_{number}.png"), crops[3])
    cv2.imwrite(str(folder / f"lr5_{number}.png"), np.concatenate(small[1:6]))
    cv2.imwrite(str(folder / f"lr7_{number}.png"), np.concatenate(small))
    return 3


def reading_frames(clip: Path, _out: Path, _extractions: int) -> int:
    from core.video.probe import probe
    from core.video.stream import FrameStream

    with FrameStream(probe(clip)) as stream:
        return sum(1 for _ in stream)


def reading_windows(clip: Path, out: Path, extractions: int, *, passes: int = 1, convert: bool = False) -> int:
    """Reads and judges the windows, those that do not hold again elsewhere; returns how many hold."""
    from core.pipeline.patches import config as configuration
    from core.pipeline.patches.reading import read_windows
    from core.pipeline.patches.stability import compare, fault
    from core.pipeline.patches.windows import Instants, spread, windows_of
    from core.video.probe import probe

    video, config = probe(clip), configuration.read(configured(clip, out, extractions))
    todo = windows_of(config.settings, config.videos[0].weights)
    instants = Instants(video.ledger, config.settings, len(todo))
    found = 0
    for attempt in range(passes):
        failed = []
        placed = spread([instants.place(window, attempt) for window in todo])
        for one, pictures in read_windows(video, placed, compare):
            if fault(pictures, config.settings) is not None:
                failed.append(one.window)
                continue
            found += 1
            if convert:
                for picture in pictures:
                    picture.pixels(lambda of: of.frame.rgb())  # type: ignore[union-attr]
        todo = failed
    return found


WAYS: dict[str, Callable[[Path, Path, int], int]] = {
    "ours": ours,
    "a call for each extraction": lambda *given: calls(*given, each=len(CATEGORIES)),
    "a call for each category": lambda *given: calls(*given, each=1),
    "decoding": reading_windows,
    "decoding and converting": lambda *given: reading_windows(*given, convert=True),
    "reading every frame": reading_frames,
    "reading every window": reading_windows,
    "reading until every window holds": lambda *given: reading_windows(*given, passes=10),
}

if __name__ == "__main__":
    sys.exit(main())
