"""How the persons stand in one line, and the best pair that may be one person: yes or no, by button or key."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Suggested(Instrument):
    """Follows ``web/persons.js``."""

    folder = "suggested"
