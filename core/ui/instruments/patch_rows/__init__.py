"""A table to type into: rows are added and taken away, and what is wrong with a box stands below its row.

Gradio's own table wants a double click for each cell, and has no place for a sentence beside one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.settings.model import Model, facts_of
from core.ui.instruments import Instrument


class PatchRows(Instrument):
    """Its value is the list of rows, objects by the names of the settings model. Signal: ``changed``.

    Methods: ``blame(row, column, sentence)``, ``put(column, text)`` (into the first row where it is empty, else a new
    one), ``about(placeholder)`` of the first box of the first row, ``value()``.
    """

    folder = "patch_rows"
    signals = ("changed",)

    def __init__(
        self,
        elem_id: str,
        kind: type[Model],
        rows: Sequence[Mapping[str, Any]],
        *,
        noun: str,
        spans: Mapping[str, int],
        hints: Mapping[str, str] | None = None,
        least: int = 0,
    ) -> None:
        """Places it.

        Args:
            elem_id: its id.
            kind: of a row: label, range and help of each box are stated there.
            rows: at the start.
            noun: what a row is called.
            spans: column to its width in twelfths; twelve fill a line.
            hints: column to what stands in its empty box.
            least: rows that are always there.
        """
        columns = [
            {
                "name": name,
                "label": facts.title,
                "help": facts.help[:1].upper() + facts.help[1:] + ".",
                "numeric": facts.kind in (int, float),
                "whole": facts.whole,
                "low": facts.low,
                "high": facts.high,
                "default": facts.default,
                "span": spans[name],
                "hint": (hints or {}).get(name, ""),
            }
            for name, facts in facts_of(kind).items()
        ]
        super().__init__(elem_id, list(map(dict, rows)), columns=columns, noun=noun, least=least)

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema of its value."""
        return {"type": "array", "items": {"type": "object"}}
