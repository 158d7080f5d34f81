"""Person Selection with a real model: a video that nobody extracted becomes persons whose names a re-run keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.store import person_edits
from core.store.person_dir import PersonDir
from core.store.run import RunDir
from core.video.command import run_ffmpeg
from tests.browser import Visit, type_text
from tests.machine import assets_folder, need
from tests.ui.persons import ROWS, TAB, ids, name, settled, state

pytestmark = [pytest.mark.browser, pytest.mark.weights]
FRAMES = 24
PATIENCE_MS = 180_000


def test_a_video_becomes_persons_whose_names_survive_a_second_run(
    serve: Callable[..., str], visit: Callable[..., Visit], tmp_path: Path
) -> None:
    need("weights")
    media, downloads = tmp_path / "media", tmp_path / "downloads"
    media.mkdir()
    clip = media / "juggle.mp4"
    run_ffmpeg(["-i", str(assets_folder() / "media" / "juggle.mp4"), "-frames:v", str(FRAMES), "-an", str(clip)])
    weights = assets_folder() / "models" / "yolov8n.pt"
    address = serve(downloads, "--root", str(media), "--root", str(weights.parent))
    page = visit().page
    page.goto(address)
    page.get_by_role("tab", name=TAB).click()
    page.get_by_text("No video yet.").wait_for()
    box = page.get_by_label("Video of the persons")
    type_text(box, str(clip))
    box.press("Enter")
    page.locator("#persons-about", has_text="juggle.mp4").wait_for()
    detector = page.get_by_label("Detector", exact=True)
    type_text(detector, str(weights))
    detector.press("Enter")
    page.locator("#persons-find:not([disabled])").click()
    page.locator(ROWS).first.wait_for(timeout=PATIENCE_MS)
    settled(page)
    assert ids(page) == [1], "one man is seen"
    folder = PersonDir(RunDir(downloads / "juggle").persons)
    assert folder.table.exists()
    name(page, 1, "Juggler")
    page.reload()
    page.locator(ROWS).first.wait_for(timeout=PATIENCE_MS)
    assert page.get_by_label("Name of person 1").input_value() == "Juggler"
    made = folder.persons.stat().st_mtime_ns
    page.get_by_role("button", name="Find people again").click()
    page.locator("#jobs", has_text="Persons of juggle.mp4").wait_for(timeout=PATIENCE_MS)
    page.locator("#jobs", has_text="done").wait_for(timeout=PATIENCE_MS)
    settled(page)
    assert folder.persons.stat().st_mtime_ns > made
    assert "1 person in 1 shot" in state(page)
    assert person_edits.read(folder.edits).names() == {1: "Juggler"}
