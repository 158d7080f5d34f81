"""Joins the native controls of Training Patches with its tables, sample windows and job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.ui.instruments import Instrument


class PatchDesk(Instrument):
    """Not seen.

    Methods: ``cut()``, ``look()``, ``save()`` -> what the form is to be told; ``answered(answer)`` of the form;
    ``load(path)`` and ``loaded()`` -> the values of all controls; ``edited(workers)`` after any of them changed;
    ``buttons()``, ``cancel()``, ``pause()``, ``wished()``, ``verify(folder)``, ``add(path)``.

    Signals: ``state`` (``buttons`` say something else), ``filled`` (``loaded`` has a configuration).
    """

    folder = "patch_desk"
    signals = ("state", "filled")

    def __init__(self, elem_id: str, names: Sequence[str], parts: Mapping[str, str], usual: Mapping[str, Any]) -> None:
        """Places it.

        Args:
            elem_id: its id.
            names: of the values that ``loaded`` returns: the tables, ``out``, then settings.
            parts: role -> id of an instrument: the three tables, ``flipbook``, ``tracker``, ``line``.
            usual: the settings as they are at the start.
        """
        super().__init__(elem_id, names=list(names), parts=dict(parts), usual=dict(usual))
