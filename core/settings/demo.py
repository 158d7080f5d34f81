"""The arguments of ``demo``."""

from __future__ import annotations

from core.settings.arguments import DOWNLOADS, Arguments
from core.settings.model import knob
from core.settings.paths import WriteFolder


class DemoArguments(Arguments):
    """Where the demo works."""

    out: WriteFolder = knob(DOWNLOADS, "where the demo's files go (default downloads)", metavar="DIR")
