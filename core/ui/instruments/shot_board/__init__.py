"""All shots on their prompt frame with their masks: what is still to be done, and what looks wrong."""

from __future__ import annotations

from core.ui.instruments import Instrument


class ShotBoard(Instrument):
    """Follows ``web/masking.js``. A click opens the canvas on a shot.

    Signals: ``find`` (shots are wanted), ``export`` (the drawer of exports is wanted). Method: ``focus()``.
    """

    folder = "shot_board"
    signals = ("find", "export")
