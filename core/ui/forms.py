"""Native controls made from settings models: label, default, range, unit and help are stated there only.

A ``Form`` is a set of controls of one kind of settings and the way from their values to the settings and back. What
happens in the browser (checks while typing, units, what is remembered) is in ``instruments/form``.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from core.errors import FramesieveError
from core.settings.columns import METRIC_NAMES
from core.settings.model import Facts, Model, facts_of
from core.ui.controls import Choice, Decimal, Line, Slide, Whole
from core.ui.instruments.form import FormKeeper
from core.ui.session import utf8

PARTED = {"min": METRIC_NAMES, "quality_weights": METRIC_NAMES, "area_ratio": ("low", "high")}
PARTED |= {"background_color": ("red", "green", "blue")}
"""Settings that hold several numbers: each has a control of its own, ``min_sharpness``, ``quality_weights_entropy``."""
SHARES = "quality_weights"
"""Of its numbers not all may be 0."""
MOST_SLIDER = 100
DEVICE_WORDS = {"auto": "CUDA, else CPU", "cpu": "CPU", "cuda": "CUDA"}
"""What people read for each device, wherever a model runs."""


class Form:
    """The controls of one kind of settings, by the name that programs use for each."""

    def __init__(self, kind: type[Model], name: str) -> None:
        """Remembers what it is made of; ``name`` begins the ids of the controls on the page."""
        self.kind, self.name = kind, name
        self.controls: dict[str, Any] = {}
        self._facts = facts_of(kind)

    # --- controls

    def add(
        self,
        name: str,
        control: Component | None = None,
        *,
        slider: bool = False,
        words: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """Adds the control of a setting where the layout is now, or takes one that is there.

        Args:
            name: of a field, or ``min_<metric>``, ``quality_weights_<metric>``.
            control: one of another kind than its facts suggest.
            slider: a slider instead of a box, for a number with two bounds.
            words: what people read for each choice.
            more: of the Gradio component.
        """
        self.controls[name] = made = control if control is not None else self._control(name, slider, words or {}, more)
        return made

    def _control(self, name: str, slider: bool, words: Mapping[str, str], more: dict[str, Any]) -> Component:
        facts, default = self._facts[self._place(name)[0]], self._default(name)
        said: dict[str, Any] = {"label": self._label(name), "value": default, "info": _sentence(facts.help)}
        said |= {"interactive": True, "elem_id": f"{self.name}-{name}", "elem_classes": ["knob"]} | more
        if facts.choices:
            choices = [(words.get(text, text.replace("_", " ")), text) for text in facts.choices]
            return Choice(choices, **{**said, "elem_classes": ["knob", "wide"]})
        if isinstance(default, bool):
            return gr.Checkbox(**said)
        if facts.kind is str:
            return Line(max_lines=1, **said)
        if slider:
            high = min(facts.high or MOST_SLIDER, MOST_SLIDER)
            return Slide(facts.low or 0, high, step=1, buttons=[], **{**said, "elem_classes": ["knob", "bare"]})
        # no minimum and maximum: Gradio would refuse in a toast what stands beside the box while it is typed
        said.setdefault("placeholder", str(default) if default is not None else "any")
        return (Whole if facts.whole else Decimal)(**said)

    def _label(self, name: str) -> str:
        field, part = self._place(name)
        title = self._facts[field].title
        if part is None:
            return title
        metric = PARTED[field][part] if isinstance(part, int) else part
        words = metric.replace("_", " ").capitalize()
        return words if isinstance(part, int) else f"{words} {title}"

    # --- values

    def defaults(self) -> dict[str, Any]:
        """Returns the value of each control at the start, by its name."""
        return {name: self._default(name) for name in self.controls}

    def settings(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what differs from the defaults as plain JSON values; an emptied box is the default."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            field, part = self._place(name)
            if value is None or value == self._default(name):
                continue
            value = _whole(value, self._facts[field])
            if isinstance(part, int):
                found.setdefault(field, list(self._facts[field].default))[part] = value
            elif part is not None:
                found.setdefault(field, {})[part] = value
            else:
                found[field] = value
        return found

    def _default(self, name: str) -> Any:
        field, part = self._place(name)
        default = self._facts[field].default
        if isinstance(part, int):
            return default[part]
        if part is not None:
            return default.get(part)
        return list(default) if isinstance(default, tuple) else default

    def _place(self, name: str) -> tuple[str, str | int | None]:
        """The field of a control, and which of its numbers."""
        if name in self._facts:
            return name, None
        field = next(field for field in PARTED if name.startswith(f"{field}_"))
        metric = name.removeprefix(f"{field}_")
        return field, PARTED[field].index(metric) if self._facts[field].many else metric

    # --- in the browser, and for programs

    def keeper(self, elem_id: str, remember: str, *beside: Component, waits: Container[Component] = ()) -> FormKeeper:
        """Places what checks and remembers the controls in the browser (``instruments/form``), after all are added.

        Args:
            elem_id: its id.
            remember: key under which the values are kept in the browser; empty: they are not.
            beside: controls that are no settings and are remembered too; each has an ``elem_id``.
            waits: those of them whose value is remembered only when the keeper is told that it was accepted.
        """
        told = [_beside(control) | {"waits": control in waits} for control in beside]
        keeper = FormKeeper(elem_id, [*self._described(), *told], remember)
        everything = [*self.controls.values(), *beside]
        keeper.joins(everything)
        return keeper

    def _described(self) -> Iterator[dict[str, Any]]:
        for name, control in self.controls.items():
            field, part = self._place(name)
            facts = self._facts[field]
            bounds = {"low": facts.low, "high": facts.high, "whole": facts.whole, "unit": facts.unit or _of(facts)}
            numeric = facts.kind in (int, float) and (part is not None or not facts.many)
            place = {"name": name, "field": field, "part": part, "id": control.elem_id, "default": self._default(name)}
            yield place | (bounds if numeric else {"unit": ""}) | {"numeric": numeric, "share": field == SHARES}


def _beside(control: Component) -> dict[str, Any]:
    value = getattr(control, "value", None)
    place = {"name": control.elem_id, "field": None, "part": None, "id": control.elem_id, "default": value}
    speaks = str(control.elem_id).rpartition("-")[2]
    return place | {"numeric": False, "unit": "", "share": False, "speaks": speaks}


def _sentence(text: str) -> str:
    """The help of a setting; of which method it is an input is seen on the page."""
    text = OF_METHOD.sub("", text)
    return text[:1].upper() + text[1:]


OF_METHOD = re.compile(r" \(method \w+\)")


def _of(facts: Facts) -> str:
    """What stands behind a number that has no unit: of how much it is a part."""
    return f"of {facts.high:g}" if facts.high in (1, 32, 100) else ""


def _whole(value: Any, facts: Facts) -> Any:
    """Boxes of the page send 20.0 where 20 was typed."""
    return int(value) if facts.kind is int and isinstance(value, float) and value.is_integer() else value


def endpoint(handler: Callable[..., Any], **stated: Any) -> Callable[..., Any]:
    """Returns a listener with stated arguments, for the page and for programs.

    The handler is called by names; ``event`` is what the page says beside the values, ``None`` for a program. An error
    of ours is a sentence: for the page an answer, by which the form puts it beside its control; for a program an error
    whose title is the code.

    Args:
        handler: takes ``event`` and every stated name as a keyword; returns an object of plain JSON values.
        stated: name of an argument to its default; ``inspect.Parameter.empty`` = it has to be given.
    """
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD

    @functools.wraps(handler)
    def call(*values: Any) -> Any:
        *given, event = values if len(values) > len(stated) else (*values, None)
        page = getattr(event, "_data", None)
        turn = {"turn": page["turn"]} if isinstance(page, dict) and "turn" in page else {}
        try:
            return plain(handler(event=page, **dict(zip(stated, given, strict=True))) | turn)
        except FramesieveError as error:
            if page is None:
                raise gr.Error(utf8(str(error)), title=error.code, print_exception=False) from None
            return plain(error.to_mapping() | turn)

    own = [inspect.Parameter(name, kind, default=value) for name, value in stated.items()]
    event = inspect.Parameter("event", kind, default=None, annotation=gr.EventData)
    call.__signature__ = inspect.Signature([*own, event])  # type: ignore[attr-defined]
    call.__annotations__ = {"event": gr.EventData}
    del call.__wrapped__
    return call


def plain(value: Any) -> Any:
    """Gradio's JSON takes no text with bytes that are not UTF-8; ``session.utf8`` is read back where a run is named."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return utf8(value) if isinstance(value, str) else value
