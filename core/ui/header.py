"""The header (name, run picker, facts, device, theme, keys), built in ``web/header.js``."""

from __future__ import annotations

import gradio as gr

from core.ui.routes import web_version
from core.ui.web import loader


def part(module: str, elem_id: str) -> gr.HTML:
    """Returns an empty element that a module of ours fills; the template is constant: no data is parsed as markup."""
    return gr.HTML(
        value={},
        html_template=" ",
        js_on_load=loader(module, web_version()),
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes="fs",
    )


def build() -> gr.HTML:
    """Returns the header."""
    return part("header.js", "top")
