"""The frames of a shot as a filmstrip, how far each mask can be trusted, and cuts that are added or taken away."""

from __future__ import annotations

from core.ui.instruments import Instrument


class ShotStrip(Instrument):
    """Follows ``web/masking.js``. A click shows a frame on the canvas."""

    folder = "shot_strip"
