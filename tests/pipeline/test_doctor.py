"""The doctor, on this machine as it is and on one with nothing installed."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.pipeline.doctor import FEATURES, HEAVY, MODULES, Check, checks

ROOT = Path(__file__).parents[2]
REQUIREMENTS = (ROOT / "requirements.txt").read_text().splitlines()


def by_name(folder: Path, **options: object) -> dict[str, Check]:
    found = list(checks(folder, **options))  # type: ignore[arg-type]
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def test_here_everything_that_is_installed_is_found(tmp_path: Path) -> None:
    checks = by_name(tmp_path)
    for name in ("python", "ffmpeg", "decoder", "downloads", "logs", *FEATURES):
        assert checks[name].status == "ok", checks[name]
    assert importlib.metadata.version("av") in checks["decoder"].sentence
    assert "libavcodec" in checks["decoder"].sentence
    assert not list(tmp_path.iterdir())


def test_every_package_of_a_feature_is_in_the_lock() -> None:
    locked = {line.split("==")[0] for line in REQUIREMENTS}
    assert {package for packages in FEATURES.values() for package in packages} <= locked


def test_every_package_of_a_feature_is_tried() -> None:
    assert {package for packages in FEATURES.values() for package in packages} | {"av"} == set(MODULES)
    assert set(HEAVY) <= set(MODULES)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ImportError('DLL load failed')", "DLL load failed"),
        ("import os; os._exit(3)", "its import ended Python with exit code 3"),
        ("raise SystemExit", "SystemExit"),
        ("print('result orjson imported'); raise ValueError", "ValueError"),
    ],
)
def test_a_package_that_cannot_be_imported_is_named_and_the_next_ones_are_tried(
    tmp_path: Path, code: str, reason: str
) -> None:
    (tmp_path / "orjson.py").write_text(code)
    (tmp_path / "portalocker.py").write_text("raise ImportError('after the crash')")
    program = "from core.pipeline.doctor import checks\nfor c in checks(): print(c.name, c.status, c.sentence, sep='|')"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    status = {line.split("|")[0]: line.split("|")[1:] for line in done.stdout.splitlines()}
    assert status["run folders"] == [
        "missing",
        f"orjson cannot be imported ({reason}) and portalocker cannot be imported (after the crash); "
        "install it with: make setup",
    ]
    assert status["quality metrics"][0] == "ok"
    assert status["shots"][0] == "ok"


def test_without_any_package_or_program_it_still_answers(tmp_path: Path) -> None:
    code = "from core.pipeline.doctor import checks\nfor c in checks(): print(c.name, c.status, c.sentence, sep='|')"
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": ""}
    argv = [sys.executable, "-S", "-c", code]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    status = {line.split("|")[0]: line.split("|")[1:] for line in done.stdout.splitlines()}
    for name in ("ffmpeg", "decoder", *FEATURES):
        assert status[name][0] == "missing", (name, status[name])
    assert status["faces"][1] == "onnxruntime and insightface not installed; install it with: make setup"
    assert status["javascript"][0] == "warn"
    assert "yt-dlp age" not in status


@pytest.mark.parametrize(
    ("days", "status", "words"),
    [(-1, "ok", "is 0 days old"), (0, "ok", "is 0 days old"), (60, "ok", "is 60"), (61, "warn", "make update-ytdlp")],
)
def test_an_old_ytdlp_is_a_warning(tmp_path: Path, days: int, status: str, words: str) -> None:
    year, month, day = map(int, importlib.metadata.version("yt-dlp").split(".")[:3])
    today = datetime.date(year, month, day) + datetime.timedelta(days=days)
    check = by_name(tmp_path, today=today)["yt-dlp age"]
    assert check.status == status
    assert words in check.sentence


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "downloads").write_text("")
    checks = by_name(tmp_path)
    assert checks["downloads"].status == "missing"
    assert "cannot be written" in checks["downloads"].sentence
    assert checks["logs"].status == "ok"


def test_folders_that_are_not_there_yet_are_judged_by_the_one_above(tmp_path: Path) -> None:
    checks = by_name(tmp_path / "deep" / "er")
    assert checks["logs"].status == "ok"
    assert not list(tmp_path.iterdir())


def test_no_model_library_is_imported() -> None:
    code = "import sys\nfrom core.pipeline.doctor import checks\nlist(checks())\n"
    code += "print(sorted({'torch', 'ultralytics', 'insightface', 'sam2', 'gradio', 'numba'} & set(sys.modules)))"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
