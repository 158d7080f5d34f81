"""The header: name, run picker, what is open, device, theme, keys of the tab."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Header(Instrument):
    """One for the page. It follows the run that is open (``web/runs.js``) and what a tab says of itself."""

    folder = "header"
