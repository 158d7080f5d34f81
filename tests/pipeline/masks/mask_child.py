"""``python -m tests.pipeline.masks.mask_child RUN [BYTES]``: masks a run with the flood fill.

With BYTES no file may become larger, as on a disk that is full.
"""

from __future__ import annotations

import resource
import signal
import sys
import time
from pathlib import Path

from core.errors import FramesieveError
from tests import masks
from tests.fakes import FloodFill


class Slow(FloodFill):
    """Takes its time, so that it can be killed in the middle."""

    def shot(self, frames, prompts):  # type: ignore[no-untyped-def]
        for found in super().shot(frames, prompts):
            time.sleep(0.01)
            yield found


if __name__ == "__main__":
    if len(sys.argv) > 2:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    try:
        masks.masked(Path(sys.argv[1]), lambda *_, **__: Slow(), export="green")
    except FramesieveError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
