"""What docs/imports.py draws and benchmarks/walks.py counts of a small program is what it does."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import walks, walks_tracer
from tests.machine import ROOT

PROGRAM = {
    "app.py": "from core.cli import main\nmain.run()\n",
    "core/__init__.py": "",
    "core/errors.py": "def check(path):\n    return path\n",
    "core/cli/__init__.py": "",
    "core/cli/main.py": """
import sys
from core.pipeline import extract

def run():
    verb(sys.argv[1])

def verb(path):
    for _ in extract.extract({"source": [path]}):
        pass
    run_again(path)

def run_again(path):
    pass
""",
    "core/pipeline/__init__.py": "",
    "core/pipeline/extract.py": """
def extract(settings):
    from core import errors
    from core.video.probe import probe
    path = settings["source"][0]
    errors.check(path)
    yield 1
    yield probe(path)
""",
    "core/video/__init__.py": "",
    "core/video/probe.py": "from core.errors import check\n\ndef probe(path):\n    return check(path)\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in PROGRAM.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "tree"


def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("imports", ROOT / "docs" / "imports.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["imports"] = found  # its dataclass looks for its module
    spec.loader.exec_module(found)
    return found


def test_importers_stand_above_what_they_import(tree: Path) -> None:
    imports = drawing()
    rooms = imports.ordered(imports.rooms_of(tree))
    assert [room.name for room in rooms] == ["cli", "pipeline", "video", "floor"]
    assert {other: len(by) for other, by in rooms[1].imports.items() if by} == {"video": 1, "floor": 1}
    assert imports.summary(rooms) == "4 rooms, 5 modules, 30 lines, 4 arrows, none of them up"


def test_an_import_upwards_is_counted(tree: Path) -> None:
    (tree / "core" / "errors.py").write_text("import core.video.probe\n")
    imports = drawing()
    assert "1 of them up" in imports.summary(imports.ordered(imports.rooms_of(tree)))


def test_every_room_of_this_tree_is_drawn() -> None:
    imports = drawing()
    rooms = imports.ordered(imports.rooms_of(ROOT))
    assert {"cli", "ui", "pipeline", "settings", "floor"} <= {room.name for room in rooms}
    picture = imports.drawn(rooms)
    assert all(f">{room.name}</text>" in picture for room in rooms)


def test_a_value_is_followed_through_the_calls_that_get_it(tree: Path, tmp_path: Path) -> None:
    start = time.monotonic_ns()
    walks.run(tree, [sys.executable, "app.py", "/a/clip.mp4"], walks.traced(tree, tmp_path, "/a/clip.mp4"))
    walk = walks.read(tmp_path, start, time.monotonic_ns())
    way = "cli.main pipeline.extract errors pipeline.extract video.probe errors cli.main"
    assert walk.stays == [f"core.{name}" for name in way.split()]
    figures = {"stays": 7, "modules": 4, "returns": 3, "climbs": 2, "videos opened": 0, "run.json read": 0}
    assert walk.figures == figures


@pytest.mark.parametrize(
    ("found", "wanted", "holds"),
    [
        (None, "a", False),
        ([], "a", False),
        (Path("/a"), "/a", True),
        ("/a/b", "/a", False),
        ({"x": [Path("/a")]}, "/a", True),
        (7, 7, True),
        (True, 1, False),
        ((1, (2, (3, (4, (5,))))), 5, False),
    ],
)
def test_a_value_is_found_in_what_holds_it(found: object, wanted: object, holds: bool) -> None:
    assert walks_tracer.holds(found, wanted) == holds
