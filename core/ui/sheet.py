"""A form that is a sheet in a narrow window: a button, seen there only, slides it in and out."""

from __future__ import annotations

import gradio as gr

from core.ui.presets_bar import QUIET


def opener(tab: str, label: str) -> None:
    """Places the button; the column ``.side`` of the element ``tab`` is the sheet."""
    button = gr.Button(label, size="sm", elem_id=f"{tab}-sheet", elem_classes="sheet-opener")
    button.click(None, None, None, js=f"() => (framesieve.sheet('{tab}'), [])", **QUIET)
