"""One browser and one page for all tests of the page; each takes a browser profile and runs of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import WAIT_MS, Visit, launch, visiting
from tests.machine import need
from tests.serving import serving
from tests.ui.site import Site, make_counting_runs


@pytest.fixture(scope="session")
def counting_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``make_counting_runs``."""
    return make_counting_runs(tmp_path_factory.mktemp("made"))


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serves a folder of runs and returns the address."""
    with contextlib.ExitStack() as stack:
        yield lambda downloads, *options: stack.enter_context(serving(downloads, *options))


@pytest.fixture(scope="session")
def site(counting_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One page for all tests; each takes runs of its own."""
    downloads = tmp_path_factory.mktemp("site") / "downloads"
    downloads.mkdir()
    with serving(downloads, "--root", str(counting_runs.parent)) as address:
        yield Site(address, downloads, counting_runs)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    need("browser")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Visit]]:
    """Opens tabs, as ``visiting``."""
    with visiting(chromium) as start:
        yield start
