"""Joins the native controls of the filters with the open run: what is changed there selects at once, in the browser.

Beside the controls it says how many frames each rule removes; it shows one sentence, for runs without colours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.ui.instruments import Instrument


class SelectionBridge(Instrument):
    """Signal: ``controls`` when undo, a preset, another run or another tab changed the filters.

    Methods: ``set(name, value)``; ``duplicates(on, distance)``, which gives an update of the slider; ``values()`` for
    all controls, those of duplicates first; ``load(settings)``, ``reset()``, ``differences()`` for presets;
    ``chosen(...)``, a promise of the values of an export.
    """

    folder = "selection"
    signals = ("controls",)

    def __init__(
        self,
        elem_id: str,
        names: Sequence[str],
        fields: Sequence[str],
        ids: Mapping[str, str],
        tallies: Mapping[str, str],
    ) -> None:
        """Args as follows.

        Args:
            elem_id: its id.
            names: of the controls, in the order of ``values``.
            fields: of the filters, in the order of ``chosen``.
            ids: on the page, of each control.
            tallies: rule to id of the element that says how many frames it removes.
        """
        more = {"names": list(names), "fields": list(fields), "ids": dict(ids), "tallies": dict(tallies)}
        super().__init__(elem_id, **more)
