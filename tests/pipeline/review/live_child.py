"""The child of live inference with a detector that reads painted numbers. A program; argument: its kind."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from core.pipeline.review.live_main import main
from tests.fakes import NumberReader


class Slow(NumberReader):
    """Takes its time."""

    def detect(self, pictures: Any) -> Any:
        time.sleep(0.04)
        return super().detect(pictures)


class Crash(NumberReader):
    """Dies as a library dies."""

    def detect(self, pictures: Any) -> Any:
        os.kill(os.getpid(), signal.SIGSEGV)
        return super().detect(pictures)


KINDS = {"plain": NumberReader, "slow": Slow, "crash": Crash}


def opener(weights: Any, settings: Any, width: int, height: int, *, callers: int, unsafe: bool) -> NumberReader:
    return KINDS[sys.argv[1]]()


if __name__ == "__main__":
    main(opener)
