"""The settings as the browser needs them: default, range, unit and help of each field, read from ``core.settings``."""

from __future__ import annotations

from typing import Any

from core.settings.columns import METRIC_NAMES
from core.settings.extract import METHOD_INPUTS, ExtractSettings
from core.settings.fetch import FetchSettings
from core.settings.filter import FilterSettings
from core.settings.mine import MineSettings
from core.settings.model import Facts, Model, facts_of, to_mapping


def facts() -> dict[str, Any]:
    """Returns the knobs of each verb by field, which inputs a method has, and the metrics; plain JSON values."""
    kinds: dict[str, type[Model]] = {"extract": ExtractSettings, "filter": FilterSettings}
    kinds |= {"fetch": FetchSettings, "mine": MineSettings}
    inputs = {method: list(names) for method, names in METHOD_INPUTS.items()}
    return {verb: of(kind) for verb, kind in kinds.items()} | {"inputs": inputs, "metrics": list(METRIC_NAMES)}


def of(kind: type[Model]) -> dict[str, Any]:
    """Returns the knobs of one kind of settings by field; plain JSON values."""
    defaults = to_mapping(kind())
    return {name: _knob(facts, defaults[name]) for name, facts in facts_of(kind).items()}


def _knob(facts: Facts, default: Any) -> dict[str, Any]:
    choices = None if facts.choices is None else list(facts.choices)
    knob = {"default": default, "help": facts.help, "unit": facts.unit, "low": facts.low, "high": facts.high}
    return knob | {"choices": choices, "whole": facts.whole}
