"""Measures opening, filtering and de-duplicating a run of 100,000 records; writes benchmarks/results/filter.json.

Run: python -m benchmarks.filter [--records N]. Each figure is the best of several repeats, wall and CPU seconds of this
process. Baselines do the same job in the obvious way: json.loads into a list of dicts, a Python loop over records,
numpy's all pairs. The last is timed on a part of the rows and scaled, which the table says.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core import files
from core.metrics import hamming
from core.pipeline.select import select
from core.records import FrameRecord, FrameTable
from core.settings.columns import METRIC_NAMES
from core.settings.filter import FilterSettings
from core.store import jsonl, table

RESULTS = Path(__file__).parent / "results" / "filter.json"
SEED = 20260101
DISTANCE = 5
ROWS_OF_ALL_PAIRS = 1000
BOUNDS = FilterSettings(
    min={"quality_score": 5.0, "sharpness": 5.0, "contrast": 5.0, "entropy": 5.0, "face_count": 1.0},
    max={"brightness": 95.0, "face_distance": 1.9, "max_face_area_pct": 95.0},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    count = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metadata.jsonl"
        jsonl.rewrite(path, synthetic_records(count))
        rows = [*opening(path), *filtering(path), *duplicates(count)]
        size = path.stat().st_size
    machine = {"cpu": cpu_name(), "cores": os.cpu_count(), "python": platform.python_version(), "numpy": np.__version__}
    RESULTS.parent.mkdir(exist_ok=True)
    files.write_json(RESULTS, {"records": count, "bytes": size, "machine": machine, "rows": rows})
    show(rows)


def synthetic_records(count: int) -> Iterator[FrameRecord]:
    """Records as extract and the face stage write them; one in ten has no face."""
    rng = np.random.default_rng(SEED)
    metrics = rng.uniform(0, 100, (count, len(METRIC_NAMES) + 1)).round(4).tolist()
    faces = rng.uniform(0, 1, (count, 2)).round(4).tolist()
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64).tolist()
    for i in range(count):
        found = i % 10 > 0
        face = {
            "face_count": int(found),
            "max_face_confidence": faces[i][0] if found else None,
            "max_face_area_pct": 100 * faces[i][1] if found else None,
            "face_distance": 2 * faces[i][0] if found else None,
        }
        named = dict(zip(METRIC_NAMES, metrics[i], strict=False))
        yield FrameRecord(
            i,
            i / 25,
            f"frame_{i:06d}.jpg",
            shot_id=i // 250,
            quality_score=metrics[i][-1],
            phash=f"{hashes[i]:016x}",
            more=face,
            **named,
        )


def opening(path: Path) -> list[dict[str, Any]]:
    def with_json() -> list[dict[str, Any]]:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    ours = timed("open a run: load_table", lambda: table.load_table(path), 5)
    return compared(ours, timed("open a run: json.loads into dicts", with_json, 3))


def filtering(path: Path) -> list[dict[str, Any]]:
    columns, records = table.load_table(path), list(jsonl.read(path))
    ours = timed("8 thresholds: select (with reasons and only_by)", lambda: select(columns, BOUNDS), 200)
    bare = timed("8 thresholds: Python loop (keep only)", lambda: loop(records), 5)
    kept = select(columns, BOUNDS).kept.tolist()
    if kept != loop(records):
        raise AssertionError("select and the loop disagree")
    rows = compared(ours, bare)
    everything = FilterSettings(min=BOUNDS.min, max=BOUNDS.max, dedup=DISTANCE, per_shot=20, top=5000)
    return [*rows, timed("8 thresholds + dedup + 2 quotas: select", lambda: select(columns, everything), 5)]


def loop(records: list[dict[str, Any]]) -> list[int]:
    """What a script would do."""
    kept = []
    for record in records:
        low = all((v := record.get(name)) is not None and v >= bound for name, bound in BOUNDS.min.items())
        if low and all((v := record.get(name)) is not None and v <= bound for name, bound in BOUNDS.max.items()):
            kept.append(record["frame_number"])
    return kept


def duplicates(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(SEED)
    random = rng.integers(0, 2**64, count, dtype=np.uint64)
    bit = np.uint64(1) << rng.integers(0, 64, count).astype(np.uint64)
    some = min(count, ROWS_OF_ALL_PAIRS)
    slow = timed(f"duplicates: numpy all pairs, {some} rows scaled", lambda: all_pairs(random, some), 3)
    for clock in ("wall_s", "cpu_s"):
        slow[clock] *= count / some
    fast = timed("duplicates: random", lambda: hamming.first_near(random, DISTANCE), 5)
    cases = {
        "one in five is near another": np.where(np.arange(count) % 5 == 0, np.roll(random, 1) ^ bit, random),
        "all identical": np.zeros(count, np.uint64),
        "all within one bit": bit,
        "200 clusters": random[rng.integers(0, 200, count)] ^ bit,
        "half of the bits never change": random & np.uint64(0xFFFFFFFF),
    }
    rest = [timed(f"duplicates: {n}", lambda h=h: hamming.first_near(h, DISTANCE), 5) for n, h in cases.items()]
    return [*compared(fast, slow), *rest]


def all_pairs(hashes: np.ndarray, rows: int) -> int:
    """Half of the matrix, as a mean row of it: each row against half of all hashes."""
    half = hashes[: max(1, len(hashes) // 2)]
    return sum(int((np.bitwise_count(half ^ word) <= DISTANCE).sum()) for word in hashes[:rows])


def timed(name: str, job: Callable[[], FrameTable | Any], repeats: int) -> dict[str, Any]:
    """Best wall and best CPU seconds of several runs; the first, which may compile, is not counted."""
    job()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        job()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"name": name, "wall_s": min(walls), "cpu_s": min(cpus), "repeats": repeats}


def compared(ours: dict[str, Any], baseline: dict[str, Any]) -> list[dict[str, Any]]:
    ours["times_faster_wall"] = baseline["wall_s"] / ours["wall_s"]
    ours["times_faster_cpu"] = baseline["cpu_s"] / ours["cpu_s"]
    return [ours, baseline]


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def show(rows: list[dict[str, Any]]) -> None:
    print(f"{'job':58s} {'wall ms':>10s} {'CPU ms':>10s} {'faster':>8s}")
    for row in rows:
        faster = f"{row['times_faster_cpu']:7.1f}x" if "times_faster_cpu" in row else ""
        print(f"{row['name']:58s} {1000 * row['wall_s']:10.3f} {1000 * row['cpu_s']:10.3f} {faster:>8s}")


if __name__ == "__main__":
    main()
