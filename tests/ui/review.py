"""Live Review for the tests: a folder of counting videos with caches that are written by hand, and a page on it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from tests import videos
from tests.ui.conftest import Visit, type_text

WAIT_MS = 20_000
NAMES = ["person", "car", "dog"]
STRIPE = """() => { framesieve.review.after = ({ overlay, pen, frame }) => {
  const [wide, top] = [overlay.width / 16, overlay.height * 0.9];
  for (let bit = 0; bit < 16; bit++) {
    pen.fillStyle = (frame >> bit) & 1 ? '#fff' : '#000';
    pen.fillRect(bit * wide, top, wide, overlay.height - top);
  }
} }"""
"""Makes the overlay show its own frame number too, as 16 bits at the bottom."""
ARRIVED = "() => { const p = framesieve.review.player; return p.target === -1 && !p.seeking && p.frame >= 0; }"


def cache_for(video: Path, rows: list[list[tuple[int, float, float, float, float, float]]], stem: str = "best") -> Path:
    """Writes a cache in the layout of the original tool; a row is (class, confidence, x1, y1, x2, y2), normalised."""
    flat = [row for frame in rows for row in frame]
    preds = video.with_name(f"{video.stem}__{stem}.preds.npz")
    np.savez_compressed(
        preds,
        boxes=np.array([row[2:] for row in flat], np.float16).reshape(-1, 4),
        confs=np.array([row[1] for row in flat], np.float16),
        clss=np.array([row[0] for row in flat], np.uint16),
        indptr=np.cumsum([0, *map(len, rows)]).astype(np.int64),
    )
    meta = {"fps": 25, "total_frames": len(rows), "weights": f"{stem}.pt", "names": NAMES}
    preds.with_name(preds.name.replace(".preds.npz", ".meta.json")).write_text(json.dumps(meta))
    return preds


def open_tab(seen: Visit, address: str, folder: Path, name: str | None = None) -> Any:
    """Opens Live Review on a folder, and one of its videos."""
    page = seen.page
    page.goto(address)
    page.get_by_role("tab", name="Live Review").click()
    box = page.get_by_label("Folder of videos")
    box.wait_for(timeout=WAIT_MS)
    type_text(box, str(folder))
    box.press("Enter")
    page.locator(".video").first.wait_for(timeout=WAIT_MS)
    if name is not None:
        choose(page, name)
        shows(page)
    return page


def choose(page: Any, name: str) -> None:
    page.locator(".video", has_text=name).click()


def shows(page: Any) -> None:
    """Waits until the video is there and at rest."""
    page.wait_for_function("framesieve.review.video !== null", timeout=WAIT_MS)
    page.wait_for_function(ARRIVED, timeout=WAIT_MS)


def go_to(page: Any, frame: int) -> None:
    page.evaluate("(frame) => framesieve.review.player.goTo(frame)", frame)
    page.wait_for_function(ARRIVED, timeout=WAIT_MS)


def frame(page: Any) -> int:
    return int(page.evaluate("framesieve.review.player.frame"))


def press(page: Any, *keys: str) -> None:
    """Presses keys as a person does, and waits for the seek that they may have begun."""
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function(ARRIVED, timeout=WAIT_MS)


def settled(page: Any) -> None:
    """Waits until every save, tag and undo is done."""
    page.evaluate("framesieve.review.saves.settled()")


def numbers(png: bytes) -> tuple[int, int]:
    """The number in the picture and that of the overlay, as they stand on the screen together."""
    from PIL import Image

    image = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    row = image[round(image.shape[0] * 0.95)].mean(axis=1)
    bits = [row[int((bit + 0.5) * image.shape[1] / 16)] > 128 for bit in range(16)]
    return videos.read_number(image), sum(1 << bit for bit, light in enumerate(bits) if light)
