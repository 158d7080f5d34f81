"""Face reading that is killed, then gone on with: the same bytes as if nobody had disturbed it."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import RunBusy
from core.pipeline.extraction import extract_records
from core.pipeline.faces.update import update_faces
from core.settings.extract import ExtractSettings
from tests.faces import make_pack
from tests.raising import raises
from tests.runs import COMMAND, contents, environment, lines

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them"),
]
PATIENCE_S = 90.0
CHOICE = {"method": "every_nth", "every": 4, "save_frames": False}
FLAGS = ("--method", "every_nth", "--every", "4", "--no-save-frames")


@pytest.fixture(scope="module")
def pack(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pack(assets, tmp_path_factory.mktemp("packs") / "own")


@pytest.fixture(scope="module")
def clip(assets: Path) -> Path:
    return assets / "media" / "hideandseek.mp4"


@pytest.fixture(scope="module")
def undisturbed(clip: Path, pack: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    list(extract_records(clip, ExtractSettings(faces=True, face_model=str(pack), **CHOICE), out=run))
    return contents(run)


@pytest.fixture(scope="module")
def faceless(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("faceless") / "run"
    list(extract_records(clip, ExtractSettings(**CHOICE), out=run))
    return run


def killed(argv: tuple[str, ...], folder: Path, reached: Callable[[], bool], delay_s: float) -> int:
    process = subprocess.Popen([*COMMAND, *argv], cwd=folder, env=environment(), stderr=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and not reached():
        assert time.monotonic() < until
        time.sleep(0.002)
    time.sleep(delay_s)
    process.kill()
    return process.wait()


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize("moment", range(3))
def test_a_killed_extraction_has_the_same_faces_in_the_end(
    clip: Path, pack: Path, undisturbed: dict[str, bytes], tmp_path: Path, moment: int
) -> None:
    dice, run = random.Random(moment), tmp_path / "run"
    argv = ("extract", str(clip), *FLAGS, "--faces", "--face-model", str(pack), "--out", str(run))
    at_bytes = int(len(undisturbed["metadata.jsonl"]) * dice.uniform(0, 0.3)) * moment
    code = killed(
        argv, tmp_path, lambda: run.exists() and size(run / "metadata.jsonl") >= at_bytes, dice.uniform(0, 0.1)
    )
    assert code in (-signal.SIGKILL, 0)  # a machine that is busy may look too late
    list(extract_records(clip, ExtractSettings(faces=True, face_model=str(pack), **CHOICE), out=run))
    assert contents(run) == undisturbed


def test_faces_that_no_record_knows_are_read_again(
    clip: Path, pack: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """The faces of a chunk are on disk before its records are: a kill between the two leaves faces too many."""
    run = tmp_path / "run"
    list(extract_records(clip, ExtractSettings(faces=True, face_model=str(pack), **CHOICE), out=run))
    records = (run / "metadata.jsonl").read_bytes().splitlines(keepends=True)
    saved = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(saved | {"extra": {"state": "running"}}))
    (run / "metadata.jsonl").write_bytes(b"".join(records[:17]) + records[17][:40])
    with open(run / "faces.f32", "ab") as file:
        file.write(b"torn")
    list(extract_records(clip, ExtractSettings(faces=True, face_model=str(pack), **CHOICE), out=run))
    assert contents(run) == undisturbed


@pytest.mark.parametrize("moment", range(3))
def test_a_killed_pass_over_a_run_goes_on(
    faceless: Path, pack: Path, undisturbed: dict[str, bytes], tmp_path: Path, moment: int
) -> None:
    run = Path(shutil.copytree(faceless, tmp_path / "run"))
    before = lines(run / "metadata.jsonl")

    def reached() -> bool:
        try:
            state = json.loads((run / "faces.json").read_text())
        except (FileNotFoundError, ValueError):
            return False
        return bool(state["read_to"] >= 60 * moment)

    code = killed(
        ("faces", str(run), "--face-model", str(pack)), tmp_path, reached, random.Random(moment).uniform(0, 0.2)
    )
    if code == -signal.SIGKILL and moment < 2:
        assert [line["frame_number"] for line in lines(run / "metadata.jsonl")] == [
            line["frame_number"] for line in before
        ]
    again = list(update_faces(run, {"face_model": str(pack)}))
    assert max((read for read, _ in again), default=0) < 50 or moment == 0
    for name in ("faces.jsonl", "faces.f32", "faces.json", "metadata.jsonl"):
        assert (run / name).read_bytes() == undisturbed[name], name


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long)], ids=["short", "long"])
def test_a_pass_that_is_closed_at_each_step_ends_with_the_same_rows(
    faceless: Path, pack: Path, undisturbed: dict[str, bytes], tmp_path: Path, every: int
) -> None:
    """At each step in the long form, at every seventh in the short one: the networks are opened anew each time."""
    run = Path(shutil.copytree(faceless, tmp_path / "run"))
    closed = 0
    for _ in range(100):
        steps = update_faces(run, {"face_model": str(pack)})
        if len(list(itertools.islice(steps, every))) < every:
            break
        steps.close()
        closed += 1
    assert closed > 5
    for name in ("faces.jsonl", "faces.f32", "faces.json", "metadata.jsonl"):
        assert (run / name).read_bytes() == undisturbed[name], name


def test_extraction_and_pass_may_be_interrupted_in_turn(
    clip: Path, pack: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """An extraction stops half way, a pass reads nothing new of it, the extraction goes on: no row twice."""
    run = tmp_path / "run"
    settings = ExtractSettings(faces=True, face_model=str(pack), **CHOICE)
    steps = extract_records(clip, settings, out=run)
    for _ in range(20):
        next(steps)
    steps.close()
    assert list(update_faces(run)) == []
    list(extract_records(clip, settings, out=run))
    assert contents(run) == undisturbed


def test_a_run_that_is_worked_in_is_left_alone(faceless: Path, pack: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(faceless, tmp_path / "run"))
    steps = update_faces(run, {"face_model": str(pack)})
    next(steps)
    with raises(RunBusy):
        next(update_faces(run, {"face_model": str(pack)}))
    steps.close()
