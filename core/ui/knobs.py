"""The settings as the browser needs them: default, range, unit and help of each field, read from ``core.config``."""

from __future__ import annotations

import dataclasses
from typing import Any

from core import config
from core.config import ExtractSettings, FilterSettings


def facts() -> dict[str, Any]:
    """Returns ``{"extract": {field: knob}, "filter": {field: knob}}``, plain JSON values."""
    return {"extract": _of(ExtractSettings), "filter": _of(FilterSettings)}


def _of(kind: Any) -> dict[str, Any]:
    defaults = config.to_mapping(kind())
    return {field.name: _knob(field, defaults[field.name]) for field in dataclasses.fields(kind)}


def _knob(field: Any, default: Any) -> dict[str, Any]:
    said = field.metadata
    choices = None if said["choices"] is None else list(said["choices"])
    knob = {"default": default, "help": said["help"], "unit": said["unit"], "low": said["low"], "high": said["high"]}
    return knob | {"choices": choices, "whole": str(field.type).startswith("int")}
