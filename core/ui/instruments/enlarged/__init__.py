"""One frame at full size, or up to four side by side: its numbers, why it is kept, its faces and near-duplicates."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Enlarged(Instrument):
    """Signals: ``moved`` (``step()`` tells how far, and from which row), ``picked`` (``pick()`` is a row), ``closed``.

    Methods: ``show(row, chosen)``, ``compare(row, chosen)``: side by side. ``chosen`` are the rows that are selected.
    """

    folder = "enlarged"
    signals = ("moved", "picked", "closed")
