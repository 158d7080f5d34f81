"""Measures stage 1 on a GPU: YOLOv8s at 1080p, random weights; writes benchmarks/results/people_gpu.json.

Run: python -m benchmarks.bench_people_gpu [--frames N]. Wanted: at least 51.8 frames a second, and at least 0.85 of the
slower of decoder and bare model. Says so, and writes nothing, where no GPU is.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

import numpy as np

from core import files
from core.pipeline.persons.people import people
from core.settings.persons import PersonsArguments
from core.video.encode import encode
from core.video.probe import probe
from core.video.stream import FrameStream

RESULTS = Path(__file__).parent / "results" / "people_gpu.json"
SIZE, RATE, BATCH = (1920, 1080), Fraction(30), 16
WANTED, SHARE = 51.8, 0.85


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1500)
    frames = parser.parse_args().frames
    import torch

    if not torch.cuda.is_available():
        print("no GPU is here, so that nothing was measured; run it on a machine that has one.")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip, weights = folder / "clip.mp4", folder / "random.pt"
        encode(pictures(frames), clip, RATE, crf=23)
        random_weights(weights)
        decoder, model = decoded_per_s(clip), bare_per_s(weights, frames)
        began = time.perf_counter()
        for _ in people(
            PersonsArguments(video=clip, weights=weights, stages="1", out=folder / "out", downloads=folder, unsafe=True)
        ):
            pass
        stage = frames / (time.perf_counter() - began)
    share = stage / min(decoder, model)
    found = {"gpu": torch.cuda.get_device_name(), "frames": frames, "decoder": decoder, "bare_model": model}
    found |= {"stage_1": stage, "share": share, "wanted": WANTED, "wanted_share": SHARE}
    files.write_json(RESULTS, found)
    print(found)
    return int(stage < WANTED or share < SHARE)


def pictures(frames: int) -> Generator[np.ndarray, None, None]:
    """Noise that moves."""
    noise = np.random.default_rng(1).integers(0, 255, (SIZE[1], SIZE[0] + frames, 3), dtype=np.uint8)
    for at in range(frames):
        yield np.ascontiguousarray(noise[:, at : at + SIZE[0]])


def random_weights(path: Path) -> None:
    """YOLOv8s from the package's own yaml: as fast as a trained one."""
    from ultralytics import YOLO

    YOLO("yolov8s.yaml").save(path)


def decoded_per_s(clip: Path) -> float:
    video, count = probe(clip), 0
    began = time.perf_counter()
    with FrameStream(video) as frames:
        for frame in frames:
            frame.rgb()
            count += 1
    return count / (time.perf_counter() - began)


def bare_per_s(weights: Path, frames: int) -> float:
    """The model alone, in half precision, on pictures that lie on the GPU."""
    import torch
    from ultralytics import YOLO

    model = YOLO(weights).model.cuda().half().eval()
    batch = torch.zeros((BATCH, 3, 384, 640), dtype=torch.half, device="cuda")
    with torch.inference_mode():
        for _ in range(5):
            model(batch)
        torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(max(1, frames // BATCH)):
            model(batch)
        torch.cuda.synchronize()
    return max(1, frames // BATCH) * BATCH / (time.perf_counter() - began)


if __name__ == "__main__":
    raise SystemExit(main())
