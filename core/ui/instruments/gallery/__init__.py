"""The gallery of Filtering & Export: any number of frames, views, reasons, what is kept, keys."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Gallery(Instrument):
    """Signals: ``enlarge`` and ``compare`` (then ``current()`` is the row, and those selected), ``export``, ``people``.

    Methods: ``step(places)``, ``go_to(row)`` (both move and then say ``enlarge``), ``focus()``.
    """

    folder = "gallery"
    signals = ("enlarge", "compare", "export", "people")
