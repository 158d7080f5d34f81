"""Subject Masking: a batch that is cancelled, killed and goes on; points by itself; every export; likeness filters."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from core.pipeline.select import digest, select
from core.settings.filter import FilterSettings
from core.settings.model import from_mapping
from core.store.coco_rle import encode
from core.store.table import load_table
from core.video import film as films_of
from core.video import images
from tests.browser import choose, leave, type_into, type_text
from tests.machine import ROOT, assets_folder, need
from tests.runs import contents, stamps
from tests.serving import free_port
from tests.ui.masking import PATIENCE_MS, TILE, click, edit, film_of_two, job_done, open_tab, states
from tests.ui.site import middle_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.weights,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them"),
]
FRAMES = 24
"""Of each clip."""
IN_THE_MIDDLE = FRAMES + 8
"""A frame of the second shot."""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    need("weights")
    run = film_of_two(tmp_path, FRAMES)
    (run / "shots.json").write_text(json.dumps([[0, FRAMES], [FRAMES, 2 * FRAMES]]))
    return run


@contextmanager
def served(run: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The page in a process of its own, which can be killed."""
    argv = [sys.executable, "app.py", "--port", str(port), "--downloads", str(run.parent)]
    argv += ["--root", str(run.parents[1] / "media"), "--root", str(assets_folder() / "models")]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("Framesieve is at")
        try:
            yield server
        finally:
            server.terminate()


def test_a_batch_goes_on_after_cancel_and_kills_and_all_its_exports_are_right(visit: Any, run: Path) -> None:
    port, seen = free_port(), visit()
    address = f"http://127.0.0.1:{port}/"
    with served(run, port) as server:
        page = open_tab(seen, address, "both")
        page.locator("#masking-masker label", has_text="YOLO segmentation").click()
        page.locator("#masking-masker label.selected", has_text="ready").wait_for(timeout=PATIENCE_MS)
        page.get_by_role("button", name="Who is the subject").click()
        page.get_by_label("Find the subject again where it is lost").check()
        with job_done(page, "Points in both"):
            page.locator("#masking-board select.seeds:not([disabled])").select_option("primary")
        assert states(page) == ["mask", "mask"], "each shot has its points, and their mask"
        pointed = Path(shutil.copytree(run, run.parents[1] / "undisturbed" / "both"))
        _cancelled(page, run)
        first = shot_of(run, 0)
        page.get_by_role("button", name="Process all").click()
        in_the_middle(run)
        server.kill()
    seen.problems.clear()  # the page had lost its server
    with served(run, port):
        page.goto("about:blank")
        seen.problems.clear()
        open_tab(seen, address, "both")
        page.locator("#jobs").get_by_role("button", name="Resume").click()
        os.kill(in_the_middle(run), signal.SIGKILL)
        page.locator("#jobs", has_text="SIGKILL").wait_for(timeout=PATIENCE_MS)
        with job_done(page, "Masks of both"):
            page.locator("#jobs").get_by_role("button", name="Resume").click()
        assert set(states(page)) <= {"propagated", "doubtful"}
        assert shot_of(run, 0) == first, "a finished shot stays as it is"
        assert masks_of(run) == masks_of(undisturbed(pointed))
        _exports(page, run)
        _likeness(page, seen, run)
        leave(address)


def test_a_segment_that_is_processed_now_is_exported_as_in_the_batch(serve: Any, visit: Any, run: Path) -> None:
    base = run.parents[1] / "media" / "organized"
    for number, first in ((4, 0), (5, FRAMES)):
        (base / f"video_part_{number:03d}").mkdir(parents=True)
        for frame in range(6):
            picture = run / f"frame_{first + frame:06d}.jpg"
            shutil.copy(picture, base / f"video_part_{number:03d}" / f"{frame:05d}.jpg")
    models = assets_folder() / "models"
    page = open_tab(visit(), serve(run.parent, "--root", str(base.parent), "--root", str(models)), "both")
    page.locator("#masking-masker label", has_text="YOLO segmentation").click()
    page.locator("#masking-masker label.selected", has_text="ready").wait_for(timeout=PATIENCE_MS)
    box = page.get_by_label("Folder of segments", exact=True)
    type_text(box, str(base))
    box.press("Enter")
    page.locator(TILE, has_text="4").first.wait_for(timeout=PATIENCE_MS)
    edit(page, 1)
    click(page, 345, 100)
    page.locator(".point_canvas .under span", has_text="Mask:").wait_for(timeout=PATIENCE_MS)
    page.keyboard.press("m")
    page.locator("#jobs", has_text="Masks of organized").filter(has_text="done").wait_for(timeout=PATIENCE_MS)
    folder = base.with_name("organized_masked")
    frames = sorted(path.name for path in folder.glob("*.png"))
    assert frames == [f"frame_{number:06d}_masked.png" for number in range(6, 12)]
    mask = images.decode_flat((base / "video_part_005" / "masks" / "mask_000002.png").read_bytes()) > 0
    picture = images.decode((folder / "frame_000008_masked.png").read_bytes())
    assert 0.02 < mask.mean() < 0.4
    assert np.array_equal((picture != (0, 255, 0)).any(axis=2), mask)


def _cancelled(page: Any, run: Path) -> None:
    """Held still in the middle, so that there is something to cancel however fast it goes."""
    page.get_by_role("button", name="Process all").click()
    os.kill(in_the_middle(run), signal.SIGSTOP)
    page.locator("#masking-cancel").click()
    page.locator("#masking-state", has_text="Cancelled: finished shots stay").wait_for(timeout=PATIENCE_MS)
    assert (run / "masks" / "shot_000000.npz").exists()
    assert not (run / "masks" / f"shot_{FRAMES:06d}.npz").exists()


def in_the_middle(run: Path) -> int:
    """Waits until a mask of the second shot is written anew, and returns the process that does it."""
    path = run / "masks" / f"mask_{IN_THE_MIDDLE:06d}.png"
    before = path.stat().st_mtime_ns if path.exists() else 0
    until = time.monotonic() + PATIENCE_MS / 1000
    while not path.exists() or path.stat().st_mtime_ns == before:
        assert time.monotonic() < until, "nobody masks"
        time.sleep(0.001)
    newest = max((run / "jobs").glob("*.jsonl"), key=lambda file: file.stat().st_mtime_ns)
    lines = [json.loads(line) for line in newest.read_bytes().splitlines()]
    return int([line for line in lines if "pid" in line][-1]["pid"])


def shot_of(run: Path, start: int) -> dict[str, int]:
    return {name: when for name, when in stamps(run / "masks").items() if is_of(name, start)}


def is_of(name: str, start: int) -> bool:
    digits = "".join(sign for sign in name if sign.isdigit())
    return digits.isdigit() and start <= int(digits) < start + FRAMES


def masks_of(run: Path) -> dict[str, bytes]:
    """All that was made of the points, and the records that tell of it."""
    found = {name: data for name, data in contents(run / "masks").items() if not name.startswith("still")}
    return found | {"metadata": (run / "metadata.jsonl").read_bytes()}


def undisturbed(run: Path) -> Path:
    """The same call by the command line, which nobody disturbs."""
    weights = assets_folder() / "models" / "yolov8n-seg.pt"
    argv = [sys.executable, "-m", "core", "mask", str(run), "--masker", "yolo-seg", "--weights", str(weights)]
    subprocess.run([*argv, "--reid-fallback"], cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE_MS / 1000)
    return run


def _exports(page: Any, run: Path) -> None:
    """Everything that can be chosen, in two goes."""
    page.get_by_role("button", name="Export", exact=True).click()
    choose(page.locator("#mask-export-export input"), "cut out (alpha)")
    for label in ("Cut the subjects out", "COCO, RLE", "Labels for YOLO segmentation", "A film of the result (MP4)"):
        page.get_by_label(label, exact=True).check()
    films = [kind for kind in ("vp9", "prores") if films_of.can_write(kind)]
    for kind in films:
        choose(page.locator("#mask-export-film input"), {"vp9": "VP9", "prores": "ProRes 4444"}[kind])
        with job_done(page, "Export subjects of both"):
            page.get_by_role("button", name="Write files").click()
    folder = run.with_name("both_masked")
    coco = json.loads((folder / "masks.coco.json").read_text())
    assert [image["frame_number"] for image in coco["images"]] == list(range(2 * FRAMES))
    by_frame = {one["image_id"]: one for one in coco["annotations"]}
    for frame in (0, FRAMES - 1, FRAMES, 2 * FRAMES - 1):
        mask = images.decode_flat((run / "masks" / f"mask_{frame:06d}.png").read_bytes()) > 0
        cut = cv2.imread(str(folder / f"frame_{frame:06d}_alpha.png"), cv2.IMREAD_UNCHANGED)
        assert cut is not None
        assert np.array_equal(cut[..., 3] > 0, mask)
        assert by_frame[frame]["segmentation"] == encode(mask)
        [line] = (folder / "labels" / f"frame_{frame:06d}.txt").read_text().splitlines()
        assert line.startswith("0 ")
        assert (folder / "crops" / "object_1" / f"frame_{frame:06d}.png").exists()
    for name in ["both_masked.mp4", *(f"both_alpha{films_of.KINDS[kind].suffix}" for kind in films)]:
        with av.open(str(folder / name)) as film:
            assert sum(1 for packet in film.demux(video=0) if packet.size) == 2 * FRAMES, name


def _likeness(page: Any, seen: Any, run: Path) -> None:
    """How alike the subject is filters frames."""
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Filtering & Export").click()
    seen.address = page.url.partition("#")[0]
    seen.settled("both")
    middle = middle_of(run, "reid_similarity")
    type_into(seen, "Reid similarity, lower bound, as a number", str(middle))
    filters = seen.filters()
    assert filters["min"] == {"reid_similarity": middle}
    kept = select(load_table(run), from_mapping(FilterSettings, filters)).kept
    assert 0 < len(kept) < 2 * FRAMES
    assert seen.state()["digest"] == digest(kept)
