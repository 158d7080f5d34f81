"""How tests run: their signals, their Hypothesis, what is skipped here; and what tests of every folder take."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import hypothesis
import pytest

from core import inside
from core.records import VideoInfo
from tests.machine import MISSING, assets_folder, need

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # Started in the background, a shell has Ctrl-C ignored, and every program that a test starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("framesieve", deadline=None, derandomize=True)
hypothesis.settings.load_profile("framesieve")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in MISSING:
        if item.get_closest_marker(marker):
            need(marker)


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder with ``media/`` and ``models/``: FRAMESIEVE_TEST_ASSETS, else ../shared."""
    need("weights")
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


@pytest.fixture
def confined() -> Iterator[Callable[..., None]]:
    """Confines this process to folders, as the page confines itself, until the test is over."""
    yield lambda *roots: inside.confine(roots)
    inside.confine(None)
