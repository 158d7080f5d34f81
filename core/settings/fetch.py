"""What ``fetch`` downloads."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import pydantic

from core.settings.arguments import DOWNLOADS, Arguments
from core.settings.model import Model, knob
from core.settings.paths import WebAddress, WriteFolder

HEIGHTS = ("360", "480", "720", "1080", "1440", "2160", "best")
"""Maximum heights of a download, in pixels; ``best`` sets no limit."""
MOST_ITEMS = 100_000


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


Height = Annotated[str, pydantic.BeforeValidator(_as_text)]
"""A whole number of pixels is taken as its text, so that JSON may say 720 or "720"."""
max_height_knob = partial(
    knob, "1080", "tallest video that is downloaded", unit="px", choices=HEIGHTS, in_digest=False, label="Max height"
)
item_knob = partial(
    knob,
    None,
    "one video of a playlist, by its place in it",
    low=1,
    high=MOST_ITEMS,
    metavar="N",
    label="Video of the playlist",
)


class FetchSettings(Model):
    """What is downloaded."""

    max_height: Height = max_height_knob()

    @property
    def height_px(self) -> int | None:
        """The limit in pixels; ``None`` = no limit."""
        return None if self.max_height == "best" else int(self.max_height)


class FetchArguments(Arguments):
    """Which address, and what of it."""

    url: WebAddress = knob(..., "a web address, http or https", flag="", metavar="URL")
    max_height: Height = max_height_knob()
    out: WriteFolder = knob(DOWNLOADS, "where the video goes", metavar="DIR")
    item: int | None = item_knob()
    playlist: bool = knob(False, "all videos of a playlist")
    again: bool = knob(False, "download a video that is there already once more")

    @property
    def settings(self) -> FetchSettings:
        """What is downloaded."""
        return FetchSettings(max_height=self.max_height)
