"""By how much the picture has moved since the frame before: the camera's movement, not that of what moves in it.

Of both pictures the 32x32 box average of the hash is smoothed (Farid and Simoncelli 2004) and compared in 7x7 tiles:
a search over whole cells for the whole picture, then Lucas and Kanade's step (1981) in each tile. To the tiles one
movement (shift, zoom, turn, shear) is fitted by weighted least squares, what disagrees with most counting little (Geman
and McClure 1987): people who walk through the picture do. The loops are in ``kernels_shift``; docs/formats.md,
Judgement.
"""

from __future__ import annotations

import math

from core.metrics import calls
from core.metrics.judge import Judged
from core.metrics.layout import CELLS, SMOOTH, TILE, TILES

ERRORS = 6.0
"""The squared displacement has to be so many times what error alone makes (which is taken off), to be one."""
OTHER, LEAST_LEFT = 0.25, 1.0
"""Where more than this share of the squared contrast of the tiles is left after they were moved, and more than so much
of a cell (squared levels), the two are other pictures."""


def displacement(frame: Judged, before: Judged | None) -> float | None:
    """Returns by how much the picture moved since the one before, % of its diagonal (root mean square over it).

    0 where nothing is seen to move, also in pictures in which nothing could be seen. ``None``: the one before is not
    known, of another size, or another picture (a cut, a flash).
    """
    if before is None or (before.width, before.height) != (frame.width, frame.height):
        return None
    inside = cells_inside(frame, before)
    used, (squared, error, left, contrast) = calls.shift(frame.cells, before.cells, inside, frame.width, frame.height)
    if left > OTHER * contrast and left > LEAST_LEFT * TILE**2 * TILES**2:
        return None
    moved = math.sqrt(squared - error) if used and squared > ERRORS * error else 0.0
    return 100.0 * moved / math.hypot(frame.width, frame.height)


def slow_displacement(
    frame: Judged, before: Judged | None, since: tuple[Judged | None, Judged | None], frames: int
) -> float | None:
    """The same, where a movement is too slow to be seen from one frame to the next.

    It is looked for over more frames, once before and once after; the lesser of both, of one frame, is it, so that no
    stop and no start is spread over the frames beside it.

    Args:
        frame: the picture.
        before: the one before it.
        since: the one that lies ``frames`` before the picture, and the one that lies as many after the one before;
            ``None`` = not known.
        frames: see above.
    """
    moved = displacement(frame, before)
    if moved != 0.0 or before is None or since[0] is None or since[1] is None:
        return moved
    for later, earlier in ((frame, since[0]), (since[1], before)):
        one = displacement(later, earlier)
        if not one:
            return 0.0
        moved = one / frames if not moved else min(moved, one / frames)
    return moved


def cells_inside(frame: Judged, *others: Judged) -> tuple[int, int, int, int]:
    """Returns first and end row, first and end column of the smoothed cells that no bar of these reaches into."""
    rows, columns = (max(sizes) for sizes in zip(*map(_bars, (frame, *others)), strict=True))
    row, column = -(-rows * CELLS // frame.height), -(-columns * CELLS // frame.width)
    return row, SMOOTH - row, column, SMOOTH - column


def _bars(frame: Judged) -> tuple[int, int]:
    """Rows of its bars above and below, columns on the left and the right: as many as both sides have.

    What is black on one side alone is a part of a dark picture. One that is black throughout has no bars.
    """
    top, bottom, left, right = frame.bars
    return (0, 0) if top + bottom >= frame.height else (min(top, bottom), min(left, right))
