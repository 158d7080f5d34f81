"""Measures extraction against a bare FFmpeg decode of the same file; writes benchmarks/results/extract.json.

Run from the repository root: ``python -m benchmarks.extract [--pairs 5] [--only NAME]``. Ours and the baseline run in
turn, so that a busy neighbour slows both; a ratio is the median over the pairs. "verb" is the extraction alone, with
modules imported and kernels loaded; "process" is the whole of ``python -m core``.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.clips import clip
from benchmarks.filter import cpu_name
from core.video.command import ffmpeg_path

RESULTS = Path(__file__).parent / "results" / "extract.json"
CORES = 2

Cost = dict[str, float]
SCORE_ONLY = {"method": "all", "save_frames": False}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pairs", type=int, default=5, help="how often ours and the baseline are measured")
    options.add_argument("--only", choices=[*CASES], help="measure one case and keep the other results")
    given = options.parse_args()
    report: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    report["machine"] = {"cpu": cpu_name(), "cores": CORES, "python": platform.python_version()}
    for name, case in CASES.items():
        if given.only in (None, name):
            report[name] = case(given.pairs)
            print(name, json.dumps({k: v for k, v in report[name].items() if k != "pairs"}), flush=True)
            RESULTS.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def score_all(pairs: int) -> dict[str, Any]:
    """All frames, five metrics and hash, nothing saved."""
    return against_decode(pairs, clip(1), SCORE_ONLY)


def score_all_process(pairs: int) -> dict[str, Any]:
    """The same as whole processes: interpreter, imports and kernels included."""
    video = clip(1)
    return interleaved(pairs, lambda: whole_process(video), lambda: ffmpeg(video))


def keyframes(pairs: int) -> dict[str, Any]:
    """Key frames, scored."""
    return against_decode(pairs, clip(1), {"method": "keyframes", "save_frames": False})


def keyframes_saved(pairs: int) -> dict[str, Any]:
    """Key frames, scored and saved as JPEG."""
    return against_decode(pairs, clip(1), {"method": "keyframes"})


def scene(pairs: int) -> dict[str, Any]:
    """Frames at cuts, scored and saved: scene scores of all frames, then the frames chosen."""
    return against_decode(pairs, clip(1), {"method": "scene"})


def interval(pairs: int) -> dict[str, Any]:
    """One frame in 10 s of a 10-minute file, scored and saved."""
    return against_decode(min(pairs, 3), clip(10), {"method": "interval", "interval": 10.0})


def shots(pairs: int) -> dict[str, Any]:
    """PySceneDetect's adaptive detector on frames of our decoder."""
    video = clip(1)
    return interleaved(pairs, lambda: once("shots", video, ""), lambda: ffmpeg(video))


def save_all(pairs: int) -> dict[str, Any]:
    """All frames saved as JPEG: throughput against what the CPU costs of the parts, each measured alone, allow."""
    video = clip(1)
    rows = []
    for _ in range(pairs):
        ours = once("extract", video, json.dumps({"method": "all"}))
        score = once("extract", video, json.dumps(SCORE_ONLY))
        decode = once("part", video, "decode")
        write = once("part", video, "decode, convert and encode")
        parts = score["cpu_s"] + write["cpu_s"] - decode["cpu_s"] + write_cost(write)
        rows.append({"ours": ours, "score": score, "decode": decode, "encode": write, "limit_s": parts / CORES})
    share = statistics.median(row["limit_s"] / row["ours"]["wall_s"] for row in rows)
    cpu = statistics.median(row["ours"]["cpu_s"] / (row["limit_s"] * CORES) for row in rows)
    fps = statistics.median(row["ours"]["frames"] / row["ours"]["wall_s"] for row in rows)
    return {"share_of_limit": share, "cpu_over_parts": cpu, "frames_per_s": fps, "pairs": rows}


def write_cost(pictures: Cost) -> float:
    """CPU seconds to write as many files of the same size in all."""
    frames = int(pictures["frames"])
    data = b"\0" * (int(pictures["bytes"]) // frames)
    with tempfile.TemporaryDirectory() as folder:
        before = time.process_time()
        for i in range(frames):
            Path(folder, f"{i:06d}.jpg").write_bytes(data)
        return time.process_time() - before


def against_decode(pairs: int, video: Path, settings: dict[str, Any]) -> dict[str, Any]:
    return interleaved(pairs, lambda: once("extract", video, json.dumps(settings)), lambda: ffmpeg(video))


def interleaved(pairs: int, ours: Any, baseline: Any) -> dict[str, Any]:
    rows = [{"ours": ours(), "ffmpeg": baseline()} for _ in range(pairs)]
    speed = [row["ffmpeg"]["wall_s"] / row["ours"]["wall_s"] for row in rows]
    cpu = [row["ours"]["cpu_s"] / row["ffmpeg"]["cpu_s"] for row in rows]
    return {
        "speed_of_ffmpeg": statistics.median(speed),
        "speed_range": [min(speed), max(speed)],
        "cpu_of_ffmpeg": statistics.median(cpu),
        "cpu_range": [min(cpu), max(cpu)],
        "peak_mb": max(row["ours"].get("peak_mb", 0.0) for row in rows),
        "pairs": rows,
    }


def once(job: str, video: Path, argument: str) -> Cost:
    """Runs benchmarks/once.py; the run folder is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "benchmarks.once", job, str(video), argument, str(Path(folder, "run"))]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    cost: Cost = json.loads(done.stdout.splitlines()[-1])
    return cost


def whole_process(video: Path) -> Cost:
    folder = Path(tempfile.mkdtemp())
    words = [sys.executable, "-m", "core", "extract", str(video), "--method", "all", "--no-save-frames"]
    try:
        return timed([*words, "--out", str(folder / "run")])
    finally:
        shutil.rmtree(folder)


def ffmpeg(video: Path) -> Cost:
    """A bare decode with FFmpeg's own choice of threads."""
    return timed([ffmpeg_path(), "-nostdin", "-v", "error", "-i", str(video), "-map", "0:v:0", "-f", "null", "-"])


def timed(words: list[str], cwd: Path | None = None) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, cwd=cwd)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall_s": wall, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


CASES = {
    "score all": score_all,
    "score all, whole process": score_all_process,
    "keyframes": keyframes,
    "keyframes saved": keyframes_saved,
    "scene": scene,
    "interval 10 s of 10 min": interval,
    "shots": shots,
    "save all as JPEG": save_all,
}

if __name__ == "__main__":
    main()
