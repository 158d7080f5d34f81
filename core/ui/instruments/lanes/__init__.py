"""When each person is seen: a lane a person, a bar a tracklet, a line a cut. A click shows the frame in Live Review."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Lanes(Instrument):
    """Follows ``web/persons.js``."""

    folder = "lanes"
