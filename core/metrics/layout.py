"""How the buffers that the kernels work in are laid out: numbers only, for the kernels and for those who call them."""

from __future__ import annotations

CELLS = 32
"""Rows and columns of the box average."""

MARGIN = 32
"""int16 columns left of a row's first pixel: 64 bytes, so that pixel 0 is aligned."""

RING, T, U = 0, 3, 4
"""Lines of the scratch: three luma rows, rows smoothed down the columns, rows differenced down the columns."""

INSIDE, WHOLE = 5, 8
"""Lines of the scratch: three mask rows (-1 = inside, 0 = outside), pixels whose column of three is inside."""

LINES = 9
"""Lines in all."""

PAIR_STRIDE = 65536 + 32
"""uint32 per pair table; the 32 keep the two tables out of the same cache sets (a tenth of the histogram's time)."""

LEVELS = 256
"""Values of a pixel."""


BLOCK_SIDE = 8
"""Pixels along a side of the blocks of judgement: those of JPEG and H.264 lie on the same grid."""

USED, BARS, DARK_IN_BARS, LIGHT_IN_BARS, GRID, STEPS, FLAT, COMBED, PAIRS = 0, 1, 5, 6, 7, 9, 11, 12, 13
"""Places in what ``judge_kernel`` counts: blocks outside bars; rows and columns of bars (top, bottom, left, right);
clipped and all pixels of bars; steps at the grid (across, down) and within blocks; flat and combed blocks; blocks in
``bins``."""

FLATTEST, COMB = 64, 512
"""A block is flat when its squared differences sum to less than one a pixel; combed only when its rows differ by more
than eight levels a pixel."""

FOUND = 16
"""Places in all."""

NOISE_BINS, NOISE_STEP = 2048, 8
"""Bins of the residual of a block (64 pixels), and how much of it one bin holds."""


def line_length(width: int) -> int:
    """Returns int16 columns of a line: margin, pixels, at least one more, in whole cache lines."""
    return (MARGIN + width) // 32 * 32 + 32


GROUP_SIDE = 4
"""Points along each side of a group, whose mean tells of fades."""

TAPS, SMOOTH, HALVED = 5, CELLS - 4, (CELLS - 4) // 2
"""Of the box average, where movement is told (``kernels_shift``): cells that are smoothed together, rows and columns of
what is left, and of half of it."""

TILE, TILES, FAR, AFFINE = 4, 7, 4, 6
"""Cells along a side of a tile, tiles along a side; cells of half the size by which a picture may move at once; numbers
of an affine movement."""

SHIFT_FOUND, TILE_NUMBERS = 4, 8
"""Numbers that are found, and those of a tile."""

QUALITY, FARTHEST, OTHER_COLOURS = 10_000, 24, 12
"""Of the best N, spread: the best quality, bits from which a look is wholly different, bits that colours count for."""

RULES = 6
"""Numbers that say what is wanted of them (``kernels_spread``)."""
