"""What the page asks about files and folders when something is chosen."""

from __future__ import annotations

from core.settings.model import Model, knob

FILE_KINDS = ("video", "photo", "weights", "config")
"""What is chosen among files; the other kinds are folders."""
KINDS = (*FILE_KINDS, "folder", "face_model", "destination")


class ListedFolder(Model):
    """A folder that is shown to whoever chooses."""

    kind: str = knob(..., "what is chosen", choices=KINDS)
    folder: str = knob(..., "path of a folder, or of a file in it")


class LookedAt(Model):
    """A file of which length and poster are shown."""

    path: str = knob(..., "path of a video or photo")
