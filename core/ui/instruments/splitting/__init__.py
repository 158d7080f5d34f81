"""Splits a person in two: at a moment, or by tracklets."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Splitting(Instrument):
    """Follows ``web/persons.js``. Method: ``show()`` the person who is looked at. Signal: ``done``, it was split."""

    folder = "splitting"
    signals = ("done",)
