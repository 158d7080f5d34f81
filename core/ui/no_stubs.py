"""Imported before a component of ours is made: Gradio would write a ``.pyi`` beside its source, at each start."""

from __future__ import annotations

import gradio.component_meta

gradio.component_meta.create_or_modify_pyi = lambda *_: None
