"""Live Review with real weights on real clips: live boxes, precompute, and saves that equal FFmpeg's own decode."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.store import examples
from core.video.command import run_ffmpeg
from core.video.images import encode_jpeg
from core.video.probe import probe
from tests.pipeline.test_mine import ffmpeg_frame
from tests.ui.conftest import Visit, read, serving, type_text
from tests.ui.review import choose, frame, go_to, open_tab, press, settled, shows

pytestmark = [pytest.mark.browser, pytest.mark.weights]
Visitor = Callable[..., Visit]
PATIENCE_MS = 180_000
WEIGHTS = "Weights: path of a .pt or .onnx file"


@pytest.fixture
def folder(assets: Path, tmp_path: Path) -> Path:
    place = tmp_path / "videos"
    place.mkdir()
    for name in ("driving.mp4", "hideandseek.mp4"):
        shutil.copy(assets / "media" / name, place)
    # quantised weights are slow: of the crowd the first frames only, copied as they are
    run_ffmpeg(["-i", str(assets / "media/crowd.avi"), "-c", "copy", "-frames:v", "64", str(place / "crowd.avi")])
    return place


@pytest.fixture
def served(folder: Path, assets: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    downloads = tmp_path / "downloads"
    with serving(downloads, "--root", str(folder), "--root", str(assets / "models")) as address:
        yield address, downloads / "hard_examples"


def take_weights(page: Any, path: Path) -> None:
    type_text(page.get_by_label(WEIGHTS), str(path))
    page.get_by_label(WEIGHTS).press("Enter")
    page.wait_for_function("framesieve.review.model.weights !== null")


def set_slider(page: Any, label: str, value: float) -> int:
    page.get_by_label(label).evaluate(
        "(e, value) => { e.value = value; e.dispatchEvent(new Event('input', { bubbles: true })); }", value
    )
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return int(page.evaluate("framesieve.review.seen.length"))


@pytest.mark.parametrize(
    ("video", "weights", "at"),
    [("driving.mp4", "yolov8n.pt", 40), ("crowd.avi", "yolov8n_int8.onnx", 10), ("hideandseek.mp4", "yolov8n.pt", 30)],
)
def test_a_clip_is_reviewed_with_real_weights(
    served: tuple[str, Path], folder: Path, assets: Path, visit: Visitor, video: str, weights: str, at: int
) -> None:
    page = open_tab(visit(), served[0], folder)
    take_weights(page, assets / "models" / weights)
    page.get_by_label("Live", exact=True).uncheck()
    choose(page, video)
    if video.endswith(".avi"):
        page.get_by_role("button", name="Make a playable copy").click()
    shows(page)
    page.get_by_role("button", name="Precompute").click()
    page.wait_for_function("framesieve.review.boxes.head.origin === 'framesieve'", timeout=PATIENCE_MS)
    assert "CPU" in page.locator(".model").inner_text()
    go_to(page, at)
    few, many = set_slider(page, "Confidence at least", 0.6), set_slider(page, "Confidence at least", 0.1)
    assert few < many
    tight, loose = set_slider(page, "Overlap (IoU) at most", 0.3), set_slider(page, "Overlap (IoU) at most", 0.9)
    assert 0 < tight <= loose
    page.locator(".screen").focus()
    press(page, "ArrowRight", "ArrowRight", "ArrowLeft")
    assert frame(page) == at + 1
    set_slider(page, "Look-alikes: bits that may differ", 0)
    for step, key in enumerate("fnuc"):
        go_to(page, at + 12 * step)
        page.keyboard.press(key)
        page.keyboard.press("s")
    page.keyboard.press("z")
    settled(page)
    info = probe(folder / video).info
    matrix = info.color_matrix or ("bt709" if info.height >= 720 else "bt601")
    tags = ("false_positive", "false_negative", "uncertain")
    for step, tag in enumerate(tags):
        picture = served[1] / f"{Path(video).stem}_f{at + 12 * step:06d}.jpg"
        said = read(examples.sidecar_of(picture))
        assert (said["tag"], said["model_path"]) == (tag, str(assets / "models" / weights))
        assert said["predictions"]
        truth = ffmpeg_frame(str(folder / video), at + 12 * step, matrix)
        assert picture.read_bytes() == encode_jpeg(truth, 95)
    assert len(list(served[1].glob("*.jpg"))) == 3, "the last save was undone"


def test_live_boxes_are_those_of_the_shown_frame_and_become_the_cache(
    served: tuple[str, Path], folder: Path, assets: Path, visit: Visitor
) -> None:
    page = open_tab(visit(), served[0], folder)
    take_weights(page, assets / "models" / "yolov8n.pt")
    choose(page, "hideandseek.mp4")
    shows(page)
    page.wait_for_function("framesieve.review.boxes.live.size > 4", timeout=PATIENCE_MS)
    assert "Live on CPU" in page.locator(".model").inner_text()
    page.get_by_label("Exact").check()
    page.locator(".screen").focus()
    page.evaluate(
        "() => { window.ages = []; framesieve.review.after = (p) => p.playing && ages.push(framesieve.review.age); }"
    )
    page.keyboard.press(" ")
    page.wait_for_function("window.ages.length > 8", timeout=PATIENCE_MS)
    page.keyboard.press(" ")
    ages = np.array(page.evaluate("window.ages"), float)
    assert (ages == 0).mean() > 0.8, "exact: the boxes are of the shown frame"
    live = page.evaluate("framesieve.review.boxes.live.size")
    page.get_by_role("button", name="Precompute").click()
    page.wait_for_function("framesieve.review.boxes.head.origin === 'framesieve'", timeout=PATIENCE_MS)
    assert live > 4
    assert (folder / "hideandseek__yolov8n.preds.npz").is_file()
    assert not list(folder.glob(".*.part"))
