"""The clip of known masks, and runs of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import masks


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return masks.film(tmp_path_factory.mktemp("film") / "walk.mp4")


@pytest.fixture(scope="session")
def _run(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return masks.run_of(tmp_path_factory.mktemp("run"), film)


@pytest.fixture
def run(_run: Path, tmp_path: Path) -> Path:
    """A run of every frame with its shots, and nobody pointed at."""
    return Path(shutil.copytree(_run, tmp_path / "downloads" / "walk"))
