"""How sharp a frame is where its subject is: the region that moves against the background, else the sharpest tenth.

From the maps of ``judge``. Masks, boxes and faces tell better where it is: those come from later stages.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.metrics.judge import Judged
from core.metrics.neighbours import moved

LEVELS = 10
"""By more than so many levels a point has to differ from both neighbours to be of what moves."""
LEAST, MOST = 0.005, 0.35
"""Share of the picture that may move against a background; with more the camera moves."""
TENTH = 0.10


def subject_of(frame: Judged, before: Judged | None, after: Judged | None) -> tuple[float | None, str | None]:
    """Returns the mean detail (levels a pixel) of the subject, and what told where it is: ``motion`` or ``tiles``.

    ``(None, None)``: the picture has no blocks.
    """
    measured = frame.sharp >= 0  # NaN is not
    if not np.any(measured):
        return None, None
    region = _moving(frame, before, after)
    if region is not None and LEAST <= float(np.mean(region & measured)) <= MOST:
        return float(np.mean(frame.sharp[region & measured], dtype=np.float64)), "motion"
    sharp = np.sort(frame.sharp[measured])
    return float(np.mean(sharp[-max(1, int(len(sharp) * TENTH)) :], dtype=np.float64)), "tiles"


def _moving(frame: Judged, before: Judged | None, after: Judged | None) -> NDArray[np.bool_] | None:
    """(rows, columns) bool: differs from both neighbours, and blocks beside such ones."""
    points = frame.maps.points
    for other in (before, after):
        if other is None or other.maps.points.shape != points.shape:
            return None
    assert before is not None
    assert after is not None
    region = moved(points, before.maps.points, LEVELS) & moved(points, after.maps.points, LEVELS)
    wide = region.copy()
    wide[:, 1:] |= region[:, :-1]
    wide[:, :-1] |= region[:, 1:]
    return wide
