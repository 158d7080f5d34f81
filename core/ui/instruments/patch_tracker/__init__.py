"""How far the patches of the newest job are: a table of categories, the disk, time left, tries and why they failed."""

from __future__ import annotations

from core.ui.instruments import Instrument


class PatchTracker(Instrument):
    """Follows the jobs of this browser by itself; takes no room before the first one.

    Signal: ``wished``: a pause or a number of threads that is in force; ``wish()`` -> ``[paused, workers]``.
    """

    folder = "patch_tracker"
    signals = ("wished",)
