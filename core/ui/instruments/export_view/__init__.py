"""What an export will write, how far it is, and what came of it."""

from __future__ import annotations

from core.ui.instruments import Instrument


class ExportView(Instrument):
    """Signals: ``controls`` when the form has to look otherwise, ``running`` when an export goes on that nobody sees.

    Methods: ``opened()`` and ``closed()`` of the drawer around it, ``started(answer)``, ``cancel()``, ``copy()``,
    ``download()``, ``again()``, and ``controls()``: updates of the folder, the two settings of faces, and the buttons
    Export, Cancel, the path that was written, Download ZIP and the line of what may be done afterwards.
    """

    folder = "export_view"
    signals = ("controls", "running")
