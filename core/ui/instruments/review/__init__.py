"""What joins the instruments of Live Review in the browser, frame by frame: Gradio's listeners would come too late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.ui.instruments import Instrument


class ReviewDesk(Instrument):
    """Not seen; its value is the id of the video that is open, empty while there is none.

    Methods: ``values(*controls)`` in the order of ``names``, ``enter(name, value)`` (a box was left, or Enter),
    ``relist()``, ``runVideo()``, ``save()``, ``cancel()``, ``mend()``, ``offered()``, ``limits()``, ``buttons()``,
    ``precompute(...)`` -> what the job is to be told, ``started(answer)``, ``goodFolder()`` and
    ``goodOutput()`` -> the id of the box and the folder that was accepted last.

    Signals: ``ready`` (it wants the values), ``state`` (``buttons`` say something else), ``bounds`` (``limits`` do),
    ``offers`` (weights to choose from are known), ``go`` (precompute, by weights that a person trusts), ``listed`` and
    ``saves`` (a folder was accepted, of videos and for saved frames).
    """

    folder = "review"
    signals = ("ready", "state", "bounds", "offers", "go", "listed", "saves")

    def __init__(self, elem_id: str, names: Sequence[str], parts: dict[str, str]) -> None:
        """Places it.

        Args:
            elem_id: its id.
            names: of the values that ``values`` takes, in this order.
            parts: what it joins: role -> id of an instrument.
        """
        super().__init__(elem_id, "", names=list(names), parts=dict(parts))

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema of its value."""
        return {"type": "string", "description": "the path of a video in an allowed folder"}
