"""The layers of docs/architecture.md, read from the imports: arrows point down only."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core"
ROOMS = ("video", "models", "metrics", "store")
DOORS = ("cli", "__main__", "console", "endings", "fetching", "options", "run_verbs", "detect_verbs", "face_verbs")
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "registry", "shared", "base", "context"}

DOORKEEPERS = {
    "av": ("core/video/",),
    "scenedetect": ("core/video/",),
    "yt_dlp": ("core/video/",),
    "imageio_ffmpeg": ("core/video/",),
    "numba": ("core/metrics/", "core/video/colour_kernels.py"),
    "imagehash": ("core/metrics/phash.py",),
    "cv2": ("core/video/", "core/metrics/", "core/models/"),
    "sklearn": ("core/models/face_groups.py",),
    "simplejpeg": ("core/video/", "core/metrics/"),
    "PIL": ("core/video/", "core/metrics/"),
    "torch": ("core/models/",),
    "ultralytics": ("core/models/yolo",),
    "insightface": ("core/models/faces.py",),
    "onnxruntime": ("core/models/faces.py", "core/models/yolo"),
    "openvino": ("core/models/yolo_run.py",),
    "sam2": ("core/models/sam2.py",),
    "orjson": ("core/store/",),
    "portalocker": ("core/store/",),
    "gradio": ("core/ui/", "app.py"),
    "ray": ("core/pipeline/batch.py",),
    "rich": ("core/console.py",),
}
"""Package -> the only folders or files that may import it."""

HEAVY = (
    "av",
    "cv2",
    "gradio",
    "imagehash",
    "insightface",
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
    """``floor``, ``door``, or the folder of ``core`` in which the module lies."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts == ("app",) or parts[-1] in DOORS:
        return "door"
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


def layer_imports(path: Path) -> set[str]:
    """The layers of our own that the module imports."""
    layers = set()
    for module in imports_of(path):
        parts = module.split(".")
        if parts[0] == "app":
            layers.add("door")
        elif parts[0] == "core" and len(parts) > 1:
            is_folder = (CORE / parts[1]).is_dir()
            layers.add(parts[1] if is_folder else "door" if parts[1] in DOORS else "floor")
    return layers


ALLOWED = {
    "floor": {"floor"},
    **{room: {"floor", room} for room in ROOMS},
    "pipeline": {"floor", *ROOMS, "pipeline"},
    "ui": {"floor", *ROOMS, "pipeline", "ui"},
    "door": {"floor", *ROOMS, "pipeline", "ui", "door"},
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


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import runpy, sys\n"
        "sys.argv = ['core', '--help']\n"
        "try:\n    runpy.run_module('core', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('HEAVY', sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "HEAVY []" in done.stderr
