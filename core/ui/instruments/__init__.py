"""What Gradio has no component for: each folder here is an instrument, with its Python class, ES modules and styles.

An instrument knows nothing of the tabs and of the other instruments; a tab joins them. What reaches it: properties of
its own, calls of its methods (``does``, ``gives``), and data by our routes; what it says are its ``signals``.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from typing import Any, ClassVar

import gradio as gr

from core.ui import no_stubs  # noqa: F401
from core.ui.web import ALL, address_of


class Instrument(gr.HTML):
    """An empty element that the module ``<folder>/<folder>.js`` fills: it exports ``mount({element, props, ...})``.

    The template is constant, so no data is ever parsed as markup, and Gradio never touches what the module built.
    """

    folder: ClassVar[str]
    """Its folder under ``core/ui/instruments``; also the name of its module."""
    signals: ClassVar[tuple[str, ...]] = ()
    """What it triggers: ``part.<signal>(function, inputs, outputs)`` listens."""

    def __init_subclass__(cls, **more: Any) -> None:
        """Raises ``TypeError``: an argument of the constructor is named as a signal."""
        super().__init_subclass__(**more)
        _check(cls.__name__, inspect.signature(cls.__init__).parameters, set(cls.signals))

    def __init__(self, elem_id: str, value: Any = None, **more: Any) -> None:
        """Places it where the layout is now.

        Args:
            elem_id: its id on the page, by which the tab calls it.
            value: plain JSON values for the module, at most some kB: addresses and ids, never data.
            more: of ``gr.HTML``, and further properties for the module.

        Raises:
            TypeError: a property is named as a signal, or as an event that Gradio knows.
        """
        _check(type(self).__name__, more, {*self.signals, *map(str, gr.HTML.EVENTS)})
        self._name = elem_id
        super().__init__(
            value={} if value is None else value,
            html_template=" ",
            js_on_load=_script(self.folder, elem_id, self.signals),
            apply_default_css=False,
            elem_id=elem_id,
            elem_classes=["fs", self.folder],
            **more,
        )

    def get_block_name(self) -> str:
        """Returns the name of Gradio's component that draws it."""
        return "html"

    def does(self, method: str, *first: Any) -> str:
        """Returns the script of a listener that calls a method with ``first`` and then the values of the inputs.

        The call waits until the module is there; of the outputs nothing changes.
        """
        return f"(...values) => (framesieve.call({_words(self._name, method)}, {_list(first)}, values), [])"

    def gives(self, method: str, *first: Any) -> str:
        """Returns the script of a listener whose outputs are what a method returns (a list where there are several).

        It waits until the module is there. Where the method returns nothing, nothing changes.
        """
        return f"(...values) => framesieve.ask({_words(self._name, method)}, {_list(first)}, values)"

    def named(self, method: str) -> str:
        """Returns how a script names a method: two arguments, the element and the method."""
        return _words(self._name, method)

    def tells(self, method: str, other: Instrument, other_method: str) -> str:
        """Returns the script of a listener that hands the list which a method of this one returns to another's."""
        mine = f"framesieve.ask({_words(self._name, method)}, [], [])"
        return f"() => (framesieve.hand({mine}, {_words(other._name, other_method)}), [])"


def _check(name: str, given: Iterable[str], events: set[str]) -> None:
    """Gradio writes what is given into the page's configuration, and would find the listener of that name there."""
    if wrong := sorted(events.intersection(given)):
        raise TypeError(f"{name}: {', '.join(wrong)} is a signal, and cannot be an argument or property; rename it.")


def _script(folder: str, elem_id: str, signals: tuple[str, ...]) -> str:
    """The script of the element. The signals stand in it in quotes: of those Gradio makes listeners."""
    address, name = json.dumps(address_of(ALL)), json.dumps(f"{folder}/{folder}.js")
    return (
        f"const signals = {json.dumps(signals)};"
        f"const all = import(new URL({address}, document.baseURI).href);"
        f"const mount = (m) => m.modules[{name}].mount({{ element, props, watch, trigger }});"
        f"all.then((m) => framesieve.mounted({json.dumps(elem_id)}, mount(m)))"
        ".catch((error) => {"
        "  element.textContent = 'This part of the page could not be loaded; reload the page.'; throw error; });"
    )


def _words(*texts: str) -> str:
    return ", ".join(json.dumps(text) for text in texts)


def _list(values: tuple[Any, ...]) -> str:
    return json.dumps(list(values))
