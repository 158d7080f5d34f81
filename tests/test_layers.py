"""The layers of docs/architecture.md, read from the imports: arrows point down only."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core"
ROOMS = ("video", "models", "metrics", "store")
FLOOR = {"floor", "settings"}
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "registry", "shared", "base", "context"}

DOORKEEPERS = {
    "av": ("core/video/",),
    "scenedetect": ("core/video/",),
    "yt_dlp": ("core/video/web/",),
    "imageio_ffmpeg": ("core/video/",),
    "numba": ("core/metrics/", "core/video/colour_kernels.py"),
    "llvmlite": ("core/metrics/ahead.py", "core/metrics/machine_code.py"),
    "imagehash": ("core/metrics/phash.py",),
    "cv2": ("core/video/", "core/metrics/", "core/models/"),
    "sklearn": ("core/models/face_groups.py",),
    "simplejpeg": ("core/video/", "core/metrics/"),
    "PIL": ("core/video/", "core/metrics/"),
    "torch": ("core/models/",),
    "ultralytics": ("core/models/yolo", "core/models/tracker.py"),
    "insightface": ("core/models/faces.py",),
    "onnxruntime": ("core/models/faces.py", "core/models/yolo", "core/models/appearance.py"),
    "lap": ("core/models/tracker.py",),
    "yaml": ("core/pipeline/persons/config.py",),
    "openvino": ("core/models/yolo_run.py",),
    "sam2": ("core/models/sam2",),
    "orjson": ("core/store/",),
    "pycocotools": ("core/store/coco_rle.py",),
    "portalocker": ("core/store/", "core/jobs/archive.py"),
    "gradio": ("core/ui/", "app.py"),
    "ray": ("core/pipeline/batch.py",),
    "rich": ("core/cli/console.py",),
    "pydantic": ("core/settings/",),
}
"""Package -> the only folders or files that may import it."""

HEAVY = (
    "av",
    "cv2",
    "gradio",
    "imagehash",
    "insightface",
    "llvmlite",
    "numba",
    "onnxruntime",
    "openvino",
    "ray",
    "scenedetect",
    "sam2",
    "scipy",
    "sklearn",
    "torch",
)
HEAVY += ("ultralytics", "yt_dlp")


def modules() -> list[Path]:
    return sorted([*CORE.rglob("*.py"), *ROOT.glob("app.py")])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def layer_of(path: Path) -> str:
    """The folder of ``core`` in which the module lies; ``floor`` beside them, ``app`` and ``__main__`` are doors."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts in (("app",), ("core", "__main__")):
        return "cli"
    return parts[1] if len(parts) > 2 else "floor"


def imports_of(path: Path) -> set[str]:
    """Every module that is imported anywhere in the file, as a dotted name; relative imports are resolved."""
    found = set()
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = [*package[: len(package) - node.level + 1]] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            # `from core import video` imports core.video; `from core.video import name` may import a module too.
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)} - {"core"}
    return found


def named_in(path: Path) -> set[str]:
    """The modules that the file names as text, such as those that a child process runs."""
    texts = [
        node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
    ]
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"core(\.\w+)+", text)}


def layer_imports(path: Path) -> set[str]:
    """The layers of our own that the module imports, or names as text."""
    layers = set()
    for module in imports_of(path) | named_in(path):
        parts = module.split(".")
        if parts[0] == "app":
            layers.add("cli")
        elif parts[0] == "core" and len(parts) > 1:
            layers.add(parts[1] if (CORE / parts[1]).is_dir() else "floor")
    return layers


ALLOWED = {
    "floor": {"floor"},
    "settings": FLOOR,
    **{room: {*FLOOR, room} for room in ROOMS},
    "jobs": {*FLOOR, "store", "jobs"},
    "pipeline": {*FLOOR, *ROOMS, "jobs", "pipeline"},
    "ui": {*FLOOR, *ROOMS, "jobs", "pipeline", "ui"},
    "cli": {*FLOOR, *ROOMS, "jobs", "pipeline", "ui", "cli"},
}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_down_only(path: Path) -> None:
    layer = layer_of(path)
    assert layer in ALLOWED, f"{name_of(path)}: there is no layer {layer}"
    too_high = layer_imports(path) - ALLOWED[layer]
    assert not too_high, f"{name_of(path)} ({layer}) imports {sorted(too_high)}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_the_floor_needs_only_numpy_and_the_standard_library(path: Path) -> None:
    if layer_of(path) == "floor":
        roots = {module.split(".")[0] for module in imports_of(path)}
        assert not roots - set(sys.stdlib_module_names) - {"core", "numpy"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_heavy_library_has_one_doorkeeper(path: Path) -> None:
    for root in {module.split(".")[0] for module in imports_of(path)} & set(DOORKEEPERS):
        assert name_of(path).startswith(DOORKEEPERS[root]), f"{name_of(path)} imports {root}: {DOORKEEPERS[root]} may"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_module_says_what_lives_in_it(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_name_says_something(path: Path) -> None:
    assert not NAMES_THAT_SAY_NOTHING & set(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        ("import os.path", {"os.path"}),
        ("from core import video", {"core.video"}),
        ("from core.video import probe", {"core.video", "core.video.probe"}),
        ("from . import probe", {"core.video", "core.video.probe"}),
        ("from ..store import run", {"core.store", "core.store.run"}),
        ("def f():\n    import av", {"av"}),
    ],
)
def test_imports_are_read_in_every_spelling(
    text: str, found: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "core" / "video" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert imports_of(path) == found


def test_a_module_that_is_named_as_text_counts_as_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "core" / "jobs" / "queue.py"
    path.parent.mkdir(parents=True)
    path.write_text('"""Not core.ui.looks."""\nCOMMAND = ("-m", "core.pipeline.jobs.main")')
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert named_in(path) == {"core.pipeline.jobs.main"}
    assert layer_imports(path) == {"pipeline"}


def test_help_imports_no_heavy_library_no_room_and_no_verb() -> None:
    """What keeps ``--help`` quick; ``benchmarks/startup.py`` measures it."""
    code = (
        "import runpy, sys\n"
        "sys.argv = ['core', '--help']\n"
        "try:\n    runpy.run_module('core', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('HEAVY', sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)\n"
        "print('OURS', *(name for name in sys.modules if name.startswith('core.')), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "HEAVY []" in done.stderr
    ours = next(line.split()[1:] for line in done.stderr.splitlines() if line.startswith("OURS"))
    assert {name.split(".")[1] for name in ours} <= {path.stem for path in CORE.glob("*.py")} | {
        "cli",
        "pipeline",
        "settings",
    }
    assert {name for name in ours if name.startswith("core.pipeline.")} == {
        "core.pipeline.failures",
        "core.pipeline.verbs",
    }
    assert len(ours) < 30, ours
