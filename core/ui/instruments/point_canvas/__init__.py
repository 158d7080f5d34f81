"""A frame of a shot at source size: points and boxes are placed on it, and the mask that comes of them is seen."""

from __future__ import annotations

from core.ui.instruments import Instrument


class PointCanvas(Instrument):
    """Follows ``web/masking.js``. Left button includes, right excludes, dragging draws a box; the wheel zooms.

    Signal: ``process`` (the masks of this shot are wanted now).
    """

    folder = "point_canvas"
    signals = ("process",)
