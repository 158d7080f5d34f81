"""Where the test assets lie, and which tests are skipped here.

A test that needs weights, Chromium or a GPU is skipped where that is absent, and fails instead when REQUIRE_WEIGHTS,
REQUIRE_BROWSER or REQUIRE_GPU is 1.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import hypothesis
import pytest
from _pytest.runner import runtestprotocol

from core import inside
from core.records import VideoInfo

ROOT = Path(__file__).parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # Started in the background, a shell has Ctrl-C ignored, and every program that a test starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("framesieve", deadline=None, derandomize=True)
hypothesis.settings.load_profile("framesieve")


def assets_folder() -> Path:
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


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, missing in MISSING.items():
        if item.get_closest_marker(marker) and (reason := missing()):
            skip_or_fail(marker, reason)


def skip_or_fail(marker: str, reason: str) -> None:
    if os.environ.get(f"REQUIRE_{marker.upper()}") == "1":
        pytest.fail(f"{reason}, and REQUIRE_{marker.upper()}=1")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder with ``media/`` and ``models/``: FRAMESIEVE_TEST_ASSETS, else ../shared."""
    if reason := missing_weights():
        skip_or_fail("weights", reason)
    return assets_folder()


@pytest.fixture
def video() -> VideoInfo:
    """What run.json says of a video that lies nowhere."""
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


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Tries a failed browser test once more and says so: keys that a busy machine answers late are no fault of ours."""
    if not item.get_closest_marker("browser"):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if any(report.failed for report in reports):
        print(f"\n{item.nodeid} failed and is tried once more:\n{reports[1].longreprtext if len(reports) > 1 else ''}")
        item._initrequest()  # type: ignore[attr-defined]
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


MOST_MEMORY = """
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""
"""Prints the most memory that a process had, in MiB; unlike ``getrusage`` without what its parent had."""


@pytest.fixture
def confined() -> Iterator[Callable[..., None]]:
    """Confines this process to folders, as the page confines itself, until the test is over."""
    yield lambda *roots: inside.confine(roots)
    inside.confine(None)
