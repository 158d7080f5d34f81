"""What a person should know of a video, as notices: the only place where sentences about a video get their codes.

Not here: errors, which stop something, and what a run or a filter has to say.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.records import VideoInfo
from core.step import Notice
from core.video import colour, cut_off

if TYPE_CHECKING:
    from core.video.orientation import StatedOrientation
    from core.video.streams import Choice


def notices_of(info: VideoInfo, hdr: str = "tonemap", png: bool = True) -> tuple[Notice, ...]:
    """Returns what is to be said of a video that was probed, the gravest first; nothing of an ordinary one.

    Codes: ``cut_off``, ``repaired_times``, ``colours``.

    Args:
        info: of the video.
        hdr: ``ExtractSettings.hdr``.
        png: whether PNG is wanted; keeping HDR needs it.
    """
    lost = {"missing_bytes": info.missing_bytes, "missing_frames": info.missing_frames, "promised_s": info.promised_s}
    said = (
        Notice("cut_off", cut_off.sentence_of(info) or "", lost),
        Notice("repaired_times", repaired_times(info) or "", {"frames": info.repaired_times}),
        Notice("colours", colour.described(info, hdr, png) or "", {"rendering": info.rendering}),
    )
    return tuple(notice for notice in said if notice.text)


def repaired_times(info: VideoInfo) -> str | None:
    """Returns what a person should know of the times of a video, one sentence; ``None`` = nothing."""
    if not info.repaired_times:
        return None
    verb = "carries" if info.repaired_times == 1 else "carry"
    return (
        f"{info.repaired_times} of {info.frames} frames {verb} no usable time stamp; their times were made from those "
        "of their neighbours."
    )


def chosen_stream(path: str | Path, choice: Choice) -> Notice | None:
    """Returns which of how many video streams is read, code ``stream``; ``None`` where nobody had to choose."""
    if choice.sentence is None:
        return None
    return Notice("stream", f"{path}: {choice.sentence}.", {"index": choice.index, "streams": len(choice.streams)})


def nearest_orientation(path: str | Path, told: StatedOrientation) -> Notice:
    """Returns that a display matrix is none of the eight orientations, code ``nearest_orientation``."""
    turned, mirrored = told.orientation
    matrix = ", ".join(f"{number:g}" for number in told.matrix or ())
    text = (
        f"{path}: its display matrix ({matrix}) is none of the eight orientations; the nearest is taken: turned by "
        f"{turned} degrees{', mirrored' if mirrored else ''}."
    )
    return Notice(
        "nearest_orientation", text, {"matrix": list(told.matrix or ()), "rotation": turned, "mirrored": mirrored}
    )
