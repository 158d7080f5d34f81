"""Frames that are saved by one key: the key is answered at once, what is written waits in a line; undo and tags too."""

from __future__ import annotations

from collections.abc import Mapping

from core.ui.instruments import Instrument


class SavedStrip(Instrument):
    """The saved frames of the open video, by our routes below ``/fs/review/<video>``.

    Methods in the browser: ``open(video, folder)``, ``save(frame, what)``, ``setTag(tag, frame)``, ``undo()``,
    ``at(frame)``, ``settled()`` (a promise: everything is written).

    Says: ``goto`` (a frame), ``saved`` (``{frame, saved}``, after the server answered), ``marks`` (a Map of frame ->
    tag), ``said`` (``{sentence, wrong}``).
    """

    folder = "saved_strip"

    def __init__(self, elem_id: str, tags: Mapping[str, str | None]) -> None:
        """Args: tags: key on the keyboard -> tag that it sets; ``None`` = it clears the tag."""
        super().__init__(elem_id, tags=dict(tags))
