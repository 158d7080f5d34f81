"""Joins the native controls of Person Selection with the persons of the page: what they say, and what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.ui.instruments import Instrument


class PersonsDesk(Instrument):
    """Not seen; its value is the path of the video that is open, empty while there is none.

    Methods: ``values(*controls)`` in the order of ``names``, ``choose(path)``, ``offered()``, ``limits()``, ``path()``,
    ``buttons()``, ``wanted()`` -> what the job is to be told, ``started(answer)``, ``cancel()``, ``mend()``,
    ``again()``, ``write(crops, padding, aspect, mot, cvat, follow)``, ``filter()``, ``png()``, ``byRank()``,
    ``photo({text, paths})`` (persons are sorted by their likeness to it, until ``byRank()``).

    Signals: ``ready`` (it wants the values), ``offers`` (weights to choose from are known), ``state`` (``buttons`` say
    something else), ``grouping`` (``limits`` are those in force), ``renamed`` (``path`` is another one), ``go`` (find
    people by weights that a person trusts), ``sought`` (what came of a photo is to be seen).
    """

    folder = "persons_desk"
    signals = ("ready", "offers", "state", "grouping", "renamed", "go", "sought")

    def __init__(self, elem_id: str, names: Sequence[str], regroups: Sequence[str], lines: dict[str, str]) -> None:
        """Places it.

        Args:
            elem_id: its id.
            names: of the values that ``values`` takes, in this order.
            regroups: those of them that group again.
            lines: role -> id of a state line.
        """
        super().__init__(elem_id, "", names=list(names), regroups=list(regroups), lines=dict(lines))

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema of its value."""
        return {"type": "string", "description": "the path of a video in an allowed folder"}
