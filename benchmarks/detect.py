"""Measures precompute against its parts and against ``yolo predict``; writes benchmarks/results/detect.json.

Run from the repository root: ``python -m benchmarks.detect [--repeats 3] [--clips driving.mp4 ...]``. Needs the clips
and weights of FRAMESIEVE_TEST_ASSETS, else ../shared. Each measurement is a process of its own, and one round takes all
of them in turn; figures are medians of rounds. Time to load modules and weights is left out everywhere.

``of_parts``: the throughput of a pass as a share of what decode, letterbox and the bare model, each measured alone on
all cores, allow one after the other (by wall clock, and by CPU time, which neighbours disturb less). On a GPU:
the share of the slower of decoder and bare model.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from core.models.yolo import open_detector
from core.models.yolo_run import cuda_name
from core.models.yolo_weights import prepare_environment
from core.pipeline.detect import detect
from core.settings.detect import DetectSettings
from core.store import detections
from core.store.detections_page import page_bytes
from core.video.probe import Video, probe
from core.video.stream import FrameStream, map_frames, threads_to_use
from core.weights import Weights, identify

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "detect.json"
CLIPS = ("driving.mp4", "crowd.avi", "hideandseek.mp4")
EVERY = 4
"""Of the frames of a clip, those on which boxes are compared."""
WEIGHTS = ("yolov8n.pt", "yolov8n_int8.onnx")
LOOPS = 4
"""The clips are of a few seconds; a pass over so few frames measures its start and the writing of the cache."""
KEPT = 32
"""Pictures that the bare model runs over and over."""


def assets() -> Path:
    return Path(os.environ.get("FRAMESIEVE_TEST_ASSETS", ROOT.parent / "shared")).resolve()


# --- one measurement, in a process of its own


def cpu_s() -> float:
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def peak_mb() -> float:
    """Peak resident memory of this process; ``ru_maxrss`` would carry that of the parent over."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024, 1)


def clocked(work: Callable[[], int]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), cpu_s()
    frames = work()
    return {
        "frames": frames,
        "wall_ms": 1000 * (time.perf_counter() - wall) / frames,
        "cpu_ms": 1000 * (cpu_s() - cpu) / frames,
        "peak_mb": peak_mb(),
    }


def opened(video: Video, weights: Weights, device: str) -> object:
    settings = DetectSettings(device=device)
    return open_detector(weights, settings, video.info.width, video.info.height, callers=threads_to_use())


def mapped(video: Video, work: Callable[[object], object]) -> int:
    with closing(map_frames(video, np.arange(len(video.ledger)), lambda: work)) as chunks:
        return sum(len(chunk) for chunk in chunks)


def decode(video: Video, weights: Weights, device: str) -> dict[str, float]:
    return clocked(lambda: mapped(video, lambda frame: 0))


def pictures(video: Video, detector: object) -> list:
    every = np.linspace(0, len(video.ledger) - 1, min(KEPT, len(video.ledger))).astype(np.int64)
    with FrameStream(video, every) as stream:
        return [detector.prepare(frame.rgb()) for frame in stream]


def letterbox(video: Video, weights: Weights, device: str) -> dict[str, float]:
    """Decoding too; ``main`` takes its part away."""
    detector = opened(video, weights, device)
    return clocked(lambda: mapped(video, lambda frame: detector.prepare(frame.rgb()).gain))


def model(video: Video, weights: Weights, device: str) -> dict[str, float]:
    detector = opened(video, weights, device)
    canvases = [picture.canvas for picture in pictures(video, detector)]
    runner, callers, frames = detector._runner, 1 if detector.batch > 1 else threads_to_use(), len(video.ledger)
    list(runner(canvases[: detector.batch]))

    def caller(count: int) -> None:
        for at in range(0, count, detector.batch):
            list(runner([canvases[(at + i) % len(canvases)] for i in range(detector.batch)]))

    def work() -> int:
        threads = [threading.Thread(target=caller, args=(frames // callers,)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return frames // callers * callers

    return clocked(work)


def ours(video: Video, weights: Weights, device: str) -> dict[str, float]:
    """The whole verb, with its part file and the cache; loading the model is left out."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / Path(video.path).name
        copy.symlink_to(video.path)
        steps = detect(probe(copy), weights, DetectSettings(device=device))
        next(steps)
        return clocked(lambda: max(steps))


def predict(video: Video, weights: Weights, device: str) -> dict[str, float]:
    """``yolo predict`` as it is, without saving anything."""
    from ultralytics import YOLO

    yolo = YOLO(weights.path, task="detect")
    where = 0 if device == "cuda" else "cpu"
    yolo.predict(np.zeros((720, 1280, 3), np.uint8), verbose=False, device=where)
    return clocked(lambda: sum(1 for _ in yolo.predict(video.path, stream=True, verbose=False, device=where)))


ONCE = {f.__name__: f for f in (decode, letterbox, model, ours, predict)}


def once(name: str, video: Path, weights: Path, device: str) -> dict[str, float]:
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "benchmarks.detect",
        "--once",
        name,
        str(video),
        str(weights),
        device,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


# --- speed


def speed(video: Path, weights: Path, repeats: int, device: str) -> dict[str, object]:
    rounds = [{name: once(name, video, weights, device) for name in ONCE} for _ in range(repeats)]
    of_parts: dict[str, list[float]] = {"wall_ms": [], "cpu_ms": []}
    for costs in rounds:
        for clock, ratios in of_parts.items():
            if device == "cuda":
                slower = max(costs["decode"][clock], costs["model"][clock])
                ratios.append(slower / costs["ours"][clock])
            else:
                ratios.append((costs["letterbox"][clock] + costs["model"][clock]) / costs["ours"][clock])
    median = {n: {k: statistics.median(r[n][k] for r in rounds) for k in rounds[0][n]} for n in ONCE}
    return {
        "frames_per_s": 1000 / median["ours"]["wall_ms"],
        "of_parts_wall": statistics.median(of_parts["wall_ms"]),
        "of_parts_cpu": statistics.median(of_parts["cpu_ms"]),
        "times_predict_wall": statistics.median(r["predict"]["wall_ms"] / r["ours"]["wall_ms"] for r in rounds),
        "times_predict_cpu": statistics.median(r["predict"]["cpu_ms"] / r["ours"]["cpu_ms"] for r in rounds),
        "rounds": rounds,
    }


def memory(video: Path, weights: Path, device: str) -> dict[str, float]:
    """Peak memory of a pass over the clip and over eight of it in a row."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "peak_mb": once("ours", video, weights, device)["peak_mb"],
            "peak_mb_8_times": once("ours", looped(video, 8, Path(folder)), weights, device)["peak_mb"],
        }


def looped(video: Path, times: int, folder: Path) -> Path:
    """The packets of an MP4 so many times; another container is left as it is, its timestamps would not bear it."""
    if video.suffix != ".mp4" or times == 1:
        return video
    long = folder / video.name
    words = ["ffmpeg", "-v", "error", "-stream_loop", str(times - 1), "-i", str(video), "-c", "copy", "-an", str(long)]
    subprocess.run(words, check=True)
    return long


# --- agreement and reading


def matched(theirs: tuple, found: object) -> int:
    """Boxes of one class that overlap by more than half, each used once, best first."""
    free = set(range(len(found)))
    count = 0
    for i in np.argsort(-theirs[1]):
        best, best_iou = None, 0.5
        for j in free:
            if found.class_id[j] != theirs[2][i]:
                continue
            a, b = theirs[0][i], found.xyxy[j]
            both = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
            iou = both / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both)
            if iou > best_iou:
                best, best_iou = j, iou
        if best is not None:
            free.discard(best)
            count += 1
    return count


def agreement(clips: list[Path], weights: Path) -> dict[str, object]:
    """Recall and precision of our boxes against Ultralytics with the same weights in float32 (conf 0.25, IoU 0.5)."""
    from ultralytics import YOLO

    reference = YOLO(weights, task="detect")
    settings = DetectSettings(device="cpu", conf_floor=0.25, nms_iou=0.7)
    counts = np.zeros(3, int)
    backend = ""
    for clip in clips:
        video = probe(clip)
        detector = open_detector(identify(weights), settings, video.info.width, video.info.height)
        backend = detector.backend
        with FrameStream(video, np.arange(0, len(video.ledger), EVERY)) as stream:
            for frame in stream:
                picture = frame.rgb()
                options = {"conf": 0.25, "iou": 0.7, "max_det": 1000, "verbose": False, "device": "cpu"}
                boxes = reference.predict(picture[..., ::-1], **options)[0].boxes
                theirs = (boxes.xyxy.numpy(), boxes.conf.numpy(), boxes.cls.numpy().astype(int))
                found = detector.detect([detector.prepare(picture)])[0]
                counts += [matched(theirs, found), len(theirs[1]), len(found)]
    same, theirs_all, ours_all = counts.tolist()
    return {"recall": same / theirs_all, "precision": same / ours_all, "boxes": theirs_all, "backend": backend}


def reading(clip: Path) -> dict[str, float]:
    """Finding, checking and packing a cache of 300,000 boxes and 54,000 frames (30 minutes)."""
    from dataclasses import replace

    from core.records import FrameLedger

    frames, boxes = 54_000, 300_000
    video = probe(clip)
    dice = np.random.default_rng(1)
    counts = np.bincount(dice.integers(0, frames, boxes), minlength=frames)
    with tempfile.TemporaryDirectory() as folder:
        info = replace(video.info, path=str(Path(folder) / "long.mp4"), frames=frames)
        weights = Weights("best.pt", "0" * 64)
        meta = detections.CacheMeta(30.0, frames, info.width, info.height, "best.pt", ("a",) * 80, 0.05, 0.9, 640)
        columns = {
            "boxes": np.sort(dice.random((boxes, 2, 2)), axis=1).reshape(boxes, 4).astype(np.float16),
            "confs": dice.random(boxes).astype(np.float16),
            "clss": dice.integers(0, 80, boxes).astype(np.uint16),
            "indptr": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        }
        detections.write(detections.path_to_write(info, weights, Path(folder)), meta, columns)
        ledger = FrameLedger(np.arange(frames, dtype=np.int64), np.ones(frames, bool), video.ledger.time_base)
        read, pack, size = [], [], 0
        for _ in range(9):
            start = time.perf_counter()
            cache = detections.find(info, weights).cache
            read.append(time.perf_counter() - start)
            start = time.perf_counter()
            size = len(page_bytes(info, ledger, cache))
            pack.append(time.perf_counter() - start)
    return {"read_ms": 1000 * statistics.median(read), "pack_ms": 1000 * statistics.median(pack), "page_bytes": size}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--loops", type=int, default=LOOPS, help="how often an MP4 is repeated for the speed")
    options.add_argument("--clips", nargs="+", default=list(CLIPS))
    options.add_argument("--once", nargs=4, metavar=("WHAT", "VIDEO", "WEIGHTS", "DEVICE"), help=argparse.SUPPRESS)
    args = options.parse_args()
    prepare_environment()
    if args.once:
        what, video, weights, device = args.once
        print(json.dumps(ONCE[what](probe(video), identify(weights), device)))
        return
    clips = [assets() / "media" / name for name in args.clips]
    best = assets() / "models" / WEIGHTS[0]
    report: dict[str, object] = {
        "machine": {"cpu": platform.processor(), "cores": threads_to_use(), "gpu": cuda_name()},
        "reading": reading(clips[0]),
    }

    def keep(name: str, values: object) -> None:
        report[name] = values
        shown = {k: v for k, v in values.items() if k != "rounds"} if isinstance(values, dict) else values
        print(name, json.dumps(shown), flush=True)
        RESULTS.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    print("reading", json.dumps(report["reading"]), flush=True)
    keep("agreement", {name: agreement(clips, assets() / "models" / name) for name in WEIGHTS})
    with tempfile.TemporaryDirectory() as folder:
        for clip in clips:
            long = looped(clip, args.loops, Path(folder))
            keep(f"cpu {clip.name}", speed(long, best, args.repeats, "cpu"))
    keep("memory", memory(clips[0], best, "cpu"))
    if cuda_name():
        with tempfile.TemporaryDirectory() as folder:
            for clip in clips:
                keep(f"cuda {clip.name}", speed(looped(clip, 8 * args.loops, Path(folder)), best, args.repeats, "cuda"))
    else:
        print("no GPU: the figures for CUDA are not measured.", flush=True)


if __name__ == "__main__":
    main()
