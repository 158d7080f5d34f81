"""What tells a good picture from a bad one, for each frame: noise, detail, clipping, blocks, black bars.

Beside the five metrics of ``quality``, which reward noise and text. The loops are in ``kernels_judge``; every formula
and its source stands in docs/formats.md, Judgement. Not here: what is told by the frames beside this one
(``neighbours``), the score (``picture_score``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics import calls, layout
from core.metrics.calls import Maps
from core.metrics.scratch import Scratch

CLIPPED_DARK, CLIPPED_BRIGHT = 4, 251
"""Full-range luma up to which a pixel counts as clipped to black, and from which to white."""
BLACK = 20
"""Full-range luma up to which a row or column may be one of a bar."""
TALL = 360
"""A row of blocks is looked at, and one more left out for every so many rows of the picture: of 1080p each fourth is
looked at, which says the same in a quarter of the time."""
NOISE_SHARE = 0.10
"""The noise is that of the block that is less noisy than all but this share: flat parts show it, texture hides it.
0 where too few blocks (``FEWEST``) are neither black nor white."""
TENTH = 0.79
"""That share of blocks of pure noise measures this part of its standard deviation (by measurement)."""
NOISE_OF_BIN = layout.NOISE_STEP / layout.BLOCK_SIDE**2 * math.sqrt(math.pi / 2) / 6 / TENTH
"""Immerkaer's estimate (1996) for a block that is in bin 1 more than one in bin 0; a bin stands for its middle."""
NOISE_IN_ENERGY = 0.30
"""Pure noise of variance 1 shows up to so much oriented energy in nine of ten blocks (by measurement)."""
NOISE_IN_LAPLACIAN = 20.0
"""Variance that noise of variance 1 gives the 3x3 Laplacian: 4 x 1 + 16."""
ORIENTED = 0.4
"""Weight of the oriented energy in ``detail``, the rest is the Laplacian's (chosen by ``make bench-judgement``)."""
LEAST_FINE = 0.05
"""Share of the Laplacian's variance that always counts, however noisy the picture."""
FEWEST = 20
"""Blocks that a percentile needs."""
SMOOTHING = np.array(
    [[0.037659, 0.249153, 0.426375, 0.249153, 0.037659], [-0.109604, -0.276691, 0, 0.276691, 0.109604]], np.float32
)
"""A smoothing and the derivative that belongs to it: Farid and Simoncelli, Differentiation of discrete multidimensional
signals, IEEE TIP 2004."""


Points = NDArray[np.uint8]
"""(rows, columns) uint8: ``Maps.points``."""
Groups = NDArray[np.float32]
"""(rows, columns) float32: means of groups of points."""


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """What was measured of one picture; NaN = too small to say."""

    noise: float
    """Grey levels (0-255), standard deviation."""
    detail: float
    """Grey levels a pixel, noise taken out."""
    clipped_dark: float
    """% of the picture inside bars."""
    clipped_bright: float
    blockiness: float
    """% by which steps at the grid of 8 pixels exceed the others."""
    bars: tuple[int, int, int, int]
    """Black rows and columns: top, bottom, left, right."""
    flat: float
    """Share of blocks that hold nothing, 0-1; those of bars do not."""
    edges: float
    """Mean of the detail of the other blocks, grey levels a pixel."""
    maps: Maps
    sharp: NDArray[np.float32]
    """(rows, columns) float32: detail of each block, grey levels a pixel; NaN = in a bar.

    The root of the oriented energy a pixel: differences are of pixels two apart, so that 4 is a slope of one level."""
    width: int
    """Pixels of the picture."""
    height: int
    groups: Groups
    """Means of groups of 4 x 4 points; what is over at the right and below is left out."""
    every: int
    """Rows of blocks from one that was looked at to the next."""
    cells: NDArray[np.float32]
    """(3, 28, 28) float32: the box average that its hash was made of, smoothed, and its slopes: see ``shift``."""


def judge(luma: NDArray[np.uint8], width: int, *, full_range: bool, laplacian: float, scratch: Scratch) -> Judged:
    """Judges the plane that was measured last with these buffers (``quality.measure``). Releases the GIL.

    Args:
        luma: (H, line_size) uint8, C-contiguous.
        width: pixels per row.
        full_range: as in ``quality.measure``.
        laplacian: variance of its Laplacian, not normalised.
        scratch: the buffers of that measurement; its histogram is read, and the box average of its hash.
    """
    height, every = len(luma), 1 + len(luma) // TALL
    maps = Maps.of(-(-(height // layout.BLOCK_SIDE) // every), width // layout.BLOCK_SIDE)
    black, dark = _stored(BLACK, full_range), _stored(CLIPPED_DARK, full_range)
    calls.judge(luma, width, every, black, dark, scratch, maps)
    found, scale = scratch.found.tolist(), 1.0 if full_range else 255 / 219
    noisy = NOISE_SHARE * found[layout.PAIRS] if found[layout.PAIRS] > FEWEST else 0.0
    of_energy = scale * scale / (4 * layout.BLOCK_SIDE**2)
    sharp, groups, noise, total = calls.sharpen(scratch, maps, noisy, NOISE_OF_BIN * scale, of_energy, NOISE_IN_ENERGY)
    used, flat = found[layout.USED], found[layout.FLAT]
    blocks = used if used or not maps.energy.size else 1  # a picture that is nothing but bar holds nothing
    oriented = total / blocks if blocks else math.nan
    top = layout.BARS
    dark_share, bright_share = _clipped(scratch.counts[0 if full_range else 1], found)
    return Judged(
        noise=noise if blocks else math.nan,
        detail=oriented**ORIENTED * _fine(laplacian, noise) ** (1 - ORIENTED),
        clipped_dark=dark_share,
        clipped_bright=bright_share,
        blockiness=_blockiness(found) if blocks else math.nan,
        bars=(found[top], found[top + 1], found[top + 2], found[top + 3]),
        flat=(flat + maps.energy.size - used) / maps.energy.size if blocks else math.nan,
        edges=oriented * blocks / max(used - flat, 1),
        maps=maps,
        sharp=sharp,
        width=width,
        height=height,
        groups=groups,
        every=every,
        cells=calls.smooth(scratch.box, SMOOTHING),
    )


def _stored(level: int, full_range: bool) -> int:
    """The highest stored value that is shown as at most this full-range level."""
    return level if full_range else math.floor((level + 0.5) * 219 / 255 + 16 - 1e-9)


def _fine(laplacian: float, noise: float) -> float:
    return math.sqrt(max(laplacian - NOISE_IN_LAPLACIAN * noise**2, 0.0) + LEAST_FINE * laplacian)


def _clipped(counts: NDArray[np.int64], found: list[int]) -> tuple[float, float]:
    """Percentages outside the bars; of a picture that is nothing but bar, of all of it."""
    dark, bright = int(counts[: CLIPPED_DARK + 1].sum()), int(counts[CLIPPED_BRIGHT:].sum())
    pixels = int(counts.sum())
    if found[layout.LIGHT_IN_BARS] < pixels:
        pixels -= found[layout.LIGHT_IN_BARS]
        dark -= found[layout.DARK_IN_BARS]
    return 100.0 * dark / pixels, 100.0 * bright / pixels


def _blockiness(found: list[int]) -> float:
    """Mean step at the grid against the mean step within blocks, at least 1/16 of a level."""
    at_grid = sum(found[layout.GRID : layout.GRID + 2]) / 2
    within = sum(found[layout.STEPS : layout.STEPS + 2]) / 14
    return 100.0 * max(at_grid / max(within, found[layout.USED] / 2, 1) - 1.0, 0.0)
