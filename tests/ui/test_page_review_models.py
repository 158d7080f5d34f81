"""Live Review with real weights on real clips: live boxes, precompute, and saves that equal FFmpeg's own decode."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from core.store import examples
from core.video.command import run_ffmpeg
from core.video.images import encode_jpeg
from core.video.probe import probe
from tests.browser import Visit, type_text
from tests.reference import ffmpeg_frame
from tests.serving import serving
from tests.ui.review import (
    ALIKE,
    WEIGHTS,
    WHERE,
    boxes,
    choose,
    frame,
    go_to,
    open_tab,
    press,
    set_slider,
    settled,
    shows,
)
from tests.ui.site import read

pytestmark = [pytest.mark.browser, pytest.mark.weights]
Visitor = Callable[..., Visit]
PATIENCE_MS = 600_000
KNOWN = re.compile(r"; ([5-9]|\d\d+) of \d+ known")
"""Live inference has been at work for some frames."""


FIRST = {"driving.mp4": 80, "hideandseek.mp4": 72, "crowd.avi": 48}
"""Of each clip so many frames from its beginning: inference is what takes long here."""


@pytest.fixture
def folder(assets: Path, tmp_path: Path) -> Path:
    place = tmp_path / "videos"
    place.mkdir()
    for name, frames in FIRST.items():
        run_ffmpeg(["-i", str(assets / "media" / name), "-c", "copy", "-frames:v", str(frames), str(place / name)])
    return place


@pytest.fixture
def served(folder: Path, assets: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    downloads = tmp_path / "downloads"
    with serving(downloads, "--root", str(folder), "--root", str(assets / "models")) as address:
        yield address, downloads / "hard_examples"


def take_weights(page: Any, path: Path) -> None:
    type_text(page.get_by_label(WEIGHTS, exact=True), str(path))
    page.get_by_label(WEIGHTS, exact=True).press("Enter")
    page.locator("#detections", has_text="Choose a video").first.wait_for(timeout=PATIENCE_MS)


def boxes_at(page: Any, label: str, value: float) -> int:
    """How many boxes are drawn with this value of a slider."""
    set_slider(page, label, value)
    return boxes(page)


def is_made(page: Any, weights: str) -> None:
    """Waits until the detections of the whole video are there."""
    page.locator("#detections", has_text=re.compile(rf"boxes of {re.escape(weights)}")).wait_for(timeout=PATIENCE_MS)


@pytest.mark.parametrize(
    ("video", "weights", "at"),
    [("driving.mp4", "yolov8n.pt", 40), ("crowd.avi", "yolov8n_int8.onnx", 10), ("hideandseek.mp4", "yolov8n.pt", 30)],
)
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)], ids=["short", "long"])
def test_a_clip_is_reviewed_with_real_weights(
    served: tuple[str, Path], folder: Path, assets: Path, visit: Visitor, video: str, weights: str, at: int, whole: bool
) -> None:
    if whole:
        shutil.copy(assets / "media" / video, folder)
    page = open_tab(visit(), served[0], folder)
    take_weights(page, assets / "models" / weights)
    page.get_by_label("Find boxes while it plays").uncheck()
    choose(page, video)
    if video.endswith(".avi"):
        page.get_by_role("button", name="Make a playable copy").click()
    shows(page)
    page.get_by_role("button", name="Precompute").click()
    is_made(page, weights)
    expect(page.locator("#detections")).to_contain_text("CPU", use_inner_text=True)
    go_to(page, at)
    few, many = boxes_at(page, "Confidence at least", 0.6), boxes_at(page, "Confidence at least", 0.1)
    assert few < many
    tight, loose = boxes_at(page, "Overlap (IoU) at most", 0.3), boxes_at(page, "Overlap (IoU) at most", 0.9)
    assert 0 < tight <= loose
    page.locator(".screen").focus()
    press(page, "ArrowRight", "ArrowRight", "ArrowLeft")
    assert frame(page) == at + 1
    set_slider(page, ALIKE, 0)
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


def said_while_playing(page: Any, frames: int) -> list[str]:
    """What is said of the boxes of so many frames that are shown one after the other."""
    found: dict[int, str] = {}
    while len(found) < frames:
        page.wait_for_timeout(20)
        where, note = page.locator(".where").inner_text(), page.locator(".boxes-note").inner_text()
        shown = WHERE.fullmatch(where)
        assert shown is not None
        found[int(shown[1])] = note
    return list(found.values())


def test_live_boxes_are_those_of_the_shown_frame_and_become_the_cache(
    served: tuple[str, Path], folder: Path, assets: Path, visit: Visitor
) -> None:
    page = open_tab(visit(), served[0], folder)
    take_weights(page, assets / "models" / "yolov8n.pt")
    choose(page, "hideandseek.mp4")
    shows(page)
    page.locator("#detections", has_text=re.compile(f"Finding boxes on CPU.*{KNOWN.pattern}")).wait_for(
        timeout=PATIENCE_MS
    )
    page.get_by_label("Wait for the boxes of each frame").check()
    page.locator(".screen").focus()
    page.keyboard.press(" ")
    said = said_while_playing(page, 9)
    page.keyboard.press(" ")
    assert np.mean([re.fullmatch(r"\d+ box(es)?", note) is not None for note in said]) > 0.8, said
    page.get_by_role("button", name="Precompute").click()
    is_made(page, "yolov8n.pt")
    assert (folder / "hideandseek__yolov8n.preds.npz").is_file()
    assert not list(folder.glob(".*.part"))


def test_the_list_of_weights_closes_when_the_keyboard_goes_on(
    served: tuple[str, Path], folder: Path, assets: Path, visit: Visitor
) -> None:
    page = open_tab(visit(), served[0], folder)
    lists = page.locator(".options:visible")
    box = page.get_by_label(WEIGHTS, exact=True)
    box.click()
    lists.wait_for()
    type_text(box, str(assets / "models" / "yolov8n.pt"))
    box.press("Tab")
    page.wait_for_timeout(500)  # Gradio opened it again here
    assert lists.count() == 0
    box.click()
    lists.wait_for()
    page.get_by_role("option", name="yolov8n.pt").first.click()
    assert box.input_value().startswith("yolov8n.pt")
