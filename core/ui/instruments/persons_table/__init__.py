"""The persons of a video as a table: their best crops, when they are seen, how sure; and the buttons of decisions."""

from __future__ import annotations

from core.ui.instruments import Instrument


class PersonsTable(Instrument):
    """Follows ``web/persons.js``. A row is picked out by its box; its name is typed in place.

    Signals: ``compare``, ``split``, ``photo``, ``files`` (their drawers are wanted). Method: ``focus()``.
    """

    folder = "persons_table"
    signals = ("compare", "split", "photo", "files")
