"""Subject Masking with a real network on real clips: click, save, process, look, correct, metrics, export, trust."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.store.run import RunDir
from core.store.table import records
from core.video import images
from tests.browser import Visit
from tests.machine import assets_folder, need
from tests.ui.masking import (
    PATIENCE_MS,
    TILE,
    click,
    drawn,
    edit,
    film_of_two,
    job_done,
    notes,
    open_tab,
    saved,
    states,
)

pytestmark = [pytest.mark.browser, pytest.mark.weights]
FRAMES = 24
"""Of each clip."""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    need("weights")
    return film_of_two(tmp_path, FRAMES)


def mask_of_click(page: Any) -> str:
    """Waits for the mask of what is said on the frame, and returns what is said of it."""
    under = page.locator(".point_canvas .under span", has_text="Mask:")
    under.wait_for(timeout=PATIENCE_MS)
    return str(under.inner_text())


def test_a_film_of_two_shots_from_click_to_export(
    serve: Callable[..., str], visit: Callable[..., Visit], run: Path
) -> None:
    weights = assets_folder() / "models" / "yolov8n-seg.pt"
    address = serve(run.parent, "--root", str(run.parents[1] / "media"), "--root", str(weights.parent))
    page = open_tab(visit(), address, "both")
    page.get_by_role("button", name="Look for cuts").last.click()
    page.locator(TILE).nth(1).wait_for(timeout=PATIENCE_MS)
    assert json.loads((run / "shots.json").read_text()) == [[0, FRAMES], [FRAMES, 2 * FRAMES]]
    page.locator("#masking-masker label", has_text="YOLO segmentation").click()
    page.locator("#masking-masker label.selected", has_text="ready").wait_for(timeout=PATIENCE_MS)
    _point(page, run)
    with job_done(page, "Masks of both"):
        page.get_by_role("button", name="Process all").click()
    assert set(states(page)) <= {"propagated", "doubtful"}
    _masks_are_of_people(run)
    _spoil_one(page, run)
    _export(page, run)


def _point(page: Any, run: Path) -> None:
    """A click in each shot, saved and seen again."""
    edit(page, 0)
    click(page, 415, 170)
    assert "% of the picture" in mask_of_click(page)
    page.keyboard.press("Enter")
    saved(page)
    drawn(page)
    click(page, 345, 100)
    mask_of_click(page)
    page.keyboard.press("Enter")
    saved(page)
    page.locator(TILE).first.wait_for()
    assert states(page) == ["mask", "mask"]
    assert len(notes(run).notes) == 2
    edit(page, 1)
    assert page.evaluate("framesieve.masking.masking.prompts.list[0].points") == [[345, 100]]
    page.keyboard.press("Escape")


def _masks_are_of_people(run: Path) -> None:
    """Every frame has its mask, and its record what lies in it."""
    for record in records(RunDir(run)):
        mask = images.decode_flat((run / "masks" / f"mask_{record.frame_number:06d}.png").read_bytes())
        assert mask.shape == (360, 640)
        share = 100 * float((mask > 0).mean())
        assert record.more["mask_area_pct"] == pytest.approx(share, abs=0.01)
        assert 2 < share < 40, record.frame_number
        assert record.more["subject_sharpness"] is not None
        assert record.error is None


def _spoil_one(page: Any, run: Path) -> None:
    """A correction on a later frame points at the ball: the curve falls there, and only that shot is made again."""
    first = (run / "masks" / "shot_000000.npz").stat().st_mtime_ns
    edit(page, 1)
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    drawn(page)
    page.keyboard.press("r")
    ball = _ball(page)
    click(page, *ball)
    mask_of_click(page)
    with job_done(page, "Masks of both"):
        page.keyboard.press("m")
    assert (run / "masks" / "shot_000000.npz").stat().st_mtime_ns == first, "the other shot stays as it is"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Worst first").click()
    tile = page.locator(TILE).first
    assert tile.get_attribute("data-state") == "doubtful"
    assert "Shot 1" in tile.get_attribute("aria-label"), "the spoiled shot stands first"
    tile.click()
    drawn(page)
    page.locator("#masking-strip .curve-box:visible").wait_for()
    assert "Least trust" in page.locator("#masking-strip").inner_text()
    page.keyboard.press("r")
    with job_done(page, "Masks of both"):
        page.keyboard.press("m")
    page.keyboard.press("Escape")


def _ball(page: Any) -> tuple[float, float]:
    """Where the ball is in frame 21: the whitest disc of the lower half, by its pixels."""
    source = page.locator(".point_canvas img.frame").get_attribute("src")
    data = page.request.get(source).body()
    rgb = images.decode_jpeg(data)
    white = (rgb.min(axis=2) > 185) & (np.arange(rgb.shape[0])[:, None] > 90)
    white[:, :280] = white[:, 400:] = False
    y, x = np.nonzero(white)
    return float(np.median(x)), float(np.median(y))


def _export(page: Any, run: Path) -> None:
    page.get_by_role("button", name="Export", exact=True).click()
    with job_done(page, "Export subjects of both"):
        page.get_by_role("button", name="Write files").click()
    page.locator("#masking-files", has_text="Written to").wait_for(timeout=PATIENCE_MS)
    folder = run.with_name("both_masked")
    written = sorted(folder.glob("frame_*_masked.png"))
    assert len(written) == 2 * FRAMES
    picture = images.decode(written[3].read_bytes())
    mask = images.decode_flat((run / "masks" / "mask_000003.png").read_bytes())
    assert (picture[mask == 0] == (0, 255, 0)).all()
    assert not (picture[mask > 0] == (0, 255, 0)).all()
