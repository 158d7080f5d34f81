"""Which of the frames around it is the moment to keep: the one in which least is smeared, and least cut by the border.

Within half a second the sharpness of a whole picture hardly varies, since the background decides; what people go by
varies much. What moves fast is smeared (a foot, a head, a ball), so the fastest part of the picture tells it; and what
lies across the border is cut. Both only mean something beside the same of the frames around: see ``share``.
Not here: which frames those are (``pipeline.judging``).
"""

from __future__ import annotations

import math

from core.metrics import calls
from core.metrics.judge import Judged

PEAK = 0.02
"""Share of the points that counts as the fastest part."""
PEAK_FREE, PEAK_POWER = 1.0, 0.5
"""Levels of change that noise makes, and how much the change weighs."""
SIDE_COLUMNS = 2
"""Blocks from the left and the right side that lie at the border; of rows the outermost that is looked at."""
LEAST_DETAIL = 0.1
"""Squared detail of a picture of nothing."""
CLUTTER_FREE, CLUTTER_POWER = 0.1, 1.0


def peak_change(frame: Judged, before: Judged | None, after: Judged | None) -> float | None:
    """Returns by how many levels the 2 % of points that change most differ from their neighbours, on average.

    Of two neighbours the mean, at the ends of a video the one. ``None``: none of the same size is there.
    """
    points = frame.maps.points
    same = [other.maps.points for other in (before, after) if other is not None]
    same = [other for other in same if other.shape == points.shape]
    if not same or not points.size:
        return None
    most = max(1, int(points.size * PEAK))
    return calls.change(points, same, most) / most / len(same)


def border_clutter(frame: Judged) -> float | None:
    """Returns the mean squared detail of the blocks at the border over that of all; ``None``: there are no blocks.

    The border is that of the picture inside its bars.
    """
    found = calls.border(frame.sharp, SIDE_COLUMNS)
    return None if found is None else found[0] / (found[1] + LEAST_DETAIL)


def merit(change: float | None, clutter: float | None) -> float:
    """Returns the logarithm of what a moment is worth; NaN = not known."""
    if change is None or clutter is None:
        return math.nan
    return -PEAK_POWER * math.log(change + PEAK_FREE) - CLUTTER_POWER * math.log(clutter + CLUTTER_FREE)


def share(own: float, around: float) -> float:
    """Returns the moment, 0-1: 0.5 is as good as the frames around, of which ``around`` is the mean merit."""
    return 1.0 / (1.0 + math.exp(around - own))
