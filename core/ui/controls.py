"""Gradio's controls as forms use them: what a program sends reaches the settings model as it came.

Gradio would round numbers silently and refuse wrong choices in its own words, with a traceback on the server.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.ui import no_stubs  # noqa: F401


class Decimal(gr.Number):
    """A box for a number, or for none: Gradio's own shows 0 for an empty one."""

    def get_block_name(self) -> str:
        """Returns the name of Gradio's component that draws it."""
        return "number"

    def postprocess(self, value: Any) -> Any:
        """Returns what the box shows."""
        return "" if value is None else value

    def preprocess(self, payload: Any) -> Any:
        """Returns the number, ``None`` for an emptied box."""
        return None if payload == "" else payload


class Whole(Decimal):
    """A box for whole numbers."""

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema of its value."""
        return {"type": "integer"}


class Slide(gr.Slider):
    """A slider."""

    def get_block_name(self) -> str:
        """Returns the name of Gradio's component that draws it."""
        return "slider"

    def preprocess(self, payload: Any) -> Any:
        """Returns the number."""
        return payload


class Choice(gr.Dropdown):
    """One of several texts, from a list that opens."""

    def get_block_name(self) -> str:
        """Returns the name of Gradio's component that draws it."""
        return "dropdown"

    def preprocess(self, payload: Any) -> Any:
        """Returns the choice."""
        return payload

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema of its value."""
        return {"type": "string"} if self.allow_custom_value else super().api_info()


class Cards(gr.Radio):
    """One of several texts, all of them seen."""

    def get_block_name(self) -> str:
        """Returns the name of Gradio's component that draws it."""
        return "radio"

    def preprocess(self, payload: Any) -> Any:
        """Returns the choice."""
        return payload


class Line(gr.Textbox):
    """One line of text, with ``max_lines=1``; a constructor of its own would hide its label from Gradio."""

    def get_block_name(self) -> str:
        """Returns the name of Gradio's component that draws it."""
        return "textbox"

    def preprocess(self, payload: Any) -> Any:
        """Returns the text."""
        return payload


class Words(gr.HTML):
    """A heading (``tag="h3"``) or a sentence of a form. It is text, never markup; without one it takes no room."""

    def __init__(self, text: str = "", tag: str = "p", elem_classes: str = "", **more: Any) -> None:
        """Places it where the layout is now; ``more`` are of ``gr.HTML``."""
        template = f"{{{{#if value}}}}<{tag}>{{{{value}}}}</{tag}>{{{{/if}}}}"
        classes = ["words", *elem_classes.split()]
        super().__init__(text, html_template=template, apply_default_css=False, elem_classes=classes, **more)

    def get_block_name(self) -> str:
        """Returns the name of Gradio's component that draws it."""
        return "html"
