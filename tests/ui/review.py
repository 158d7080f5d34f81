"""Live Review for the tests: a folder of counting videos with caches that are written by hand, and a page on it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tests import videos
from tests.browser import Visit, drag_slider, type_text

WAIT_MS = 60_000
NAMES = ["person", "car", "dog"]
WHERE = re.compile(r"frame ([\d,]+) of [\d,]+, [\d:.]+")
WEIGHTS = "Weights"
ALIKE = "Near-duplicates: how alike"
SLIDERS = {"Confidence at least": "conf", "Overlap (IoU) at most": "iou", ALIKE: "hamming"}
"""Label -> what the instruments call it."""
RESTS = ".screen[aria-busy=false]"
"""The player while no other frame is on its way."""

Box = tuple[int, float, float, float, float, float]
"""Class, confidence, x1, y1, x2, y2 from 0 to 1."""


def cache_for(video: Path, rows: Iterable[list[Box]], stem: str = "best", **more: Any) -> Path:
    """Writes a cache in the layout of the original tool: a list of boxes for each frame; ``more`` goes to its facts."""
    frames = list(rows)
    flat = [row for frame in frames for row in frame]
    preds = video.with_name(f"{video.stem}__{stem}.preds.npz")
    np.savez_compressed(
        preds,
        boxes=np.array([row[2:] for row in flat], np.float16).reshape(-1, 4),
        confs=np.array([row[1] for row in flat], np.float16),
        clss=np.array([row[0] for row in flat], np.uint16),
        indptr=np.cumsum([0, *map(len, frames)]).astype(np.int64),
    )
    meta = {"fps": 25, "total_frames": len(frames), "weights": f"{stem}.pt", "names": NAMES} | more
    preds.with_name(preds.name.replace(".preds.npz", ".meta.json")).write_text(json.dumps(meta))
    return preds


# --- boxes that say of which frame they are

BITS = 8
COLOUR = (86, 240, 219)
"""Of the line around a box of class 0."""


def counting_cache(video: Path, frames: int, mirrored: bool = False) -> Path:
    """A cache whose boxes are the number of their frame: one for each bit that is set, and one always, below."""
    return cache_for(video, map(_box_number, range(frames)), mirrored=mirrored)


def _box_number(frame: int) -> list[Box]:
    set_bits = [bit for bit in range(BITS) if frame >> bit & 1]
    return [(0, 0.9, left, 0.7, left + 0.06, 0.92) for left in map(_left_of, [*set_bits, BITS])]


def _left_of(bit: int) -> float:
    return 0.03 + bit * 0.105


def numbers(png: bytes) -> tuple[int, int]:
    """The number in the picture and that of its boxes (-1: there are none), as they stand on the screen together."""
    image = _pixels(png)
    return videos.read_number(image), _number_of_boxes(image)


def number(png: bytes) -> int:
    """The number in the picture."""
    return videos.read_number(_pixels(png))


def _pixels(png: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def _number_of_boxes(image: np.ndarray) -> int:
    height, width = image.shape[:2]
    near = np.abs(image.astype(int) - COLOUR).max(axis=2) < 40
    rows = near[round(height * 0.74) : round(height * 0.88)]

    def is_there(bit: int) -> bool:
        edge = round(_left_of(bit) * width)
        return bool(rows[:, max(0, edge - 3) : edge + 4].any(axis=1).mean() > 0.9)

    return sum(1 << bit for bit in range(BITS) if is_there(bit)) if is_there(BITS) else -1


# --- what a person does


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
    page.locator(".film").wait_for(timeout=WAIT_MS)
    rests(page)


def rests(page: Any) -> None:
    """Waits until the frame that is wanted is shown."""
    page.locator(RESTS).wait_for(timeout=WAIT_MS)


def go_to(page: Any, frame: int) -> None:
    """Goes to a frame by a click into the strip under the video."""
    strip = page.locator("canvas.track").bounding_box()
    frames = int(page.get_by_label("Position, frame").get_attribute("max")) + 1
    page.mouse.click(strip["x"] + (frame + 0.5) * strip["width"] / frames, strip["y"] + strip["height"] / 2)
    rests(page)


def frame(page: Any) -> int:
    """The number beside the buttons."""
    found = WHERE.fullmatch(page.locator(".where").inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def at_frame(page: Any, wanted: int) -> None:
    """Waits until this frame is shown."""
    page.locator(".where", has_text=re.compile(rf"^frame {wanted:,} of ")).wait_for(timeout=WAIT_MS)


def press(page: Any, *keys: str) -> None:
    """Presses keys as a person does, and waits for the seek that they may have begun."""
    for key in keys:
        page.keyboard.press(key)
    rests(page)


def settled(page: Any) -> None:
    """Waits until every save, tag and undo is done."""
    page.locator(".saved-strip[aria-busy=false]").wait_for(timeout=WAIT_MS)


def set_slider(page: Any, label: str, value: float) -> None:
    """Drags a slider to a value, and waits until what it changes is drawn."""
    drag_slider(page.get_by_label(f"range slider for {label}"), value)
    heard = "([name, value]) => Math.abs(framesieve.review.wish[name] - value) < 1e-6"
    page.wait_for_function(heard, arg=[SLIDERS[label], value], timeout=WAIT_MS)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def boxes(page: Any) -> int:
    """How many boxes are drawn now, as the page says."""
    said = page.locator(".boxes-note").inner_text()
    return 0 if said == "boxes are off" else int(said.split()[0].replace(",", ""))


def shows_boxes(page: Any, amount: int) -> None:
    """Waits until so many boxes are drawn."""
    said = f"{amount} box{'' if amount == 1 else 'es'}"
    page.locator(".boxes-note", has_text=re.compile(f"^{said}(, |$)")).wait_for(timeout=WAIT_MS)
