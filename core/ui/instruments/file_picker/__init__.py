"""Choosing videos, folders, weights, face models, photos and destinations: one way for all of them."""

from __future__ import annotations

from typing import Any, ClassVar

from gradio.components import Component

from core.settings.files import KINDS
from core.ui.instruments import Instrument

UPLOADED = ("video", "photo")
"""Kinds that may come through the browser."""


class FilePicker(Instrument):
    """A field for a path (or, of videos, a web address) with recent values, *Browse*, and *Upload* where that can be.

    *Browse* is a dialog over the allowed folders. The routes are ``core.ui.files``; uploads go where the tab's always
    went. It says nothing of what a path is: the tab asks the server, and calls ``error`` or ``remember``.

    Signals (as event data for Python, ``event._data``; the same is the element's value, so that a listener with ``js=``
    takes the picker as input):

    * ``typing``: at the first letter after a rest: what the field named before holds no more.
    * ``typed``: ``{"text", "paths": []}``, 350 ms after the last letter, at once on Enter and when text is dropped.
    * ``chosen``: ``{"text", "paths"}``, from the dialog or the recent values; several paths only with ``multiple``.
    * ``uploaded``: ``{"text", "paths"}``, when all files of an upload are there.

    Where one path was chosen or uploaded it stands in the field, and is ``text``.

    Methods for listeners (``does``, ``gives``):

    * ``put(text, silent)``: writes into the field; ``typed`` follows at once unless ``silent``.
    * ``error(sentence, folder)``: shows it under the field (``role=alert``, ``aria-invalid``); an empty sentence takes
      it away, and so does the next letter. ``folder``: a button opens the dialog there (facts of the code ``no_file``).
    * ``remember()``: what stands in the field was good: it is offered as a recent value.
    * ``value()``: the text in the field.
    * ``browse(folder)``: opens the dialog, at a folder if one is given.
    * ``upload()``: opens the browser's own choice of files.
    * ``acceptDrops(selector)``: files and text that are dropped on that element come here too.
    """

    folder: ClassVar[str] = "file_picker"
    signals: ClassVar[tuple[str, ...]] = ("chosen", "typing", "typed", "uploaded")

    def __init__(
        self,
        elem_id: str,
        *,
        kind: str,
        label: str,
        placeholder: str = "",
        multiple: bool = False,
        upload: bool = False,
        drops: str = "",
        bare: bool = False,
        **more: Any,
    ) -> None:
        """Places it where the layout is now.

        Args:
            elem_id: its id on the page.
            kind: one of ``core.settings.files.KINDS``.
            label: of the field.
            placeholder: an example of what is typed.
            multiple: whether several files may be chosen or dropped at once.
            upload: whether there is a button *Upload*; for kinds in ``UPLOADED`` only.
            drops: CSS selector of the element on which files and text may be dropped; empty: none.
            bare: only the button *Browse*, beside a field that is a control of the form (``beside``).
            more: as ``Instrument``.
        """
        assert kind in KINDS, kind
        assert not upload or kind in UPLOADED, kind
        super().__init__(
            elem_id,
            kind=kind,
            field_label=label,
            placeholder=placeholder,
            multiple=multiple,
            uploads=upload,
            drops=drops,
            bare=bare,
            **more,
        )
        self.__dict__["upload"] = upload  # an event of gr.HTML has this name, and would be put in the page in its place

    def beside(self, box: Component) -> Any:
        """Joins a bare picker with the control whose value is the path; returns the event after a choice."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        box.change(None, box, None, js=self.does("told"), **quiet)  # type: ignore[attr-defined]
        return self.chosen(None, self, box, js="(value) => value?.text ?? ''", **quiet)
