"""Whose face is looked for: photos are named or uploaded, looked at, and of several faces one is picked."""

from __future__ import annotations

from typing import Any

from core.ui.instruments import Instrument


class FacePhotos(Instrument):
    """Its value is the list of photos, ``/photos/team.jpg#2`` for the second face from the left. Signal: ``changed``.

    Methods: ``model(model, device, confidence)`` by which faces are found, ``answered(answer)``.
    """

    folder = "face_photos"
    signals = ("changed",)

    def __init__(self, elem_id: str, most_bytes: int) -> None:
        """``most_bytes`` is the limit of one uploaded photo."""
        super().__init__(elem_id, [], most_bytes=most_bytes)

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema of its value."""
        return {"type": "array", "items": {"type": "string"}}
