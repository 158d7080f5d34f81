"""Subject Masking for the tests of the page: its tab is opened, points are placed with the mouse."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.pipeline.extraction import extract_records
from core.settings.extract import ExtractSettings
from core.store import annotations
from core.store.shot_notes import Annotations
from core.video.command import run_ffmpeg
from tests.browser import Visit
from tests.machine import assets_folder

TAB = "Subject Masking"
RUN = "counting <b>"
"""The run of the counting video."""
SIZE = (640, 360)
WAIT_MS = 60_000
PATIENCE_MS = 240_000
"""Of jobs with a network."""
ENDED = "framesieve.masking.masking.ended"
"""Which job of the shots has ended last, for the page."""
BOTH = "[0:v]setpts=N/24/TB[a];[1:v]setpts=N/24/TB[b];[a][b]concat=n=2:v=1,scale=640:360[v]"
TILE = ".shot_board .tile"


def open_tab(seen: Visit, address: str, run: str) -> Any:
    """Opens the tab on a run, and waits for its shots."""
    page = seen.page
    page.add_init_script(f"localStorage.setItem('framesieve.run', {json.dumps(run)})")
    page.goto(address)
    page.get_by_role("tab", name=TAB).click(timeout=60_000)
    page.locator(TILE).first.wait_for(timeout=WAIT_MS)
    return page


def edit(page: Any, number: int) -> None:
    """Opens the canvas on a shot with the mouse, and waits for its picture."""
    page.locator(TILE).nth(number).click()
    drawn(page)


def drawn(page: Any) -> None:
    """Waits until the frame is there."""
    page.locator(".point_canvas .stage[aria-busy=false]").wait_for(timeout=WAIT_MS)


def at(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where the middle of a source pixel is in the window, by what is seen of the picture."""
    found = page.locator(".point_canvas img.frame").evaluate(
        "(e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height, e.naturalWidth, "
        "e.naturalHeight]; }"
    )
    left, top, wide, high, width, height = found
    return left + (x + 0.5) / width * wide, top + (y + 0.5) / height * high


def click(page: Any, x: float, y: float, button: str = "left") -> None:
    """Clicks on a source pixel."""
    page.mouse.click(*at(page, x, y), button=button)


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drags from one source pixel to another."""
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, *end), steps=6)
    page.mouse.up()


def saved(page: Any) -> None:
    """Waits until nothing is on its way to the server."""
    page.wait_for_function("!framesieve.masking.masking.saving")


def notes(run: Path) -> Annotations:
    """What is on the disk."""
    return annotations.read(run / "annotations.json")


def film_of_two(folder: Path, frames: int) -> Path:
    """A run of two clips of people one after the other, ``media/both.mp4``: so many frames of each."""
    cut = []
    for name in ("hideandseek.mp4", "juggle.mp4"):
        cut.append(folder / name)
        clip = assets_folder() / "media" / name
        run_ffmpeg(["-i", str(clip), "-frames:v", str(frames), "-an", "-crf", "12", str(cut[-1])])
    (folder / "media").mkdir()
    video = folder / "media" / "both.mp4"
    inputs = [word for path in cut for word in ("-i", str(path))]
    made = ["-map", "[v]", "-fps_mode", "passthrough", "-crf", "12", "-g", "7"]
    run_ffmpeg([*inputs, "-filter_complex", BOTH, *made, str(video)])
    run = folder / "downloads" / "both"
    for _ in extract_records(video, ExtractSettings(method="all", thumbs=True), out=run):
        pass
    return run


@contextlib.contextmanager
def job_done(page: Any, title: str) -> Iterator[None]:
    """What is done within starts a job of this title; waits until it has ended well."""
    before = page.evaluate(ENDED)
    yield
    page.wait_for_function(f"(before) => ({ENDED}) !== before", arg=before, timeout=PATIENCE_MS)
    page.wait_for_function("!framesieve.masking.masking.job", timeout=PATIENCE_MS)
    bar = page.locator("#jobs")
    bar.filter(has_text=title).filter(has_text="done").wait_for(timeout=PATIENCE_MS)
    page.wait_for_function("!framesieve.masking.masking.catchingUp", timeout=PATIENCE_MS)


def states(page: Any) -> list[str]:
    return [str(tile.get_attribute("data-state")) for tile in page.locator(TILE).all()]
