"""The source of Video Source: a card that says at once what a person named."""

from __future__ import annotations

from typing import Any

from core.ui.instruments import Instrument


class SourceCard(Instrument):
    """Its value is the source once it was looked at and found good; empty before.

    Signals: ``facts`` when something is known anew, ``refused`` when what is wrong with it changed, ``good`` when it
    was looked at to the end, ``restored`` when the last visit's text is there, ``go`` for Ctrl + Enter on the tab.
    Methods: ``take({text, paths})``, ``forget()``, ``height(max_height)``, ``estimates(radio, method, interval, every,
    target, faces, face_filter)``; for other parts ``beside()``, ``button()``, ``about()``, ``frames()``,
    ``refusal()``, ``words()``, ``all()``.
    """

    folder = "source_card"
    signals = ("facts", "refused", "good", "restored", "go")

    def __init__(self, elem_id: str, tab: str, remember: str) -> None:
        """Args: tab: id of the element in which Ctrl + Enter counts; remember: key under which the text is kept."""
        super().__init__(elem_id, "", tab=tab, remember=remember)

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema of its value."""
        return {"type": "string", "description": "a path in an allowed folder, or a web address"}
