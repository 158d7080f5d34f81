"""Presets for every form: a list, Save, Delete with its undo, Reset, and a name that is asked for when it is needed."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import FramesieveError, SettingsError
from core.settings.model import differences, from_mapping
from core.store import presets
from core.store.presets import Preset
from core.ui.controls import Choice, Words
from core.ui.forms import Form
from core.ui.instruments import Instrument
from core.ui.instruments.form import FormKeeper

SAID = (
    "[shelf[name]?.error ?? shelf[name]?.about ?? '', { __type__: 'update', visible: false },"
    " { __type__: 'update', interactive: Boolean(shelf[name]?.own) }]"
)
"""What the row says of the preset ``name`` of ``shelf``, in the browser."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class Book:
    """The presets that come with the program, and people's own in a folder."""

    def __init__(self, folder: Path) -> None:
        """Remembers the folder; nothing is created."""
        self._folder = folder

    def shelf(self, kind: str) -> dict[str, Any]:
        """Returns the presets that say something about this kind of settings, by name: plain JSON values.

        Each has ``about``, ``own`` (people made it), ``settings`` (what differs from the defaults) and ``error``: a
        damaged one says what is wrong, and has no settings.
        """
        every = sorted({*presets.names(), *presets.names(self._folder)})
        lines = {name: self._line(name, kind) for name in every}
        return {name: line for name, line in lines.items() if line["settings"] is not None or line["error"]}

    def is_own(self, name: str) -> bool:
        """Whether people made it; an own one hides a shipped one of its name."""
        return name in presets.names(self._folder)

    def save(self, name: str, kind: str, settings: dict[str, Any]) -> None:
        """Keeps settings; the other kind of an own preset of this name stays. Raises ``SettingsError``."""
        name = name.strip()
        self._only_own(name, "choose another name")
        before = self.load(name) if self.is_own(name) else Preset()
        checked = from_mapping(presets.KINDS[kind], settings)
        presets.save(name, dataclasses.replace(before, **{kind: checked}), self._folder)

    def put_back(self, name: str, found: Preset) -> None:
        """Keeps what ``delete`` returned once more."""
        presets.save(name, found, self._folder)

    def delete(self, name: str) -> Preset:
        """Removes one of people's own and returns it. Raises ``SettingsError``."""
        self._only_own(name, "only your own presets can be deleted")
        found = self.load(name)
        presets.delete(name, self._folder)
        return found

    def load(self, name: str) -> Preset:
        """Returns a preset. Raises ``SettingsError``: it is gone or damaged."""
        return presets.load(name, self._folder if self.is_own(name) else presets.SHIPPED)

    def _only_own(self, name: str, advice: str) -> None:
        if name in presets.names() and not self.is_own(name):
            raise SettingsError(f'"{name}" comes with the program; {advice}.', code="shipped_preset", field="name")

    def _line(self, name: str, kind: str) -> dict[str, Any]:
        line: dict[str, Any] = {"about": "", "own": self.is_own(name), "settings": None, "error": None}
        try:
            found = self.load(name)
        except FramesieveError as error:
            return line | {"error": str(error)}
        part = getattr(found, kind)
        return line | {"about": found.about, "settings": None if part is None else differences(part)}


class PresetsBar:
    """Places the row where the layout is now; ``joins`` connects it once the controls are there."""

    def __init__(self, kind: str, book: Book) -> None:
        """``kind`` is a key of ``presets.KINDS``."""
        self._kind, self._book = kind, book
        with gr.Column(elem_classes=["presets", "tight"]):
            with gr.Row(elem_classes="bar-line"):
                bare: dict[str, Any] = {"show_label": False, "container": False, "interactive": True}
                self.chosen = Choice(_choices(book.shelf(kind)), value="", label="Preset", **bare)
                small: dict[str, Any] = {"size": "sm", "min_width": 0, "scale": 0}
                self.save = gr.Button("Save", **small)
                self.delete = gr.Button("Delete", interactive=False, **small)
                self.reset = gr.Button("Reset", **small)
            with gr.Row(visible=False, elem_classes=["bar-line", "asking"]) as self.asking:
                self.name = gr.Textbox(
                    label="Name of the preset", show_label=False, container=False, max_lines=1, max_length=63,
                    placeholder="Name", interactive=True, elem_id=f"{kind}-preset-name",
                )  # fmt: skip
                self.sure = gr.Button("Save", variant="primary", **small)
                self.leave = gr.Button("Cancel", **small)
            with gr.Row(elem_classes=["bar-line", "preset-said"]):
                self.about = Words(elem_classes="about")
                self.undo = gr.Button("Undo", visible=False, elem_classes="link", **small)
        self.shelf = gr.JSON(book.shelf(kind), visible=False)
        self.gone = gr.State(None)

    def joins(self, form: Form, keeper: FormKeeper) -> None:
        """Connects the row with a form of native controls. What is chosen is loaded without the server."""

        def keep(name: str, *values: Any) -> list[Any]:
            return self._kept(name, form.settings(dict(zip(form.controls, values, strict=True))))

        controls = list(form.controls.values())
        load = keeper.gives("loaded")
        self._chooses()
        self.chosen.input(None, [self.chosen, self.shelf], controls, js=load, **QUIET)
        self.reset.click(None, None, controls, js=keeper.gives("loaded", "", {}), **QUIET)
        self._names(keep, controls, None)

    def joins_instrument(self, part: Instrument) -> None:
        """Connects the row with an instrument that holds the settings: it has ``load(settings)``, ``differences()``."""
        box = gr.JSON(visible=False)
        self._chooses()
        settings = "(name, shelf) => name && shelf[name]?.settings ? [shelf[name].settings] : null"
        load = f"(...chosen) => (framesieve.hand(({settings})(...chosen), {part.named('load')}), [])"
        self.chosen.input(None, [self.chosen, self.shelf], None, js=load, **QUIET)
        self.reset.click(None, None, None, js=part.does("load", {}), **QUIET)
        js = f"async (name) => [name, await ({part.gives('differences')})()]"
        self._names(self._kept, [box], js)

    def _chooses(self) -> None:
        """What the row says of a preset, and whether it can be deleted."""
        told = [self.about, self.undo, self.delete]
        self.chosen.input(None, [self.chosen, self.shelf], told, js=f"(name, shelf) => {SAID}", **QUIET)
        blank = "() => ['', ...(([name, shelf]) => " + SAID + ")(['', {}])]"
        self.reset.click(None, None, [self.chosen, *told], js=blank, **QUIET)

    def _names(self, keep: Any, values: list[Any], js: str | None) -> None:
        """What asks for a name, saves, deletes and undoes."""
        shown = "{ __type__: 'update', visible: true }"
        name = f"document.querySelector('#{self._kind}-preset-name input, #{self._kind}-preset-name textarea')"
        focus = f"setTimeout(() => {name}?.focus(), 50)"
        self.save.click(None, None, self.asking, js=f"() => ({focus}, {shown})", **QUIET)
        self.leave.click(None, None, self.asking, js="() => ({ __type__: 'update', visible: false })", **QUIET)
        kept = [self.chosen, self.asking, self.about, self.undo, self.delete, self.shelf]
        gr.on([self.sure.click, self.name.submit], keep, [self.name, *values], kept, js=js, **QUIET)
        gone = [self.chosen, self.about, self.undo, self.delete, self.shelf, self.gone]
        self.delete.click(self._deleted, self.chosen, gone, **QUIET)
        self.undo.click(self._put_back, self.gone, gone, **QUIET)
        fresh = [self.chosen, self.shelf]
        gr.context.Context.root_block.load(self._fresh, None, fresh, **QUIET)  # type: ignore[union-attr]

    # --- what the row says

    def _fresh(self) -> list[Any]:
        """Other pages save presets too: the list as it is when this one is opened."""
        shelf = self._book.shelf(self._kind)
        return [gr.Dropdown(choices=_choices(shelf)), shelf]

    def _kept(self, name: str, settings: dict[str, Any]) -> list[Any]:
        try:
            self._book.save(name, self._kind, settings)
        except FramesieveError as error:
            return [gr.skip(), gr.skip(), str(error), gr.Button(visible=False), gr.skip(), gr.skip()]
        return [*self._list(name.strip(), gr.Row(visible=False)), *self._told(f"Saved as {name.strip()}.", True)]

    def _deleted(self, name: str) -> list[Any]:
        try:
            found = self._book.delete(name)
        except FramesieveError as error:
            return [gr.skip(), str(error), gr.Button(visible=False), gr.skip(), gr.skip(), gr.skip()]
        return [*self._list(""), *self._told(f"{name} is deleted.", False, undo=True), (name, found)]

    def _put_back(self, gone: tuple[str, Preset] | None) -> list[Any]:
        if gone is None:
            return [gr.skip()] * 6
        with contextlib.suppress(FramesieveError):
            self._book.put_back(*gone)
        return [*self._list(gone[0]), *self._told("", True), None]

    def _list(self, chosen: str, *more: Any) -> list[Any]:
        choices = _choices(self._book.shelf(self._kind))
        return [gr.Dropdown(choices=choices, value=chosen), *more]

    def _told(self, about: str, own: bool, undo: bool = False) -> list[Any]:
        return [about, gr.Button(visible=undo), gr.Button(interactive=own), self._book.shelf(self._kind)]


def _choices(shelf: dict[str, Any]) -> list[tuple[str, str]]:
    """A drop-down has no placeholder of its own."""
    return [("Preset...", ""), *((name, name) for name in shelf)]
