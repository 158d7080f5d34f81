"""Clips and finished runs that several files of this folder look at. Nobody writes into them: copy them first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.pipeline.extraction import open_extraction, records_of
from core.settings.extract import METHODS, ExtractSettings
from tests.runs import long_clip
from tests.videos import VARIANTS, build, build_broken

INPUTS: dict[str, dict[str, Any]] = {
    "keyframes": {},
    "interval": {"interval": 0.31},
    "scene": {"scene_threshold": 0.1},
    "every_nth": {"every": 7},
    "all": {},
}
"""Each method with inputs that choose a fair number of the 120 frames."""
assert (*INPUTS, "best") == METHODS  # whose pictures come after all records: test_best.py

Runs = Callable[[str, bool], dict[str, Path]]


@pytest.fixture(scope="session")
def clip() -> Callable[[str], Path]:
    return lambda name: (build if name in VARIANTS else build_broken)(name)


@pytest.fixture(scope="session")
def extracted(clip: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Given a clip and whether frames are saved: a finished run of each method."""

    def runs(name: str, save: bool) -> dict[str, Path]:
        downloads = tmp_path_factory.mktemp(f"{name}-{save}")
        found = {}
        for method, inputs in INPUTS.items():
            settings = ExtractSettings(method=method, save_frames=save, **inputs)
            with open_extraction(clip(name), settings, downloads=downloads) as extraction:
                list(extraction.choose())
                list(records_of(extraction))
                found[method] = extraction.run.path
        return found

    return cache(runs)


@pytest.fixture(scope="session")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 frames, 24 s."""
    return long_clip(tmp_path_factory.mktemp("long") / "long.mp4", 600)


@pytest.fixture
def run_copy(extracted: Runs, tmp_path: Path) -> Callable[..., Path]:
    """Given a clip, whether frames are saved and a method: a run of one's own, to be changed at will."""

    def copy(name: str = "h264-opengop", save: bool = True, method: str = "all") -> Path:
        original = extracted(name, save)[method]
        return Path(shutil.copytree(original, tmp_path / name))

    return copy
