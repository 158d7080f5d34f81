"""Processes that are killed, interrupted or started twice: what they leave is whole and goes on to the same bytes."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.pipeline.extraction import extract_records
from core.settings.extract import ExtractSettings
from tests.runs import COMMAND, contents, core, environment, errors_in, lines, numbers_in

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")

SAVED = ExtractSettings(method="all", thumbs=True)
SCORED = ExtractSettings(method="scene", scene_threshold=0.001, save_frames=False)
OPTIONS = {
    SAVED.digest(): ("--method", "all", "--thumbs"),
    SCORED.digest(): ("--method", "scene", "--scene-threshold", "0.001", "--no-save-frames"),
}
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def undisturbed(long_video: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """What a run leaves that nobody disturbed, for each of the settings."""
    found = {}
    for settings in (SAVED, SCORED):
        run = tmp_path_factory.mktemp("undisturbed") / "run"
        list(extract_records(long_video, settings, out=run))
        found[settings.digest()] = contents(run)
    return found


def started(source: Path, settings: ExtractSettings, run: Path) -> subprocess.Popen[str]:
    command = [*COMMAND, "extract", str(source), *OPTIONS[settings.digest()], "--out", str(run)]
    return subprocess.Popen(command, cwd=run.parent, env=environment(), stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, stderr = process.communicate(timeout=PATIENCE_S)
    return process.returncode, stderr


def wait_until(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """Returns once it is so, or the process is gone."""
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and not reached():
        assert time.monotonic() < until
        time.sleep(0.001)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def killed(source: Path, settings: ExtractSettings, run: Path, at_bytes: int, delay_s: float) -> int:
    """Kills an extraction once so much is recorded, or its folder exists (0); returns the exit code."""
    process = started(source, settings, run)
    wait_until(process, lambda: run.exists() and size(run / "metadata.jsonl") >= at_bytes)
    time.sleep(delay_s)
    process.kill()
    return ended(process)[0]


def assert_nothing_half_written(run: Path) -> None:
    """Whatever has its final name is whole; every line but a torn last one is a record of a picture that exists."""
    for ordinal, number in numbers_in(run).items():
        assert ordinal == number
    if (run / "run.json").exists():
        assert json.loads((run / "run.json").read_text())["extra"]["state"] in ("running", "complete")
    if (run / "metadata.jsonl").exists():
        whole = (run / "metadata.jsonl").read_bytes().split(b"\n")[:-1]
        records = [json.loads(line) for line in whole]
        assert all(r["filename"] is None or (run / r["filename"]).exists() for r in records)


# --- killed


@pytest.mark.parametrize("moment", [*range(10), *(pytest.param(n, marks=pytest.mark.long) for n in range(10, 60))])
def test_a_killed_extraction_goes_on_to_the_same_bytes(
    long_video: Path, undisturbed: dict[str, dict[str, bytes]], tmp_path: Path, moment: int
) -> None:
    dice, run = random.Random(moment), tmp_path / "run"
    whole = undisturbed[SAVED.digest()]
    at_bytes = int(len(whole["metadata.jsonl"]) * dice.uniform(0, 0.8)) if moment > 1 else moment
    assert killed(long_video, SAVED, run, at_bytes, dice.uniform(0, 0.03)) == -signal.SIGKILL
    assert_nothing_half_written(run)
    list(extract_records(long_video, SAVED, out=run))
    assert contents(run) == whole


def test_killed_ten_times_in_a_row_it_still_ends_with_the_same_bytes(
    long_video: Path, undisturbed: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    dice, run = random.Random(99), tmp_path / "run"
    whole = undisturbed[SCORED.digest()]
    end, recorded = len(whole["metadata.jsonl"]), [0]
    for _ in range(10):
        at_bytes = recorded[-1] + 1 + int((end - recorded[-1]) * dice.uniform(0, 0.2))
        assert killed(long_video, SCORED, run, at_bytes, dice.uniform(0, 0.01)) == -signal.SIGKILL
        assert_nothing_half_written(run)
        recorded.append(size(run / "metadata.jsonl"))
    assert recorded == sorted(set(recorded))
    list(extract_records(long_video, SCORED, out=run))
    assert contents(run) == whole


def test_a_killed_pass_that_only_chooses_is_made_again(
    long_video: Path, undisturbed: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    killed(long_video, SCORED, run, 0, 0.1)
    assert size(run / "metadata.jsonl") == 0
    list(extract_records(long_video, SCORED, out=run))
    assert contents(run) == undisturbed[SCORED.digest()]


def test_a_killed_export_leaves_no_folder_under_its_name(long_video: Path, tmp_path: Path) -> None:
    run, dest = tmp_path / "run", tmp_path / "out"
    list(extract_records(long_video, ExtractSettings(method="all", save_frames=False, png=True), out=run))
    before = contents(run)
    command = [*COMMAND, "export", str(run), "--dest", str(dest)]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)
    wait_until(process, lambda: len(list(tmp_path.glob(".out*.partial/frame_*.png"))) > 100)
    process.kill()
    assert ended(process)[0] == -signal.SIGKILL
    assert not dest.exists()
    assert len(list(tmp_path.glob("*.partial"))) == 1
    assert contents(run) == before
    assert core("export", run, "--dest", dest, cwd=tmp_path).returncode == 0
    assert numbers_in(dest) == {i: i for i in range(600)}
    assert not list(tmp_path.glob("*.partial"))


# --- interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_extraction_says_so_and_goes_on(
    long_video: Path, undisturbed: dict[str, dict[str, bytes]], tmp_path: Path, number: signal.Signals
) -> None:
    run = tmp_path / "run"
    process = started(long_video, SAVED, run)
    wait_until(process, lambda: size(run / "metadata.jsonl") > 0)
    process.send_signal(number)
    code, stderr = ended(process)
    assert code == 130, stderr
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1] == "stopped; run the same command again to resume."
    assert not [name for name in contents(run) if name.endswith(".tmp")]
    recorded = len(lines(run / "metadata.jsonl"))
    assert 0 < recorded < 600
    again = core("extract", long_video, *OPTIONS[SAVED.digest()], "--out", run, cwd=tmp_path)
    assert again.returncode == 0
    assert f"{recorded} of 600 frames were recorded before." in again.stderr
    assert contents(run) == undisturbed[SAVED.digest()]


# --- two at once


def test_a_second_process_on_one_run_is_refused_and_the_first_undisturbed(
    long_video: Path, undisturbed: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    first = started(long_video, SAVED, run)
    wait_until(first, lambda: size(run / "metadata.jsonl") > 0)
    first.send_signal(signal.SIGSTOP)
    try:
        second = core("extract", long_video, *OPTIONS[SAVED.digest()], "--out", run, cwd=tmp_path)
        exporting = core("export", run, "--dest", tmp_path / "out", cwd=tmp_path)
    finally:
        first.send_signal(signal.SIGCONT)
    for refused in (second, exporting):
        assert refused.returncode == 6, refused.stderr
        assert errors_in(refused.stderr) == [
            f"error: another process ({first.pid}) works in {run}; wait for it or stop it."
        ]
    assert not (tmp_path / "out").exists()
    assert ended(first)[0] == 0
    assert contents(run) == undisturbed[SAVED.digest()]
