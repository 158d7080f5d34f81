"""A process that is killed while it masks: the same call finishes what is missing and leaves the same files."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.pipeline.masks.home import open_home
from core.pipeline.masks.state import board
from tests import masks
from tests.runs import contents, environment, stamps

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")
CHILD = [sys.executable, "-m", "tests.pipeline.masks.mask_child"]
PATIENCE_S = 60.0
NOTES = (*masks.USUAL[:2], masks.note(2, (1, 60, 30), (2, 140, 90)))


def started(run: Path, *more: object) -> subprocess.Popen[str]:
    command = [*CHILD, str(run), *map(str, more)]
    return subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, stderr = process.communicate(timeout=PATIENCE_S)
    return process.returncode, stderr


def everything(run: Path) -> dict[str, bytes]:
    found = contents(run) | {f"out/{name}": data for name, data in contents(run.with_name("walk_masked")).items()}
    return {name: data for name, data in found.items() if not name.endswith((".tmp", ".lock"))}


@pytest.fixture
def pointed(run: Path) -> Path:
    masks.annotated(run, NOTES)
    return run


@pytest.mark.parametrize("seed", range(4))
def test_killed_and_called_again_it_leaves_the_same_files(pointed: Path, tmp_path: Path, seed: int) -> None:
    whole = Path(shutil.copytree(pointed, tmp_path / "undisturbed" / "walk"))
    assert ended(started(whole))[0] == 0
    wanted = everything(whole)
    frames = random.Random(seed).randrange(2, 68)
    process = started(pointed)
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and not (pointed / "masks" / f"mask_{frames:06d}.png").exists():
        assert time.monotonic() < until
        time.sleep(0.001)
    process.kill()
    ended(process)
    finished = [shot.start for shot in board(open_home(pointed)) if shot.state in ("propagated", "doubtful")]
    of_finished = {f"masks/mask_{f:06d}.png" for s, e in masks.SHOTS if s in finished for f in range(s, e)}
    before = {name: when for name, when in stamps(pointed).items() if name in of_finished}
    assert ended(started(pointed)) == (0, "")
    assert everything(pointed) == wanted
    assert {name: when for name, when in stamps(pointed).items() if name in of_finished} == before


def test_a_full_disk_is_one_sentence_and_finished_shots_stay(pointed: Path) -> None:
    masks.masked(pointed, shots="0")
    code, stderr = ended(started(pointed, 1))
    assert code == 7
    assert stderr.startswith("disk_full: ")
    assert board(open_home(pointed))[0].state == "propagated"
    assert ended(started(pointed)) == (0, "")
