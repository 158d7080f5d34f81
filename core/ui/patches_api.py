"""What programs call by name of Training Patches beside ``patches``: how far it is, pause and threads, a check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import FramesieveError
from core.ui import owner
from core.ui.forms import plain
from core.ui.patches_work import PatchesWork
from core.ui.session import utf8

Answer = dict[str, Any]


def build(work: PatchesWork) -> None:
    """Defines the endpoints; call inside ``gr.Blocks``."""

    def patches_track(id: str) -> Answer:
        """Returns how far the patches of a job are: categories, bytes, tries and why some failed.

        Args:
            id: what ``patches`` returned as ``job``; of a check, what it found.
        """
        return _spoken(lambda: work.track(str(id)))

    def patches_control(id: str, paused: bool | None = None, workers: int | None = None) -> Answer:
        """Has a job wait or go on, or write with another number of threads. Returns what is wanted of it now.

        Args:
            id: as in ``patches_track``.
            paused: whether it waits; null: as before.
            workers: threads that write; null: as before.
        """
        return _spoken(lambda: work.control(str(id), paused, workers))

    def patches_verify(folder: str) -> Answer:
        """Checks the files of a folder of patches against its manifest, as a job. Returns the job."""
        return _spoken(lambda: {"job": work.verify(folder, owner.API)})

    for handler in (patches_track, patches_control, patches_verify):
        gr.api(handler, api_name=handler.__name__, concurrency_limit=2)  # type: ignore[attr-defined]


def _spoken(act: Callable[[], Answer]) -> Answer:
    """Turns our errors into what Gradio shows as one sentence; a program finds the code in its title."""
    try:
        told: Answer = plain(act())
        return told
    except FramesieveError as error:
        raise gr.Error(utf8(str(error)), title=error.code, print_exception=False) from None
