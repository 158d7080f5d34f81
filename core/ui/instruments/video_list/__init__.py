"""The videos of a folder and below it: search, what each is, how many of its frames are saved."""

from __future__ import annotations

from core.ui.instruments import Instrument


class VideoList(Instrument):
    """A list of videos by our route ``/fs/review/folder``; its value is the id of the one that was chosen.

    Methods in the browser: ``load({folder, weights, output})``, ``at(id, facts)`` (the one that is open now),
    ``saved(id, amount)``.

    Signal, and said in the browser: ``chosen`` (the id of a video).
    """

    folder = "video_list"
    signals = ("chosen",)
