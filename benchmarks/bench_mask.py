"""Measures both maskers on a CPU; writes benchmarks/results/mask.json.

Run: python -m benchmarks.bench_mask [PART ...] [--side PX] [--frames N]. Parts, each in a process of its own:

* ratio: SAM 2.1 tiny with random weights, ours and the package's bare predictor frame by frame in turns, the same
  network and the same pictures (the bare one has them scaled and in memory beforehand). Wanted: at most 1.1.
* memory-50, memory-200, memory-800: peak memory of a shot of so many frames. Wanted: the same.
* click: a click on a tile whose embedding is kept, beside the decoder alone. Wanted: at most 100 ms more.
* yolo: frames a second of decoding, yolo-seg and PNG masks, beside what the CPU seconds of the three, measured one by
  one, allow on this machine's cores. Wanted: at least 0.9.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.prompts import Prompt

RESULTS = Path(__file__).parent / "results" / "mask.json"
ASSETS = Path(os.environ.get("FRAMESIEVE_TEST_ASSETS") or Path(__file__).parents[2] / "shared")
PARTS = ("ratio", "memory-50", "memory-200", "memory-800", "click", "yolo")
SIZE, SIDE = (1280, 720), 512
MIB = 1 << 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--child", action="store_true")
    given = parser.parse_args()
    if given.child:
        print(json.dumps(measured(given.parts[0], given.side, given.frames)))
        return 0
    from benchmarks.filter import cpu_name

    found = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for part in given.parts:
        command = [sys.executable, "-m", "benchmarks.bench_mask", part, "--child"]
        command += ["--side", str(given.side), "--frames", str(given.frames)]
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout
        name = part if given.side == SIDE else f"{part} at {given.side} px"
        found[name] = json.loads(out.splitlines()[-1]) | {"cpu": cpu_name(), "cores": len(os.sched_getaffinity(0))}
        print(name, found[name], flush=True)
        RESULTS.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")
    return 0


def measured(part: str, side: int, frames: int) -> dict[str, Any]:
    kind, _, length = part.partition("-")
    if kind == "memory":
        return memory(int(length), side)
    return {"ratio": ratio, "click": click, "yolo": yolo}[kind](side, frames)


# --- SAM 2


def sam2(side: int, size: str = "tiny") -> Any:
    import torch

    from core.models.sam2 import Sam2Masker, build
    from core.models.sam2_weights import Variant

    torch.manual_seed(2)
    variant, device = Variant("2.1", size), "cuda" if torch.cuda.is_available() else "cpu"
    return Sam2Masker(build(variant, side, device), variant, side, device, "")


class Film:
    """A square that walks over noise; made when it is asked for."""

    def __init__(self, length: int) -> None:
        self._length, dice = length, np.random.default_rng(0)
        self._ground = dice.integers(0, 120, (SIZE[1], SIZE[0], 3), np.uint8)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> np.ndarray:
        frame = self._ground.copy()
        left = index * 5 % (SIZE[0] - 200)
        frame[200:400, left : left + 200] = (220, 40, 40)
        return frame


def click_on(index: int) -> Prompt:
    point = np.array([[index * 5 % (SIZE[0] - 200) + 100, 300]], np.float32)
    return Prompt(index, 1, point, np.ones(1, np.int8))


def bare(model: Any, masker: Any, film: Film) -> Iterator[Any]:
    """The package's own loop over pictures that are there already."""
    import contextlib

    import torch

    state = masker.network.state(len(film), *SIZE)
    names = ("point_inputs_per_obj", "mask_inputs_per_obj", "output_dict_per_obj", "temp_output_dict_per_obj")
    state |= {name: {} for name in (*names, "frames_tracked_per_obj", "obj_id_to_idx", "obj_idx_to_id")}
    state |= {"obj_ids": [], "video_height": SIZE[1], "video_width": SIZE[0]}
    state["images"] = [masker.network.picture(film[i]) for i in range(len(film))]
    half = torch.autocast("cuda", dtype=torch.bfloat16) if model.device.type == "cuda" else contextlib.nullcontext()
    said = click_on(0)
    with half:
        model.add_new_points_or_box(state, 0, 1, said.points, said.labels.astype(np.int32))
        for _, _, logits in model.propagate_in_video(state):
            yield (logits[:, 0] > 0).cpu().numpy()


def ratio(side: int, frames: int, size: str = "tiny") -> dict[str, Any]:
    masker, film = sam2(side, size), Film(frames)
    runs = {"ours": masker.shot(film, [click_on(0)]), "bare": bare(masker._model, masker, film)}
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(frames):
        masks = {}
        for name in ("ours", "bare") if i % 2 else ("bare", "ours"):
            began, busy = time.perf_counter(), time.process_time()
            masks[name] = next(runs[name])
            wall[name].append(time.perf_counter() - began)
            cpu[name].append(time.process_time() - busy)
        assert (masks["ours"].masks == masks["bare"]).all()
    full = slice(8, None)  # the memory is full from here on
    middle = {f"{name}_s": statistics.median(times[full]) for name, times in wall.items()}
    busy = {f"{name}_cpu_s": sum(times[full]) / len(times[full]) for name, times in cpu.items()}
    both = {"ratio": middle["ours_s"] / middle["bare_s"], "ratio_cpu": busy["ours_cpu_s"] / busy["bare_cpu_s"]}
    return {"side": side, "frames": frames, "backend": masker.backend} | middle | busy | both


def memory(length: int, side: int) -> dict[str, Any]:
    masker, rss = sam2(side), []
    began = time.perf_counter()
    start = min(20, length // 2)
    for _ in masker.shot(Film(length), [click_on(start)]):
        rss.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    later = rss[40:]
    return {
        "side": side,
        "frames": length,
        "peak_mib": int(status["VmHWM"].split()[0]) / 1024,
        "growth_mib_per_frame": float(np.polyfit(range(len(later)), later, 1)[0]) if len(later) > 1 else 0.0,
        "seconds_per_frame": (time.perf_counter() - began) / length,
    }


def click(side: int, _frames: int, size: str = "tiny") -> dict[str, Any]:
    masker, picture = sam2(side, size), Film(1)[0]
    decoder: list[float] = []
    began = [0.0]
    heads = masker._model._forward_sam_heads

    def timed(*args: Any, **named: Any) -> Any:
        began[0] = time.perf_counter()
        out = heads(*args, **named)
        decoder.append(time.perf_counter() - began[0])
        return out

    masker._model._forward_sam_heads = timed
    masker.still(picture, [click_on(0)], "tile")
    decoder.clear()
    walls = []
    for _ in range(20):
        start = time.perf_counter()
        masker.still(picture, [click_on(0)], "tile")
        walls.append(time.perf_counter() - start)
    a, b = statistics.median(walls) * 1e3, statistics.median(decoder) * 1e3
    return {"side": side, "click_ms": a, "decoder_ms": b, "more_ms": a - b}


# --- YOLO segmentation


def yolo(_side: int, frames: int) -> dict[str, Any]:
    """Runs the whole, then its three costs one by one, three times in turns."""
    import cv2

    from core.models.masking import open_masker

    weights, clip = ASSETS / "models" / "yolov8n-seg.pt", ASSETS / "media" / "juggle.mp4"
    count = max(frames, 150)
    cores = len(os.sched_getaffinity(0))
    cv2.setNumThreads(1)
    rounds = []
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("FRAMESIEVE_CACHE", name)
        masker = open_masker("yolo-seg", weights, device="cpu")
        for _ in range(3):
            costs = separately(masker, clip, count, Path(name))
            wall, busy = whole(masker, clip, count, Path(name))
            rounds.append((count / wall, cores * count / sum(costs.values()), sum(costs.values()) / busy, costs))
    ours, allowed, share_cpu = (statistics.median(one[i] for one in rounds) for i in range(3))
    return {
        "frames": count,
        "backend": masker.backend,
        "ours_fps": ours,
        "allowed_fps": allowed,
        "share": statistics.median(one[0] / one[1] for one in rounds),
        "share_cpu": share_cpu,
        "cpu_ms": {part: 1e3 * cost / count for part, cost in rounds[-1][3].items()},
    }


class Clip:
    """Frames of a clip in order, from either end of it: decoded when asked for."""

    def __init__(self, path: Path, count: int) -> None:
        import cv2

        self._capture, self._count, self._next = cv2.VideoCapture(str(path)), count, 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> np.ndarray:
        import cv2

        if index != self._next:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, index)
        self._next = index + 1
        return cv2.cvtColor(self._capture.read()[1], cv2.COLOR_BGR2RGB)


def whole(masker: Any, clip: Path, count: int, folder: Path) -> tuple[float, float]:
    """Returns wall and CPU seconds of decoding, masks, and writing them."""
    said = Prompt(0, 1, np.array([[745, 300]], np.float32), np.ones(1, np.int8))
    began, busy = time.perf_counter(), time.process_time()
    for one in masker.shot(Clip(clip, count), [said]):
        write(folder / f"{one.index}.png", one.masks[0])
    return time.perf_counter() - began, time.process_time() - busy


def separately(masker: Any, clip: Path, count: int, folder: Path) -> dict[str, float]:
    """Returns CPU seconds of decoding, of the network with letterbox and decoding of its output, and of writing."""
    film = Clip(clip, count)
    busy = time.process_time()
    frames = [film[i] for i in range(count)]
    decode = time.process_time() - busy
    segmenter = masker._open_for(*SIZE)
    busy = time.process_time()
    found = [segmenter.find(segmenter.prepare(frame)) for frame in frames[:60]]
    model = (time.process_time() - busy) * count / 60
    masks = [one.part(0).within((0, 0, *SIZE)) for one in found if len(one)]
    busy = time.process_time()
    for i, mask in enumerate(masks):
        write(folder / f"{i}.png", mask)
    return {"decode": decode, "model": model, "write": (time.process_time() - busy) * count / len(masks)}


def write(path: Path, mask: np.ndarray) -> None:
    import cv2

    cv2.imwrite(str(path), mask.view(np.uint8) * 255)


if __name__ == "__main__":
    sys.exit(main())
