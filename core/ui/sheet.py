"""From one part of the page to another: a form that is a sheet in a narrow window, and another tab."""

from __future__ import annotations

import gradio as gr

from core.ui.presets_bar import QUIET


def opener(tab: str, label: str) -> None:
    """Places the button; the column ``.side`` of the element ``tab`` is the sheet."""
    button = gr.Button(label, size="sm", elem_id=f"{tab}-sheet", elem_classes="sheet-opener")
    button.click(None, None, None, js=f"() => (framesieve.sheet('{tab}'), [])", **QUIET)


def shows(tab: str) -> str:
    """Returns the script of a listener that goes to another tab, by the id of it."""
    return f"() => (document.getElementById('{tab}-tab-button').click(), [])"
