"""What tests of runs share: starting the program, reading folders byte by byte, reading the number in a picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2

from core.store.run import ordinal_of
from tests.videos import painted, read_number

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "core"]
OTHERS = (".lock",)
"""Files of a run that differ from one process to the next."""


def environment() -> dict[str, str]:
    """What a process needs to find the program from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def core(*argv: object, cwd: Path, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Runs ``python -m core`` to its end."""
    command = [*COMMAND, *map(str, argv)]
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=timeout_s)


def errors_in(stderr: str) -> list[str]:
    """Lines that tell of a failure; also proves that no traceback is among them."""
    assert "Traceback" not in stderr, stderr
    return [line for line in stderr.splitlines() if line.startswith("error: ")]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    return {name: data for name, data in found.items() if name not in OTHERS}


def stamps(folder: Path) -> dict[str, int]:
    """When every file below a folder was last written."""
    return {name: (folder / name).stat().st_mtime_ns for name in contents(folder)}


def number_in(path: Path) -> int:
    """The number in a picture on disk."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert image is not None, path
    return read_number(image)


def numbers_in(folder: Path) -> dict[int, int]:
    """Of every extracted or exported picture: the ordinal in its name -> the number in its pixels."""
    found = ((ordinal_of(path.name), path) for path in sorted(folder.iterdir()))
    return {ordinal: number_in(path) for ordinal, path in found if ordinal is not None}


def long_clip(path: Path, frames: int, rate: int = 25) -> Path:
    """A counting clip of any length, quickly made."""
    words = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "2", "-pix_fmt", "yuv420p")
    painted(path.name, *words, frames=frames, rate=Fraction(rate), note="").make(path, lambda name: path)
    return path
