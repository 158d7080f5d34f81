"""Measures the page in real Chromium; writes benchmarks/results/page.json.

Run: python -m benchmarks.page. Usable: from the start of ``python app.py`` until the source box can be typed into in a
browser that is already open, and until the gallery of a run stands there. Age: how old the newest state of a running
job on the screen is, from its time stamp in the job's file until the next one is painted. Drag: 30 real mouse moves of
a slider over 20,000 frames, 50 ms apart; each from the input event to the frame that shows the new count and the new
cells. Open: from choosing a run to its gallery.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.filter import cpu_name, synthetic_records
from core import files
from core.pipeline.extraction import extract_records
from core.settings.extract import ExtractSettings
from core.settings.model import to_mapping
from core.store import jsonl, run_file
from core.store.run import RunDir
from core.video.command import ffmpeg_path
from core.video.images import encode_jpeg
from tests import videos
from tests.browser import ARGS
from tests.serving import free_port

RESULTS = Path(__file__).parent / "results" / "page.json"
ROOT = Path(__file__).parents[1]
STARTS, OPENS, DRAG_STEPS = 3, 5, 30
LINKS = 10_000
SMALL, LARGE = 20_000, 100_000

WATCH_DRAG = """async ([label, steps]) => {
  const slider = document.querySelector(`input[aria-label="${label}"]`), kept = document.querySelector('.selbar b');
  const times = [];
  slider.addEventListener('input', () => {
    const began = performance.now(), before = kept.textContent;
    const look = () => kept.textContent === before ? requestAnimationFrame(look)
      : requestAnimationFrame(() => times.push(performance.now() - began));
    requestAnimationFrame(look);
  });
  window.dragTimes = times;
}"""


WATCH_JOB = """() => {
  const said = document.querySelector('#jobs .rate'), seen = (window.shownStates = []);
  const look = () => {
    const found = /extracting ([\\d,]+) of/.exec(said.textContent);
    const done = found && Number(found[1].replaceAll(',', ''));
    if (found && done !== seen.at(-1)?.[0]) seen.push([done, Date.now() / 1000]);
    requestAnimationFrame(look);
  };
  look();
}"""


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        downloads = Path(folder) / "downloads"
        for name, frames in (("large", LARGE), ("small", SMALL)):
            make_run(downloads / name, frames)
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=ARGS)
        starts = [usable(browser, downloads) for _ in range(STARTS)]
        rows = {
            "usable_s": [first for first, _ in starts],
            "gallery_s": [second for _, second in starts],
            "job_state_age_s": job_state_ages(browser, Path(folder)),
            **with_server(browser, downloads),
        }
        browser.close()
        results = summary(rows) | {"machine": machine(browser.version)}
    RESULTS.parent.mkdir(exist_ok=True)
    files.write_json(RESULTS, results)
    for name, value in results.items():
        print(f"{name:32s} {value}")


def make_run(folder: Path, frames: int) -> None:
    video = videos.build("h264-25")
    for _ in extract_records(video, ExtractSettings(method="keyframes", save_frames=False), out=folder):
        pass
    run = RunDir(folder)
    saved = run_file.read(run.run_json)
    settings = to_mapping(ExtractSettings(method="all", save_frames=False))
    run_file.write(run.run_json, run_file.RunFile(saved.video, settings, f"{frames:016x}", {"state": "complete"}))
    jsonl.rewrite(run.metadata, synthetic_records(frames))
    run.thumbs.mkdir()
    data = encode_jpeg(videos.paint(7, 320, 180), 80)
    for ordinal in range(frames):
        first = ordinal // LINKS * LINKS  # links, to spare the disk
        if ordinal == first:
            run.thumb(ordinal).write_bytes(data)
        else:
            os.link(run.thumb(first), run.thumb(ordinal))


@contextlib.contextmanager
def serving(downloads: Path, *options: str) -> Iterator[tuple[str, float]]:
    """A page in a process of its own; yields its address and when it was started."""
    argv = [sys.executable, "app.py", "--port", str(port := free_port()), "--downloads", str(downloads), *options]
    began = time.perf_counter()
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            server.stdout.readline()
            yield f"http://127.0.0.1:{port}", began
        finally:
            server.terminate()


def usable(browser: Any, downloads: Path) -> tuple[float, float]:
    """Seconds until the source box is there, and until a gallery is."""
    with serving(downloads) as (address, began):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        page.get_by_label("URL, path or dropped file").fill("x", timeout=60_000)
        first = time.perf_counter() - began
        page.get_by_role("tab", name="Filtering & Export").click()
        page.wait_for_function("document.querySelectorAll('.cell .there').length > 10", timeout=60_000, polling="raf")
        second = time.perf_counter() - began
        page.close()
    return first, second


def job_state_ages(browser: Any, folder: Path) -> list[float]:
    """Runs an extraction from the page; returns the age of each shown state at the moment when the next replaces it."""
    clip, downloads = folder / "clip.mp4", folder / "of_jobs"
    loops = ["-stream_loop", "40", "-i", str(videos.build("h264-25")), "-c", "copy", "-y", str(clip)]
    subprocess.run([ffmpeg_path(), "-v", "error", *loops], check=True)
    with serving(downloads, "--root", str(folder)) as (address, _):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        page.get_by_label("URL, path or dropped file").fill(str(clip), timeout=60_000)
        page.locator("#extract-method label", has_text="All frames").click()
        page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=60_000)
        page.evaluate(WATCH_JOB)
        page.get_by_role("button", name="Extract & Analyze Frames").click()
        page.wait_for_selector(".live[data-state=done]", timeout=120_000)
        shown = page.evaluate("window.shownStates")
        page.close()
    (log,) = downloads.glob("*/jobs/*.jsonl")
    written = [line for line in jsonl.read(log) if line.get("phase") == "extracting"]
    times = {int(line["done"]): float(line["at_s"]) for line in reversed(written)}
    pairs = [(times[done], after) for (done, _), (_, after) in itertools.pairwise(shown) if done in times]
    return [after - made for made, after in pairs]


def with_server(browser: Any, downloads: Path) -> dict[str, list[float]]:
    with serving(downloads) as (address, _):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        page.get_by_role("tab", name="Filtering & Export").click()
        page.wait_for_function("window.framesieve?.filter?.digest", timeout=60_000)
        opens = [open_run(page, name) for _ in range(OPENS) for name in ("small", "large")]
        found = {"open_20000_s": opens[::2], "open_100000_s": opens[1::2]}
        for name, frames in (("small", SMALL), ("large", LARGE)):
            open_run(page, name)
            found[f"drag_{frames}_ms"] = drag(page, "Sharpness, lower bound")
        open_run(page, "small")
        page.get_by_label("Remove near-duplicates").check()
        page.evaluate("framesieve.filter.settledDigest()")
        found[f"drag_{SMALL}_with_duplicates_ms"] = drag(page, "Sharpness, lower bound")
        page.close()
    return found


def open_run(page: Any, name: str) -> float:
    page.locator(".pick").click()
    row = page.get_by_role("option", name=name)
    row.wait_for()
    began = time.perf_counter()
    row.click()
    page.wait_for_function(
        f"framesieve.filter.run?.name === '{name}' && framesieve.filter.digest && document.querySelector('.there')",
        timeout=60_000,
        polling="raf",
    )
    return time.perf_counter() - began


def drag(page: Any, label: str) -> list[float]:
    page.get_by_label(f"{label}, as a number").fill("")
    page.get_by_label(f"{label}, as a number").press("Tab")
    page.get_by_label(label, exact=True).scroll_into_view_if_needed()
    page.evaluate("framesieve.filter.settledDigest()")
    page.evaluate(WATCH_DRAG, [label, DRAG_STEPS])
    box = page.get_by_label(label, exact=True).bounding_box()
    left, middle = box["x"] + 7, box["y"] + box["height"] / 2
    page.mouse.move(left, middle)
    page.mouse.down()
    for step in range(1, DRAG_STEPS + 1):
        page.mouse.move(left + step * (box["width"] - 14) * 0.8 / DRAG_STEPS, middle)
        page.wait_for_timeout(50)
    page.mouse.up()
    page.wait_for_timeout(500)
    return list(page.evaluate("window.dragTimes"))


def summary(rows: dict[str, list[float]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, times in rows.items():
        digits = 1 if name.endswith("_ms") else 2
        found[f"{name}_median"] = round(statistics.median(times), digits)
        found[f"{name}_worst"] = round(max(times), digits)
        if name.startswith("drag"):
            found[f"{name.removesuffix('_ms')}_painted"] = f"{len(times)} of {DRAG_STEPS}"
    return found


def machine(chromium: str) -> dict[str, Any]:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load": load,
        "python": platform.python_version(),
        "chromium": chromium,
    }


if __name__ == "__main__":
    main()
