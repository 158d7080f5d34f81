"""The child that answers clicks with a masker that fills by colour. A program; argument: its kind."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from core.pipeline.masks.click_main import main
from tests.fakes import FloodFill


class Slow(FloodFill):
    """Takes its time."""

    def still(self, *given: Any, **named: Any) -> Any:
        time.sleep(0.3)
        return super().still(*given, **named)


class Crash(FloodFill):
    """Dies as a library dies."""

    def still(self, *given: Any, **named: Any) -> Any:
        os.kill(os.getpid(), signal.SIGSEGV)
        return super().still(*given, **named)


KINDS = {"plain": FloodFill, "slow": Slow, "crash": Crash}


def opener(settings: Any, weights: Any, *, unsafe: bool) -> FloodFill:
    """``pipeline.masks.opening.OpenMasker``."""
    return KINDS[sys.argv[1]]()


if __name__ == "__main__":
    main(opener)
