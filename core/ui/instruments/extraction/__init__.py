"""The pane of Video Source: an extraction while it runs, and what came of it."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Extraction(Instrument):
    """Methods: ``about({source, title, poster})`` of what is chosen, ``watch({job})`` of what was started.

    Signal: ``browse`` when an allowed folder was clicked; then ``root()`` is the folder.
    """

    folder = "extraction"
    signals = ("browse",)
