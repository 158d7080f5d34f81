"""Measures the choice of the best N stills in real Chromium and in Python; writes benchmarks/results/spread.json.

Run: python -m benchmarks.spread. One ``select`` over 20,000 frames of a made-up film (shots of two to eight seconds,
alike within, scores that wander), N = 20 and 500, for each way of spreading: median and spread of 15 runs after three
that warm up, wall milliseconds, and whether both chose the same frames. In the browser it is the module that the page's
worker runs.
"""

from __future__ import annotations

import base64
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.filter import cpu_name
from core import files
from core.pipeline.select import digest, select
from core.records import FrameTable
from core.settings.filter import FilterSettings
from core.settings.model import to_mapping
from core.ui.columns import pack
from core.ui.web import scripts_version
from tests.browser import ARGS
from tests.serving import serving

RESULTS = Path(__file__).parent / "results" / "spread.json"
FRAMES, RATE = 20_000, 25
STILLS, SPREADS = (20, 500), ("time+look", "motion", "all")
WARM, RUNS = 3, 15
GOAL_MS = 50
SEED = 20261127

SCRIPT = """async ({ address, data, filters, warm, runs }) => {
  const { select } = await import(address + 'select.js');
  const { unpack, digestOf } = await import(address + 'table.js');
  const table = unpack(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
  const times = [];
  let chosen;
  for (let i = 0; i < warm + runs; i++) {
    const began = performance.now();
    chosen = select(table, filters, { keep: [], reject: [] });
    times.push(performance.now() - began);
  }
  return { times: times.slice(warm), digest: digestOf(table, chosen.reason) };
}"""


def main() -> None:
    from playwright.sync_api import sync_playwright

    table = film()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    rows = []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGS)
        version = browser.version
        page = browser.new_page()
        page.goto(address)
        packed = {"address": f"{address}fs/web/{scripts_version()}/", "warm": WARM, "runs": RUNS}
        packed["data"] = base64.b64encode(pack(table, np.zeros(0, np.int64))).decode()
        for stills in STILLS:
            for kind in SPREADS:
                filters = FilterSettings(best=stills, spread=kind)
                rows.append(row(table, filters, page.evaluate(SCRIPT, packed | {"filters": to_mapping(filters)})))
        browser.close()
    machine = {"cpu": cpu_name(), "cores": os.cpu_count(), "python": platform.python_version(), "chromium": version}
    machine |= {"load": round(os.getloadavg()[0], 1)}
    files.write_json(RESULTS, {"frames": len(table), "goal_ms": GOAL_MS, "machine": machine, "rows": rows})
    show(rows)


def row(table: FrameTable, filters: FilterSettings, theirs: dict[str, Any]) -> dict[str, Any]:
    """What one setting costs here and there."""
    ours = select(table, filters)
    python = timed(lambda: select(table, filters))
    return {
        "best": filters.best,
        "spread": filters.spread,
        "chosen": len(ours.kept),
        "equal": theirs["digest"] == digest(ours.kept),
        "browser": summary(theirs["times"]),
        "python": summary(python),
    }


def timed(job: Callable[[], object]) -> list[float]:
    """Milliseconds of each run."""
    times = []
    for _ in range(WARM + RUNS):
        began = time.perf_counter()
        job()
        times.append(1000 * (time.perf_counter() - began))
    return times[WARM:]


def summary(times: list[float]) -> dict[str, float]:
    found = {"median_ms": statistics.median(times), "least_ms": min(times), "most_ms": max(times)}
    return {name: round(value, 2) for name, value in found.items()}


def film(frames: int = FRAMES) -> FrameTable:
    """Shots of two to eight seconds: hashes and colours alike within, scores that wander, some frames flagged."""
    rng = np.random.default_rng(SEED)
    cuts = np.cumsum(rng.integers(2 * RATE, 8 * RATE, frames // RATE))
    shot = np.searchsorted(cuts, np.arange(frames), side="right")
    shots = int(shot[-1]) + 1
    flips = np.cumsum(rng.random((frames, 64)) < 0.006, axis=0) % 2
    hashes = rng.integers(0, 2**64, shots, dtype=np.uint64)[shot] ^ np.packbits(flips, axis=1).view(np.uint64)[:, 0]
    colours = rng.integers(40, 216, (shots, 36))[shot] + rng.integers(-3, 4, (frames, 36))
    score = np.clip(50 + np.cumsum(rng.normal(0, 1.2, frames)) % 40 + rng.normal(0, 6, frames), 0, 100)
    return FrameTable(
        ordinal=np.arange(frames, dtype=np.int64),
        pts_s=np.arange(frames) / RATE,
        shot=shot.astype(np.int64),
        phash=hashes,
        has_phash=np.ones(frames, np.bool_),
        colours=colours.astype(np.uint8),
        has_colours=np.ones(frames, np.bool_),
        error=np.zeros(frames, np.bool_),
        discard=np.zeros(frames, np.int16),
        discards=("",),
        on_disk=np.zeros(frames, np.bool_),
        values={
            "picture_score": score,
            "blank": (rng.random(frames) < 0.01).astype(np.float64),
            "displacement": displacements(shot),
        },
    )


def displacements(shot: np.ndarray) -> np.ndarray:
    """A camera that rests and moves by turns; not known at cuts."""
    rng = np.random.default_rng(SEED + 1)
    pace = np.repeat(rng.exponential(0.2, len(shot) // 50 + 1) * (rng.random(len(shot) // 50 + 1) < 0.7), 50)
    return np.where(np.diff(shot, prepend=0) > 0, np.nan, pace[: len(shot)])


def show(rows: list[dict[str, Any]]) -> None:
    print(f"{'N':>4s} {'spread':10s} {'chosen':>6s} {'equal':5s} {'browser ms':>11s} {'Python ms':>10s}")
    for one in rows:
        browser, python = one["browser"]["median_ms"], one["python"]["median_ms"]
        said = f"{one['best']:4d} {one['spread']:10s} {one['chosen']:6d} {one['equal']!s:5s}"
        print(f"{said} {browser:11.2f} {python:10.2f}")


if __name__ == "__main__":
    main()
