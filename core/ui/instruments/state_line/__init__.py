"""A sentence beside a control: how it stands, or what is wrong and the button that mends it."""

from __future__ import annotations

from core.ui.instruments import Instrument


class StateLine(Instrument):
    """Takes no room while it says nothing.

    Methods: ``say(text)``, ``blame(text, button)`` (an error; ``button`` = words of what mends it, or ``null``),
    ``clear()`` (the error; what was said comes back). Signal: ``pressed``, of that button.
    """

    folder = "state_line"
    signals = ("pressed",)
