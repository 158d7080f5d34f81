"""BRISQUE beside ours, for ``benchmarks.judgement --brisque PYTHON``: in an environment of its own.

``python -m venv E; E/bin/pip install "brisque==0.2.0" "numpy<2.3" opencv-python-headless``, then ``--brisque
E/bin/python``: it ships its parameters and fails with a newer numpy. No part of the product.
"""

from __future__ import annotations

import subprocess
import time
from typing import Self

import numpy as np

from benchmarks.judged_ladders import Grey

CHILD = """
import sys
import numpy as np
from brisque import BRISQUE

model = BRISQUE(url=False)
while len(head := sys.stdin.buffer.read(8)) == 8:
    height, width = np.frombuffer(head, np.int32)
    grey = np.frombuffer(sys.stdin.buffer.read(int(height) * int(width)), np.uint8).reshape(height, width)
    score = float(model.score(np.repeat(grey[..., None], 3, axis=2)))
    sys.stdout.buffer.write(np.float64(score).tobytes())
    sys.stdout.buffer.flush()
"""


class Brisque:
    """A child that scores pictures, one at a time."""

    def __init__(self, python: str) -> None:
        """Starts it with an interpreter that has the package."""
        self._child = subprocess.Popen([python, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.seconds: list[float] = []
        """How long each picture took."""

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the child."""
        self._child.communicate()

    def score(self, grey: Grey) -> float:
        """Returns how good a picture is, (H, W) uint8: the higher the better, the negative of what BRISQUE says."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        began = time.perf_counter()
        self._child.stdin.write(np.array(grey.shape, np.int32).tobytes() + grey.tobytes())
        self._child.stdin.flush()
        found = float(np.frombuffer(self._child.stdout.read(8), np.float64)[0])
        self.seconds.append(time.perf_counter() - began)
        return -found
