"""Measures Live Review in real Chromium; writes benchmarks/results/review.json.

Run: python -m benchmarks.review. A 30-minute 1080p H.264 video with a key frame every 250 frames and a cache of 300,000
boxes. Open: from the click on the video to the boxes of its first frame; the very first time (its frames are counted)
and later. Drag: from each input event of a slider to the frame of the screen with the new boxes. Save: from the key to
the answer on the screen, and to both files being on disk: paused after the server's decoder has caught up, while
playing, and right after a jump into the middle of a group of pictures (cold).
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clips import CACHE, _loop, clip
from benchmarks.page import machine, serving
from core import files
from tests.browser import ARGS

RESULTS = Path(__file__).parent / "results" / "review.json"
MINUTES, BOXES, GOP = 30, 300_000, 250
OPENS, STEPS, SAVES = 6, 60, 20

WATCH = """([label, steps]) => new Promise((done) => {
  const slider = document.querySelector(`input[aria-label="range slider for ${label}"]`);
  const times = [], showing = framesieve.review.showing, before = showing.after;
  let began = 0, step = 0;
  const move = () => {
    if (step >= steps) { showing.after = before; return done(times); }
    slider.value = 0.1 + 0.8 * ((step++ * 7) % steps) / steps;
    began = performance.now();
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  };
  showing.after = () => {
    if (!began) return;
    const from = began;
    began = 0;
    requestAnimationFrame((now) => { times.push([performance.now() - from]); setTimeout(move, 30); });
  };
  move();
})"""
SAVE = """() => new Promise((done) => {
  const saves = framesieve.review.saves, began = performance.now();
  document.querySelector('.screen').dispatchEvent(new KeyboardEvent('keydown', { key: 's', bubbles: true }));
  const told = new Promise((next) => requestAnimationFrame(() => setTimeout(() => next(performance.now() - began))));
  saves.settled().then(async () => {
    const entry = saves.entries.at(-1);
    done([await told, performance.now() - began, entry.state, saves.heard]);
  });
})"""
ARRIVED = "() => { const p = framesieve.review.player.film; return p.target === -1 && !p.seeking && p.frame >= 0; }"


def main() -> None:
    from playwright.sync_api import sync_playwright

    video = long_clip()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Path(folder) / "videos"
        place.mkdir()
        (place / "drive.mp4").symlink_to(video.resolve())
        frames = MINUTES * 1800
        write_cache(place / "drive.mp4", frames)
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=ARGS)
        options = ("--root", str(place), "--root", str(video.parent.resolve()))
        with serving(Path(folder) / "downloads", *options) as (address, _):
            found = measured(browser, address, place, frames)
        results = summary(found) | {"machine": machine(browser.version), "frames": frames, "boxes": BOXES}
        browser.close()
    RESULTS.parent.mkdir(exist_ok=True)
    files.write_json(RESULTS, results)
    print(json.dumps(results, indent=2))


def long_clip() -> Path:
    """The benchmark minute with long groups of pictures, over and over."""
    path = CACHE / f"review-1080p-gop{GOP}-{MINUTES}min.mp4"
    if not path.exists():
        minute = clip(1)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            once = Path(work) / "once.mp4"
            words = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", str(GOP), "-keyint_min", str(GOP)]
            words += ["-sc_threshold", "0", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(minute), *words, str(once)], check=True)
            _loop(once, MINUTES, Path(work) / path.name)
            (Path(work) / path.name).rename(path)
    return path


def write_cache(video: Path, frames: int) -> None:
    """A cache of random boxes in the layout of the original tool, in the folder of the real file."""
    rng = np.random.default_rng(1)
    counts = rng.multinomial(BOXES, np.full(frames, 1 / frames))
    counts[0] = max(counts[0], 5)
    corner = rng.random((int(counts.sum()), 2)) * 0.8
    size = rng.random(corner.shape) * 0.15 + 0.03
    confs = rng.beta(2, 2, len(corner))
    confs[:5] = 0.9
    stem = video.resolve().with_name(f"{video.resolve().stem}__bench")
    np.savez_compressed(
        stem.with_name(stem.name + ".preds.npz"),
        boxes=np.concatenate([corner, np.minimum(corner + size, 1)], axis=1).astype(np.float16),
        confs=confs.astype(np.float16),
        clss=rng.integers(0, 6, len(corner)).astype(np.uint16),
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )
    meta = {"names": ["car", "truck", "bus", "person", "bicycle", "sign"], "weights": "bench.pt"}
    stem.with_name(stem.name + ".meta.json").write_text(json.dumps(meta))


def measured(browser: Any, address: str, place: Path, frames: int) -> dict[str, list[float]]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(address)
    page.get_by_role("tab", name="Live Review").click()
    page.get_by_label("Folder of videos").fill(str(place))
    page.get_by_label("Folder of videos").press("Enter")
    page.locator(".video").first.wait_for()
    opens = [open_video(page) for _ in range(OPENS)]
    found = {"open_first_ever_s": opens[:1], "open_s": opens[1:]}
    page.wait_for_timeout(2000)
    for name, label in (("conf", "Confidence at least"), ("iou", "Overlap (IoU) at most")):
        found[f"drag_{name}_ms"] = [row[0] for row in page.evaluate(WATCH, [label, STEPS])]
    page.evaluate("framesieve.review.wish.hamming = 0")
    rng = np.random.default_rng(2)
    for name, wait_ms in (("paused", 2500), ("cold", 0)):
        rows = [save_at(page, int(at), wait_ms) for at in rng.integers(1000, frames - 1000, SAVES)]
        found |= columns(f"save_{name}", rows)
    found |= columns("save_playing", saves_while_playing(page))
    return found


def open_video(page: Any) -> float:
    page.evaluate("framesieve.review.showing.seen = []")
    return float(
        page.evaluate(
            """() => new Promise((done) => {
              const began = performance.now(), tab = framesieve.review.showing;
              tab.after = (p) => {
                if (p.frame === 0 && tab.seen?.length) {
                  tab.after = null;
                  requestAnimationFrame(() => done((performance.now() - began) / 1000));
                }
              };
              document.querySelector('.video').click();
            })"""
        )
    )


def save_at(page: Any, frame: int, wait_ms: int) -> list[Any]:
    page.evaluate("(frame) => framesieve.review.player.goTo(frame)", frame)
    page.wait_for_function(ARRIVED)
    page.wait_for_timeout(wait_ms)
    return forced(page)


def saves_while_playing(page: Any) -> list[list[Any]]:
    page.keyboard.press("2")
    page.keyboard.press(" ")
    page.wait_for_timeout(3000)
    rows = []
    for _ in range(SAVES // 2):
        rows.append(forced(page))
        page.wait_for_timeout(400)
    page.keyboard.press(" ")
    return rows


def forced(page: Any) -> list[Any]:
    """A save; where the looped clip shows the same picture again, the second press counts."""
    row = page.evaluate(SAVE)
    if row[2] != "saved":
        row = page.evaluate(SAVE)
    return list(row)


def columns(name: str, rows: list[list[Any]]) -> dict[str, list[float]]:
    saved = [row for row in rows if row[2] == "saved"]
    return {f"{name}_told_ms": [row[0] for row in saved], f"{name}_on_disk_ms": [row[1] for row in saved]}


def summary(found: dict[str, list[float]]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, times in found.items():
        digits = 1 if name.endswith("_ms") else 2
        if times:
            said[name] = {
                "median": round(statistics.median(times), digits),
                "worst": round(max(times), digits),
                "times": len(times),
            }
    return said


if __name__ == "__main__":
    main()
