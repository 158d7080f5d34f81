"""What this machine has for the tests: the project's folder, assets, a browser, a GPU; and what a process used of it.

A test that needs weights, Chromium or a GPU is skipped where that is absent, and fails instead when REQUIRE_WEIGHTS,
REQUIRE_BROWSER or REQUIRE_GPU is 1.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

MOST_MEMORY = """
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""
"""Prints the most memory that a process had, in MiB; unlike ``getrusage`` without what its parent had."""


def assets_folder() -> Path:
    """Where weights and clips lie: FRAMESIEVE_TEST_ASSETS, else ../shared."""
    return Path(os.environ.get("FRAMESIEVE_TEST_ASSETS") or ROOT.parent / "shared").resolve()


def missing_weights() -> str | None:
    return None if (assets_folder() / "models").is_dir() else f"no test assets in {assets_folder()}"


def missing_browser() -> str | None:
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed"
    return None if any(map(shutil.which, CHROMIUM_NAMES)) else "Chromium is not on PATH"


def missing_gpu() -> str | None:
    return None if shutil.which("nvidia-smi") else "no GPU: nvidia-smi is not on PATH"


MISSING: dict[str, Callable[[], str | None]] = {
    "weights": missing_weights,
    "browser": missing_browser,
    "gpu": missing_gpu,
}


def need(marker: str) -> None:
    """Skips the running test, or fails it where REQUIRE_<MARKER> is 1, unless this machine has what it names."""
    if reason := MISSING[marker]():
        if os.environ.get(f"REQUIRE_{marker.upper()}") == "1":
            pytest.fail(f"{reason}, and REQUIRE_{marker.upper()}=1")
        pytest.skip(reason)
