"""Scratch buffers of the kernels, one set per thread."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from core.metrics.layout import BLOCK_SIDE, CELLS, FOUND, LEVELS, LINES, NOISE_BINS, PAIR_STRIDE, line_length


class Scratch:
    """Buffers of one thread. Two threads must never share one; they grow to the widest picture seen."""

    def __init__(self, width: int = 1920) -> None:
        self.pairs = np.zeros((2, PAIR_STRIDE), np.uint32)
        """Two histograms of neighbouring pixel pairs; all zero between calls."""
        self.box = np.zeros((CELLS, CELLS), np.float64)
        """(32, 32) float64, 0-255: the box average of the last call that asked for it."""
        self.counts = np.zeros((2, LEVELS), np.int64)
        """Histograms of stored and of mapped pixels."""
        self.raw = np.zeros(5, np.float64)
        """The statistics of the last call."""
        self.bins = np.zeros(NOISE_BINS, np.int32)
        """Histogram of the noise of blocks, of the last picture that was judged ..."""
        self.found = np.zeros(FOUND, np.int64)
        """... and what was counted in it (places in ``layout``)."""
        self.grow(width)

    def grow(self, width: int) -> None:
        """Makes room for pictures of ``width`` pixels."""
        self.width = width
        self.lines = _aligned_zeros(LINES, line_length(width))
        self.columns = np.zeros(width, np.uint16)
        self.sums = np.zeros((3, width), np.float32)
        self.small = np.zeros((6, width), np.uint16)
        self.tensor = np.zeros((3, width // BLOCK_SIDE), np.float32)
        self.blocks = np.zeros((7, width // BLOCK_SIDE), np.int32)


def _aligned_zeros(rows: int, columns: int) -> NDArray[np.int16]:
    """Returns (rows, columns) int16 zeros that start on a cache line."""
    memory = np.zeros(rows * columns * 2 + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + rows * columns * 2].view(np.int16).reshape(rows, columns)


_per_thread = threading.local()


def of_this_thread(width: int) -> Scratch:
    """Returns the calling thread's own buffers, made on first use."""
    scratch: Scratch | None = getattr(_per_thread, "scratch", None)
    if scratch is None:
        scratch = _per_thread.scratch = Scratch(width)
    return scratch
