"""Counts the ways of three values through the program: a video's path, a frame's number, a slider's value.

``python -m benchmarks.walks LABEL [TREE] [WALK ...]`` runs the program of a checkout for real, each of its processes
traced (walks_tracer.py), and keeps the figures under the label in benchmarks/results/walks.json. docs/walks.md says
what is counted and shows them. The walks of the page need Chromium.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "walks.json"
TIMES = 3

FRAME = 117
"""The frame that is saved: no other number of the run."""
BOUND = 12.34567
"""What the slider is set to."""
LAYERS = {"floor": 0, "settings": 0, "jobs": 1, "video": 1, "models": 1, "metrics": 1, "store": 1, "pipeline": 2}
LAYERS |= {"ui": 3, "cli": 3}
"""Room -> its layer; before it had rooms of their own, jobs and settings were on the floor."""
ONCE_DOORS = ("__main__", "console", "detect_verbs", "endings", "face_verbs", "fetching", "options", "run_verbs")
WAIT_MS = 60_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Walk:
    """One way of a value."""

    stays: list[str]
    """Modules in the order in which the value was in them; never one twice in a row."""
    videos_opened: int
    run_json_read: int

    @property
    def figures(self) -> dict[str, int]:
        modules = set(self.stays)
        climbs = sum(layer(before) < layer(after) for before, after in itertools.pairwise(self.stays))
        counted = {"stays": len(self.stays), "modules": len(modules), "returns": len(self.stays) - len(modules)}
        return counted | {"climbs": climbs, "videos opened": self.videos_opened, "run.json read": self.run_json_read}


def layer(module: str) -> int:
    parts = module.split(".")
    if module == "app" or (len(parts) == 2 and parts[1] in (*ONCE_DOORS, "cli")):
        return LAYERS["cli"]
    return LAYERS.get(parts[1], LAYERS["floor"]) if len(parts) > 2 else LAYERS["floor"]


def main() -> None:
    label, *words = sys.argv[1:]
    tree = Path(words.pop(0)).resolve() if words and Path(words[0]).is_dir() else ROOT
    for name in words or WALKS:
        walk = middle_of([walked(name, tree) for _ in range(TIMES)])
        print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in walk.figures.items()), flush=True)
        keep(label, name, walk)


def walked(name: str, tree: Path) -> Walk:
    with tempfile.TemporaryDirectory() as folder:
        return WALKS[name](tree, Path(folder))


def middle_of(walks: list[Walk]) -> Walk:
    """The median by stays, then climbs: threads may take their turns in another order."""
    return sorted(walks, key=lambda walk: (len(walk.stays), walk.figures["climbs"]))[len(walks) // 2]


def keep(label: str, name: str, walk: Walk) -> None:
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    known.setdefault(label, {})[name] = {**walk.figures, "way": " > ".join(walk.stays)}
    RESULTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


# --- the walks


def by_command(tree: Path, folder: Path) -> Walk:
    """A video's path: ``python -m core extract PATH``, whole."""
    video = clip(folder)
    start = time.monotonic_ns()
    argv = [python(tree), "-m", "core", "extract", str(video), "--method", "interval", "--interval", "1"]
    run(tree, [*argv, "--out", str(folder / "run")], traced(tree, folder, str(video)))
    return read(folder, start, time.monotonic_ns())


def by_command_again(tree: Path, folder: Path) -> Walk:
    """A video's path: the same command once more, when the run is there and complete."""
    video = clip(folder)
    argv = [python(tree), "-m", "core", "extract", str(video), "--method", "interval", "--interval", "1"]
    argv += ["--out", str(folder / "run")]
    run(tree, argv)
    start = time.monotonic_ns()
    run(tree, argv, traced(tree, folder, str(video)))
    return read(folder, start, time.monotonic_ns())


def by_page(tree: Path, folder: Path) -> Walk:
    """A video's path: from the press of Extract & Analyze Frames to the end of the job."""
    video = clip(folder)
    with page_of(tree, folder, str(video)) as page:
        page.get_by_label("URL, path or dropped file").fill(str(video))
        page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
        page.locator("#extract-method label", has_text="Every few seconds").click()
        start = time.monotonic_ns()
        page.get_by_role("button", name="Extract & Analyze Frames").click()
        page.wait_for_selector(".live[data-state=done]", timeout=WAIT_MS)
        return read(folder, start, time.monotonic_ns())


def by_key(tree: Path, folder: Path) -> Walk:
    """A frame's number: from the key S in Live Review to the file."""
    video = clip(folder)
    with page_of(tree, folder, FRAME) as page:
        page.get_by_role("tab", name="Live Review").click()
        box = page.get_by_label("Folder of videos")
        box.fill(str(video.parent))
        box.press("Enter")
        page.locator(".video", has_text=video.name).click()
        page.locator("text=/\\b0 . 119\\b/").wait_for(timeout=WAIT_MS)
        page.keyboard.press("End")
        for _ in range(119 - FRAME):
            page.keyboard.press("ArrowLeft")
        page.locator(f"text=/\\b{FRAME} . 119\\b/").wait_for(timeout=WAIT_MS)
        page.wait_for_timeout(3000)  # the decoder beside the play head comes to rest
        start = time.monotonic_ns()
        page.keyboard.press("s")
        wait_for(lambda: list(folder.rglob(f"*_f{FRAME:06d}.json")))
        return read(folder, start, time.monotonic_ns())


def by_slider(tree: Path, folder: Path) -> Walk:
    """A slider's value: from the bound that is typed beside it to the exported set."""
    out = folder / "downloads" / "clip"
    run(tree, [python(tree), "-m", "core", "extract", str(clip(folder)), "--method", "all", "--out", str(out)])
    with page_of(tree, folder, BOUND) as page:
        page.get_by_role("tab", name="Filtering & Export").click()
        bound = page.get_by_label("Contrast, lower bound, as a number")
        bound.wait_for(timeout=WAIT_MS)
        start = time.monotonic_ns()
        bound.fill(str(BOUND))
        bound.press("Enter")
        wait_for(lambda: str(BOUND) in (out / "selection.json").read_text("utf-8"))
        page.get_by_role("listbox", name="Frames").focus()
        page.keyboard.press("e")
        page.locator(".drawer button.primary").click()
        page.locator(".drawer .verdict.kept").wait_for(timeout=WAIT_MS)
        return read(folder, start, time.monotonic_ns())


WALKS: dict[str, Callable[[Path, Path], Walk]] = {
    "path-command": by_command,
    "path-command-again": by_command_again,
    "path-page": by_page,
    "frame-number": by_key,
    "slider": by_slider,
}


# --- running


def clip(folder: Path) -> Path:
    """A clip of 120 numbered frames, alone in a folder."""
    from tests import videos

    (folder / "videos").mkdir()
    return Path(shutil.copy(videos.build("h264-25"), folder / "videos" / "clip.mp4"))


def python(tree: Path) -> str:
    return str(tree / ".venv" / "bin" / "python")


def traced(tree: Path, folder: Path, value: Any) -> dict[str, str]:
    """The environment in which every Python that starts follows the value."""
    site, into = folder / "site", folder / "notes"
    site.mkdir()
    into.mkdir()
    here = str(Path(__file__).parent)
    code = f"import sys\nsys.path.append({here!r})\nimport walks_tracer\nwalks_tracer.install()\n"
    (site / "sitecustomize.py").write_text(code, encoding="utf-8")
    return {
        "PYTHONPATH": str(site),
        "FRAMESIEVE_WALK": json.dumps({"tree": str(tree), "value": value, "into": str(into)}),
    }


def run(tree: Path, argv: list[str], more: dict[str, str] | None = None) -> None:
    subprocess.run(argv, cwd=tree, env=os.environ | (more or {}), check=True, capture_output=True)


@contextlib.contextmanager
def page_of(tree: Path, folder: Path, value: Any) -> Iterator[Any]:
    """The page of a tree in a browser; each process of it follows the value."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    argv = [python(tree), "app.py", "--port", port, "--downloads", str(folder / "downloads"), "--root", str(folder)]
    environment = os.environ | traced(tree, folder, value)
    with subprocess.Popen(argv, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        server.stdout.readline()
        try:
            with sync_playwright() as playwright:
                program = next(path for name in BROWSERS if (path := shutil.which(name)))
                browser = playwright.chromium.launch(executable_path=program, args=["--headless=new", "--no-sandbox"])
                page = browser.new_page(viewport={"width": 1280, "height": 720})
                page.goto(f"http://127.0.0.1:{port}/")
                yield page
                browser.close()
        finally:
            server.terminate()


def wait_for(fact: Callable[[], Any]) -> None:
    end = time.monotonic() + WAIT_MS / 1000
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if fact():
                return
        time.sleep(0.02)
    raise TimeoutError("what was waited for did not come")


# --- counting


def read(folder: Path, start_ns: int, end_ns: int) -> Walk:
    """Returns what was noted between two instants: one thread after the other, in the order of their first notes."""
    lines = [line for path in (folder / "notes").iterdir() for line in path.read_text("utf-8").splitlines()]
    notes = sorted(note for line in lines if start_ns <= (note := json.loads(line))[0] <= end_ns)
    threads: dict[str, list[str]] = {}
    for _, thread, kind, *facts in notes:
        if kind == "call":
            threads.setdefault(thread, []).extend(module for module in facts[:2] if module is not None)
    kinds = [note[2] for note in notes]
    stays = [module for module, _ in itertools.groupby(itertools.chain(*threads.values()))]
    return Walk(stays, kinds.count("video"), kinds.count("run.json"))


if __name__ == "__main__":
    main()
