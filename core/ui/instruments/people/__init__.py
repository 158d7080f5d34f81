"""The people of a run: a strip for the filters, and a panel that finds, names and looks for somebody."""

from __future__ import annotations

from typing import Literal

from core.ui.instruments import Instrument


class People(Instrument):
    """Two looks of the same people.

    Signals: ``panel`` when the strip asks for the panel, ``picked`` when a face is to be seen (then ``pick()`` is the
    frame's row), ``controls`` when the form of the panel has to look otherwise, ``wanted`` when a face model has to be
    looked at (``wanted_model()``) before ``start(model, fits)``, ``refused`` when the server refuses it: ``refusal()``.
    Methods of the panel: ``find(model)``, ``judged(fits)`` of the face model, ``regroup(distance)``, ``shown()``,
    ``controls()``: updates of the group of the face model, its drop-down, what is known of the model, the button that
    finds people, and the group of the distance.
    """

    folder = "people"
    signals = ("panel", "picked", "controls", "wanted", "refused")

    def __init__(self, elem_id: str, look: Literal["strip", "panel"]) -> None:
        """``look`` says which of the two this is."""
        super().__init__(elem_id, look=look)
