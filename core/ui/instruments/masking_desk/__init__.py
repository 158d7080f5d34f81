"""Joins the native controls of Subject Masking with the shots of the page: what they say, and what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.ui.instruments import Instrument


class MaskingDesk(Instrument):
    """Not seen; its value is the id of what is open, empty while there is nothing.

    Methods: ``values(*controls)`` in the order of ``names``, ``choose(path)``, ``offered()``, ``maskers()``,
    ``weights()``, ``path()``, ``buttons()``, ``wanted()`` and ``shot()`` -> what the job is to be told,
    ``exported()`` -> what an export is to be told, ``started(answer)``, ``cancel()``, ``mend()``, ``find()``.

    Signals: ``ready`` (it wants the values), ``offers`` (weights to choose from are known), ``reasons`` (``maskers``
    say something else), ``switched`` (``weights`` of another masker), ``state`` (``buttons`` say something else),
    ``renamed`` (``path`` is another one).
    """

    folder = "masking_desk"
    signals = ("ready", "offers", "reasons", "switched", "state", "renamed")

    def __init__(self, elem_id: str, names: Sequence[str], lines: dict[str, str]) -> None:
        """Places it.

        Args:
            elem_id: its id.
            names: of the values that ``values`` takes, in this order.
            lines: role -> id of a state line.
        """
        super().__init__(elem_id, "", names=list(names), lines=dict(lines))

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema of its value."""
        return {"type": "string", "description": "name of a run, or the path of a folder of segments"}
