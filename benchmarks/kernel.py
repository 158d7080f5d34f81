"""Measures the metric kernels against OpenCV on one real 1080p luma plane; writes benchmarks/results/kernel.json.

Run from the repository root: ``python -m benchmarks.kernel [--rounds 15]``. All ways are measured in turn, round after
round, so that a busy neighbour slows all of them; a figure is the median over the rounds of one call's time.
CPU time is that of the process, OpenCV works on one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.metrics.quality import Stats, luma_difference, measure, measure_masked

WIDTH, HEIGHT = 1920, 1080
RESULTS = Path(__file__).parent / "results" / "kernel.json"
FULL = (1000.0, 100.0, 2.0, 1.0, 8.0)
LEVELS = np.arange(256.0)
TO_FULL_RANGE = np.clip(np.round((LEVELS - 16) * 255 / 219), 0, 255).astype(np.uint8)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=15, help="how often each way is measured")
    rounds = options.parse_args().rounds
    cv2.setNumThreads(1)
    planes, source = planes_from_clip()
    ways = all_ways(planes)
    assert_same_numbers(ways)
    times = measure_in_turn(ways, rounds)
    report = {"source": source, "width": WIDTH, "height": HEIGHT, "rounds": rounds, "machine": platform.machine()}
    report |= {"ms": times, "ratios": ratios(times)}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    print_table(times, report["ratios"], source)


def planes_from_clip() -> tuple[list[NDArray[np.uint8]], str]:
    """Returns two (1080, line_size) luma planes some frames apart, and where they came from."""
    folder = Path(os.environ.get("FRAMESIEVE_TEST_ASSETS", "../shared")) / "media"
    for clip in sorted(folder.glob("*.mp4")):
        return [luma_of(clip, ordinal) for ordinal in (60, 65)], clip.name
    return [textured(0), textured(1)], "synthetic"


def luma_of(clip: Path, ordinal: int) -> NDArray[np.uint8]:
    import av

    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == ordinal:
                plane = frame.reformat(WIDTH, HEIGHT, "yuv420p", interpolation="BICUBIC").planes[0]
                return np.frombuffer(plane, np.uint8).reshape(HEIGHT, plane.line_size).copy()
    raise SystemExit(f"{clip.name} has no frame {ordinal}")


def textured(seed: int) -> NDArray[np.uint8]:
    """Returns blurred noise with edges: about the spectrum of a photo."""
    noise = np.random.default_rng(seed).normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32)
    layers = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1, 4, 16, 64))
    return cv2.normalize(layers, None, 16, 235, cv2.NORM_MINMAX).astype(np.uint8)


def all_ways(planes: list[NDArray[np.uint8]]) -> dict[str, Callable[[], Any]]:
    luma, other = planes
    picture = TO_FULL_RANGE[luma[:, :WIDTH]]  # OpenCV gets the mapped plane for nothing
    everything, middle = np.full((HEIGHT, WIDTH), 255, np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(middle, (WIDTH // 2, HEIGHT // 2), (240, 480), 0, 0, 360, 255, -1)
    return {
        "ours": lambda: measure(luma, WIDTH, full_range=False),
        "ours with phash": lambda: measure(luma, WIDTH, full_range=False, phash=True),
        "OpenCV 64-bit float": lambda: opencv_exact(picture),
        "OpenCV tuned": lambda: opencv_tuned(picture),
        "ours, full mask": lambda: measure_masked(luma, everything, WIDTH, full_range=False),
        "ours, person-sized mask": lambda: measure_masked(luma, middle, WIDTH, full_range=False),
        "luma difference": lambda: luma_difference(luma, other, WIDTH),
    }


def opencv_exact(picture: NDArray[np.uint8]) -> Stats:
    laplacian = cv2.Laplacian(picture, cv2.CV_64F)
    gx, gy = cv2.Sobel(picture, cv2.CV_64F, 1, 0), cv2.Sobel(picture, cv2.CV_64F, 0, 1)
    counts = np.bincount(picture.ravel(), minlength=256)
    mean = picture.mean()
    edge = np.sqrt(gx * gx + gy * gy).mean()
    return normalised(laplacian.var(), edge, picture.std() / mean, mean / 255, entropy(counts, picture.size))


def opencv_tuned(picture: NDArray[np.uint8]) -> Stats:
    """The same with the narrowest types and OpenCV's own reductions; mean and deviation from the histogram."""
    deviation = cv2.meanStdDev(cv2.Laplacian(picture, cv2.CV_16S))[1][0, 0]
    gx, gy = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    edge = cv2.mean(cv2.magnitude(gx, gy))[0]
    counts = cv2.calcHist([picture], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    mean = counts @ LEVELS / picture.size
    spread = math.sqrt(max(0.0, counts @ LEVELS**2 / picture.size - mean * mean))
    return normalised(deviation**2, edge, spread / mean, mean / 255, entropy(counts, picture.size))


def entropy(counts: NDArray[Any], pixels: int) -> float:
    share = counts[counts > 0] / pixels
    return float(-(share * np.log2(share)).sum())


def normalised(*raw: float) -> Stats:
    return Stats(*(100 * min(1.0, float(value) / full) for value, full in zip(raw, FULL, strict=True)))


def assert_same_numbers(ways: dict[str, Callable[[], Any]]) -> None:
    exact = ways["OpenCV 64-bit float"]()[:5]
    for name in ("ours", "OpenCV tuned", "ours, full mask"):
        np.testing.assert_allclose(ways[name]()[:5], exact, rtol=1e-6, err_msg=name)


def measure_in_turn(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    """Returns CPU and wall milliseconds of one call: medians over the rounds, and the fastest round."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, call in ways.items():
            samples[name].append(time_of(call, 2 if name == "OpenCV 64-bit float" else 10))
    return {
        name: {
            "cpu": round(statistics.median(cpu for cpu, _ in found), 4),
            "cpu_min": round(min(cpu for cpu, _ in found), 4),
            "wall": round(statistics.median(wall for _, wall in found), 4),
            "wall_min": round(min(wall for _, wall in found), 4),
        }
        for name, found in samples.items()
    }


def time_of(call: Callable[[], Any], calls: int) -> tuple[float, float]:
    call()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(calls):
        call()
    return (time.process_time() - cpu) * 1000 / calls, (time.perf_counter() - wall) * 1000 / calls


def ratios(times: dict[str, dict[str, float]]) -> dict[str, float]:
    ours = times["ours"]["cpu"]
    return {
        "OpenCV 64-bit float / ours": round(times["OpenCV 64-bit float"]["cpu"] / ours, 2),
        "OpenCV tuned / ours": round(times["OpenCV tuned"]["cpu"] / ours, 2),
        "phash costs, ms": round(times["ours with phash"]["cpu"] - ours, 4),
        "full mask / no mask": round(times["ours, full mask"]["cpu"] / ours, 2),
    }


def print_table(times: dict[str, dict[str, float]], compared: dict[str, float], source: str) -> None:
    print(f"{WIDTH}x{HEIGHT} luma of {source}, ms per frame")
    print(f"{'':26s}{'CPU':>9s}{'CPU min':>9s}{'wall':>9s}{'wall min':>9s}")
    for name, row in times.items():
        print(f"{name:26s}" + "".join(f"{row[key]:9.3f}" for key in ("cpu", "cpu_min", "wall", "wall_min")))
    for name, value in compared.items():
        print(f"{name:35s}{value:9.2f}")


if __name__ == "__main__":
    main()
