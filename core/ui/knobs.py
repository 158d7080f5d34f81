"""The settings as the browser needs them: default, range, unit and help of each field, read from ``core.config``."""

from __future__ import annotations

import dataclasses
from typing import Any

from core import config
from core.config import METHOD_INPUTS, METRIC_NAMES, ExtractSettings, FetchSettings, FilterSettings, MineSettings


def facts() -> dict[str, Any]:
    """Returns the knobs of each verb by field, which inputs a method has, and the metrics; plain JSON values."""
    kinds = {"extract": ExtractSettings, "filter": FilterSettings, "fetch": FetchSettings, "mine": MineSettings}
    inputs = {method: list(names) for method, names in METHOD_INPUTS.items()}
    return {verb: of(kind) for verb, kind in kinds.items()} | {"inputs": inputs, "metrics": list(METRIC_NAMES)}


def of(kind: Any) -> dict[str, Any]:
    """Returns the knobs of one kind of settings by field; plain JSON values."""
    defaults = config.to_mapping(kind())
    return {field.name: _knob(field, defaults[field.name]) for field in dataclasses.fields(kind)}


def _knob(field: Any, default: Any) -> dict[str, Any]:
    said = field.metadata
    choices = None if said["choices"] is None else list(said["choices"])
    knob = {"default": default, "help": said["help"], "unit": said["unit"], "low": said["low"], "high": said["high"]}
    return knob | {"choices": choices, "whole": str(field.type).startswith("int")}
