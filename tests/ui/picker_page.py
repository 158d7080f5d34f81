"""A page of file pickers alone, with what each of them said last."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from core.ui.instruments.file_picker import FilePicker

KINDS = ("video", "folder", "weights", "face_model", "photo", "config", "destination")
LABELS = {
    "video": "Video",
    "folder": "Folder",
    "weights": "Weights",
    "face_model": "Face model",
    "photo": "Photo",
    "config": "Configuration",
    "destination": "Save to",
}


def build(*_: Any) -> gr.Blocks:
    """Returns the page: a picker of each kind, named ``pick-<kind>``, and a text ``said-<kind>`` for its signals."""
    page: gr.Blocks
    with gr.Blocks(title="Pickers", analytics_enabled=False) as page, gr.Column(elem_id="source"):
        for kind in KINDS:
            _add(kind)
    return page


def _add(kind: str) -> None:
    uploads = kind in ("video", "photo")
    picker = FilePicker(
        f"pick-{kind}",
        kind=kind,
        label=LABELS[kind],
        placeholder="/videos/clip.mp4",
        multiple=kind == "video",
        upload=uploads,
        drops="#source" if kind == "video" else "",
    )
    said = gr.Textbox(elem_id=f"said-{kind}", show_label=False, container=False)
    quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "multiple", "queue": False}
    for signal in picker.signals:
        getattr(picker, signal)(_heard(signal), None, said, **quiet)
    with gr.Row():
        wrong = gr.Button("Wrong", elem_id=f"wrong-{kind}")
        wrong.click(None, None, None, js=picker.does("error", "there is no such file; choose one with Browse."))
        put = gr.Button("Put", elem_id=f"put-{kind}")
        put.click(None, None, None, js=picker.does("put", "a/b.mp4"))
        value = gr.Button("Value", elem_id=f"value-{kind}")
        value.click(None, None, said, js=picker.gives("value"))


def _heard(signal: str) -> Any:
    def heard(event: gr.EventData) -> str:
        return json.dumps({"signal": signal, **event._data})

    return heard
