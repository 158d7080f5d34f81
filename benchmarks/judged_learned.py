"""BRISQUE, NIQE and PIQE beside ours, for ``benchmarks.judgement --learned PYTHON``: in an environment of its own.

``python -m venv E; E/bin/pip install brisque==0.2.0 iqa-torch==1.2.1 absolutely-not-scikit-video==1.1.12 pypiqe==1.2
opencv-python-headless "numpy<2.3"``, then ``--learned E/bin/python``. Each is called as its package documents it, with
the parameters that come with it: ``iqa-torch`` (Apache-2.0) has those that the authors of NIQE published,
``absolutely-not-scikit-video`` (BSD-3-Clause; scikit-video 1.1.11 for Python of today) others. No part of the product.
"""

from __future__ import annotations

import subprocess
from typing import Self

import numpy as np

from benchmarks.judged_ladders import Grey

NAMES = ("brisque", "niqe", "niqe of scikit-video", "piqe")
"""What the child says of each picture, in this order."""
CHILD = """
import sys
import time
import warnings

import numpy as np
import skvideo.measure
import torch
from brisque import BRISQUE
from iqa.niqe import niqe
from pypiqe import piqe

warnings.simplefilter("ignore")
torch.set_num_threads(1)
brisque = BRISQUE(url=False)
MEASURES = (
    lambda grey: brisque.score(np.repeat(grey[..., None], 3, axis=2)),
    lambda grey: niqe(torch.from_numpy(grey)[None, None]),
    lambda grey: skvideo.measure.niqe(grey)[0],
    lambda grey: piqe(np.repeat(grey[..., None], 3, axis=2))[0],
)


def told(measure, grey):
    began = time.process_time()
    try:
        found = float(measure(grey))
    except Exception as error:
        print(type(error).__name__, error, file=sys.stderr)
        found = np.nan
    return found, time.process_time() - began


while len(head := sys.stdin.buffer.read(8)) == 8:
    height, width = np.frombuffer(head, np.int32).tolist()
    grey = np.frombuffer(bytearray(sys.stdin.buffer.read(height * width)), np.uint8).reshape(height, width)
    sys.stdout.buffer.write(np.array([told(measure, grey) for measure in MEASURES], np.float64).tobytes())
    sys.stdout.buffer.flush()
"""


class Learned:
    """A child that scores pictures, one at a time."""

    def __init__(self, python: str) -> None:
        """Starts it with an interpreter that has the packages."""
        self._child = subprocess.Popen([python, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.unscored = dict.fromkeys(NAMES, 0)
        """Of how many pictures each could tell nothing."""

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the child."""
        self._child.communicate()

    def scores(self, grey: Grey) -> tuple[float, ...]:
        """Returns how good a picture is by each of ``NAMES``, (H, W) uint8: the higher the better.

        That is the negative of what the measures say; -infinity where one raises an error or tells no number.
        """
        told = self._ask(grey)[:, 0]
        for name, score in zip(NAMES, told, strict=True):
            self.unscored[name] += not np.isfinite(score)
        return tuple(np.where(np.isfinite(told), -told, -np.inf).tolist())

    def milliseconds(self, grey: Grey) -> dict[str, float]:
        """Returns the CPU time of each for a picture, (H, W) uint8: the best of three."""
        best = np.min([self._ask(grey)[:, 1] for _ in range(3)], axis=0) * 1000
        return dict(zip(NAMES, best.round(1).tolist(), strict=True))

    def _ask(self, grey: Grey) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """(measures, 2): what each says, and its seconds."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(np.array(grey.shape, np.int32).tobytes() + grey.tobytes())
        self._child.stdin.flush()
        answer = self._child.stdout.read(len(NAMES) * 2 * 8)
        if len(answer) < len(NAMES) * 2 * 8:
            raise RuntimeError("The interpreter of --learned has ended; it needs the packages of judged_learned.")
        return np.frombuffer(answer, np.float64).reshape(len(NAMES), 2)
