import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def python(monkeypatch):
    """The start of a command that runs Python with the program on its path."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return [sys.executable]


def _mounted(folder, *options):
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a disk needs root")
    if subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a disk")


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 64 KiB."""
    folder = tmp_path / "disk"
    _mounted(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def read_only_folder(tmp_path):
    """A folder nobody can write, root neither."""
    folder = tmp_path / "fixed"
    _mounted(folder, "-t", "tmpfs", "-o", "size=64k,ro", "tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
