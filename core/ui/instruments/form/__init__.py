"""Keeps a form of native controls in the browser: checks while typing, units, what is remembered, whose fault it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from core.ui.instruments import Instrument


class FormKeeper(Instrument):
    """Stands where the sentence of an error of the whole form is shown; without one it takes no room.

    Signals: ``submit`` after ``ask()`` found nothing wrong (its data are the owner's word and what ``ask`` was given).
    ``answered`` when the answer is there: its error stands beside the control at fault, and ``answer()`` is it.
    ``stirred`` soon after one or more of the controls changed: then the values are read.
    Methods: ``stir()``, ``changed(*values)``, ``ask(*values)``, ``loaded(name, shelf)``.
    """

    folder = "form"
    signals = ("restore", "stirred", "submit", "answered")

    def __init__(self, elem_id: str, parts: Sequence[dict[str, Any]], remember: str) -> None:
        """Args as ``Form.keeper``; ``parts`` are the controls: name, field, part, id, default, bounds, unit."""
        super().__init__(elem_id, parts=list(parts), remember=remember)

    def joins(self, controls: Sequence[Component]) -> None:
        """Hears of every change of the controls (in the order of ``parts``), and brings remembered values back."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "queue": False}
        # Gradio looks for each value in the whole page, so they are read once where a preset changes forty of them.
        stir: dict[str, Any] = {"js": self.does("stir"), **quiet}
        native = [control for control in controls if not isinstance(control, Instrument)]
        gr.on([control.change for control in native], None, None, None, **stir)  # type: ignore[attr-defined]
        for control in controls:
            if isinstance(control, Instrument):
                control.changed(None, None, None, **stir)
        self.stirred(None, list(controls), None, js=self.does("changed"), **quiet)
        self.restore(None, None, list(controls), js=self.gives("restored"), **quiet)
