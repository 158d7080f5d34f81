"""A page that is really served, a real Chromium that may talk to loopback only, and runs made by the real pipeline."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import METRIC_NAMES, ExtractSettings, to_mapping
from core.records import FrameRecord
from core.store import files, jsonl, run_file
from core.store.run import RunDir
from core.store.table import load_table
from tests import videos
from tests.conftest import CHROMIUM_NAMES, ROOT, missing_browser

ARGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGS += ["--disable-background-networking", "--disable-component-update"]
SIZES = {"1280x720": (1280, 720), "1600x1000": (1600, 1000)}
WAIT_MS = 20_000
NAUGHTY = "${alert(1)} {{value}} <img src=x onerror=window.pwned=1> `'\"&"
"""A folder name that means something to every template language on the way."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def counting_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of counting videos: ``files`` has frames on disk, ``bare`` has no pictures, ``NAUGHTY`` has a name."""
    from core.pipeline.extract import extract

    home = tmp_path_factory.mktemp("made")
    video = shutil.copy(videos.build("h264-opengop"), home / "counting <b>.mp4")
    wanted = {"files": ExtractSettings(method="all"), "bare": ExtractSettings(method="all", save_frames=False)}
    wanted |= {NAUGHTY: ExtractSettings(method="every_nth", every=10)}
    for name, settings in wanted.items():
        for _ in extract(video, settings, out=home / "downloads" / name):
            pass
    return home / "downloads"


def synthetic_run(folder: Path, frames: int, video_run: Path) -> Path:
    """A run folder of many records without pictures; ``video_run`` lends its run.json."""
    run = RunDir(folder)
    run.path.mkdir(parents=True)
    saved = run_file.read(RunDir(video_run).run_json)
    settings = to_mapping(ExtractSettings(method="all", save_frames=False))
    extra = {"state": "complete"}
    run_file.write(run.run_json, dataclasses.replace(saved, settings=settings, digest=f"{frames:016x}", extra=extra))
    jsonl.rewrite(run.metadata, synthetic_records(frames))
    return folder


def synthetic_records(frames: int) -> Iterator[FrameRecord]:
    rng = np.random.default_rng(7)
    metrics = rng.beta(2, 3, (frames, len(METRIC_NAMES) + 1)).round(6) * 100
    hashes = rng.integers(0, 2**64, frames, dtype=np.uint64)
    for i, row in enumerate(metrics.tolist()):
        named = dict(zip(METRIC_NAMES, row, strict=False))
        faces = {"face_count": i % 4, "face_distance": row[0] / 50 if i % 4 else None}
        looks = {"phash": f"{int(hashes[i]):016x}", "colours": f"{i % 200:02x}" * 36}
        yield FrameRecord(i, i / 25, shot_id=i // 250, quality_score=row[-1], more=faces, **looks, **named)


@contextlib.contextmanager
def serving(downloads: Path, *options: str, port: str | None = None) -> Iterator[str]:
    """``app.py`` in a process of its own, which may talk to loopback only; yields its address."""
    port = port or str(free_port())
    program = Path(__file__).with_name("loopback_only.py")
    argv = [sys.executable, str(program), "--port", port, "--downloads", str(downloads), *options]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            line = server.stdout.readline()
            assert port in line, line
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.terminate()
            server.wait()
            errors.seek(0)
            said = errors.read()
        assert "OUTSIDE" not in said
        assert "Traceback" not in said


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serves a folder of runs and returns the address."""
    with contextlib.ExitStack() as stack:
        yield lambda downloads, *options: stack.enter_context(serving(downloads, *options))


@dataclasses.dataclass
class Site:
    """A page served over a folder of runs."""

    address: str
    downloads: Path
    made: Path

    def run(self, name: str, of: str = "files") -> Path:
        """Puts a copy of a counting run (``files``, ``bare`` or ``NAUGHTY``) into the folder."""
        shutil.rmtree(self.downloads / name, ignore_errors=True)  # of a first try
        return Path(shutil.copytree(self.made / of, self.downloads / name))


@pytest.fixture(scope="session")
def site(counting_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One page for all tests; each takes runs of its own."""
    downloads = tmp_path_factory.mktemp("site") / "downloads"
    downloads.mkdir()
    with serving(downloads, "--root", str(counting_runs.parent)) as address:
        yield Site(address, downloads, counting_runs)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if reason := missing_browser():
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    program = next(path for name in CHROMIUM_NAMES if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGS)
        yield browser
        browser.close()


class Visit:
    """One tab of the browser on our page; collects console errors and requests that leave this machine."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.problems: list[str] = []
        self.outside: list[str] = []
        page.on("console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.route("**/*", self._only_loopback)

    def _only_loopback(self, route: Any) -> None:
        if route.request.url.startswith(("http://127.0.0.1", "data:", "blob:")):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def open(self, address: str, run: str | None = None) -> Visit:
        """Opens the page, with this run."""
        if run is not None:
            self.page.add_init_script(f"localStorage.setItem('framesieve.run', {json.dumps(run)})")
        self.page.goto(address)
        self.page.get_by_role("tab", name="Filtering & Export").click()
        self.page.wait_for_function("window.framesieve?.filter?.digest", timeout=WAIT_MS)
        self.page.evaluate("document.activeElement.blur()")
        return self

    def state(self) -> dict[str, Any]:
        """What the page shows, once nothing moves any more."""
        return dict(
            self.page.evaluate(
                """async () => {
                  const tab = framesieve.filter, digest = await tab.settledDigest();
                  return { digest, kept: tab.answer.kept, filters: tab.choices.mapping(), run: tab.run.name,
                           shown: tab.grid.rows.length, current: tab.table.ordinal[tab.grid.current] };
                }"""
            )
        )

    def wait_saved(self) -> None:
        """Waits until everything is in selection.json."""
        self.page.wait_for_function("framesieve.filter.host.dataset.saved === 'yes'", timeout=WAIT_MS)

    def picture(self, selector: str) -> np.ndarray:
        """(H, W, 3) uint8 RGB: what is on the screen at an element."""
        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self.page.locator(selector).screenshot())).convert("RGB"))


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Visit]]:
    """Opens tabs; each in a browser of its own unless ``beside`` names one. Afterwards: nothing went wrong or out."""
    contexts, visits = [], []

    def start(size: str = "1280x720", dark: bool = False, beside: Visit | None = None) -> Visit:
        if beside is None:
            width, height = SIZES[size]
            scheme = "dark" if dark else "light"
            contexts.append(chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme))
        found = Visit((beside.page.context if beside else contexts[-1]).new_page())
        visits.append(found)
        return found

    yield start
    for context in contexts:
        context.close()
    for one in visits:
        assert not one.outside
        assert not one.problems


def read(path: Path) -> Any:
    return files.read_json(path)


def middle_of(run: Path, column: str) -> float:
    """A bound that about half of the frames pass."""
    return round(float(np.median(load_table(run).values[column])), 3)


def type_text(box: Any, text: str) -> None:
    """Puts a text into a box as a person does: goes there, selects what stands in it, and types."""
    box.click()
    box.press("ControlOrMeta+a")
    box.press("Delete")
    box.press_sequentially(text)
    assert box.input_value() == text


def type_into(visit: Visit, label: str, text: str) -> None:
    """Types into a box as a person does, and goes back to the gallery."""
    box = visit.page.get_by_label(label)
    type_text(box, text)
    box.press("Tab")
    visit.page.get_by_role("listbox", name="Frames").focus()
