"""Filtering & Export: filters with histograms, the gallery, the export drawer. Built in ``web/filter_tab.js``.

What it shows it computes itself, in the browser, with the rules of ``core.pipeline.select``; what is saved or exported
is computed again on the server (``routes``).
"""

from __future__ import annotations

import gradio as gr

from core.ui.header import part


def build() -> gr.HTML:
    """Returns the tab's content."""
    return part("filter_tab.js", "filter")
