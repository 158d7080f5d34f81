"""Histograms with ranges: for each number that the run has one, with two thumbs and two boxes; each can be folded."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Ranges(Instrument):
    """Shows and changes the lower and upper bounds of the open run; a click on a bar lists its frames."""

    folder = "ranges"
