"""The script behind `make`: only what needs no set-up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def make(*args: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "make.py", *args]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)


def makefile_targets() -> list[str]:
    line = re.search(r"^TARGETS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line
    return line[1].split()


def test_help_lists_every_target_of_the_makefile() -> None:
    done = make("help")
    assert done.returncode == 0
    listed = re.findall(r"^make (\S+) +\S", done.stdout, re.MULTILINE)
    assert listed == ["help", *makefile_targets()]


def test_an_unknown_target_names_those_that_exist() -> None:
    done = make("nope")
    assert done.returncode == 2
    assert all(target in done.stdout for target in makefile_targets())


def test_the_script_can_be_read_by_an_old_python() -> None:
    ast.parse((ROOT / "make.py").read_text(), feature_version=(3, 7))


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_pins_everything_and_names_no_index(lock: str) -> None:
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.match(r"[a-z0-9._-]+==[^ ]+( ; .+)?$", line)] == []


def test_opencv_is_only_ever_the_headless_one() -> None:
    names = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()}
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


def test_both_locks_agree() -> None:
    pins = {}
    for lock in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / lock).read_text().splitlines():
            if line and not line.startswith("#") and " ; " not in line:
                name, version = line.split("==")
                assert pins.setdefault(name, version) == version


def test_every_python_gets_the_same_version() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    names = [line.split("==")[0] for line in lines if "==" in line]
    assert sorted(set(names)) == sorted(names)
