import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from core.records import VideoInfo

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


@pytest.fixture
def video():
    return VideoInfo(
        path="films/a.mp4",
        size_bytes=123,
        fingerprint="f" * 64,
        container="mp4",
        codec="h264",
        width=1920,
        height=1080,
        rotation=90,
        sample_aspect_ratio=Fraction(4, 3),
        pixel_format="yuv420p",
        bit_depth=8,
        color_range="limited",
        color_matrix=None,
        color_transfer=None,
        rate=Fraction(30000, 1001),
        rate_in_header=None,
        time_base=Fraction(1, 90000),
        frames=100,
        frames_in_header=None,
        duration_s=3.5,
        duration_in_header_s=None,
        stream_index=0,
        video_streams=1,
        audio=True,
    )
