"""Two to four persons side by side: crops, numbers, a shared timeline, and what speaks for their being one."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Comparison(Instrument):
    """Follows ``web/persons.js``. Method: ``show()`` those who are picked out. Signal: ``done``, they were merged."""

    folder = "comparison"
    signals = ("done",)
