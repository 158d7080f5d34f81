"""The arguments of ``parts``."""

from __future__ import annotations

from core.settings.arguments import DOWNLOADS, Arguments
from core.settings.model import knob
from core.settings.paths import ReadFolder, WriteFolder


class PartsArguments(Arguments):
    """Which unfinished passes are listed or deleted."""

    input_dir: ReadFolder | None = knob(
        None,
        "look here and below too: earlier versions left such files, hidden, beside the videos",
        metavar="DIR",
    )
    remove: bool = knob(False, "delete what is listed, except what a process writes now")
    older_than: float = knob(0.0, "only what did not change for so many days", metavar="DAYS")
    downloads: WriteFolder = knob(DOWNLOADS, "the folder of runs", flag=())
