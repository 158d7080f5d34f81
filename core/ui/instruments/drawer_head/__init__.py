"""Makes a column of the layout a drawer: it lies over the work, has a name, takes the keyboard, and Esc closes it."""

from __future__ import annotations

from core.ui.instruments import Instrument


class DrawerHead(Instrument):
    """Placed first in a ``gr.Column`` with the class ``drawer``, it draws the heading and the button that closes it.

    Signals: ``opened``, ``closed``. Methods: ``open()``, ``close()``, ``toggle()``.
    """

    folder = "drawer_head"
    signals = ("opened", "closed")

    def __init__(self, elem_id: str, title: str) -> None:
        """``title`` is its heading and its name."""
        super().__init__(elem_id, title=title)
