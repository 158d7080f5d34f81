"""The bar at the bottom of the page: what is going on, its log, the queue, Cancel and Resume."""

from __future__ import annotations

from core.ui.instruments import Instrument


class JobBar(Instrument):
    """One for the page. It follows the jobs of this browser (``web/watch.js``)."""

    folder = "job_bar"
