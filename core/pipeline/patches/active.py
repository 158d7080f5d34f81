"""The active picture of a video: what is inside its black bars, told by frames from all over it."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from core.errors import SourceError
from core.pipeline.patches.cutting import Rectangle
from core.video.frame import Frame
from core.video.probe import Video
from core.video.stream import FrameStream, Gap

SAMPLES = 16
"""Frames that are looked at: the nearest key frames of even steps."""
BLACK = 26
"""Luma up to which a pixel is black, of 16 to 235."""
SHARE = 0.985
"""Of the pixels of a row or column of a bar that have to be black: logos and noise leave some."""


def active_picture(video: Video, *, deinterlace: bool) -> Rectangle:
    """Returns the rectangle inside the black bars, pixels, as the frames are shown; all of it where there are none.

    A row or column is a bar only where it is black in every frame that is looked at.

    Raises:
        SourceError: the frames are interlaced and nobody asked that they be deinterlaced.
    """
    entries = video.ledger.entries if len(video.ledger.entries) else np.zeros(1, np.int64)
    steps = np.linspace(0, len(video.ledger) - 1, SAMPLES + 2)[1:-1]
    wanted = np.unique(entries[np.searchsorted(entries, steps, side="right") - 1])
    with FrameStream(video, wanted) as stream, closing(iter(stream)) as frames:  # type: ignore[type-var]
        found = inside_bars(_lumas(frames, video, deinterlace=deinterlace))
    return (0, 0, video.info.width, video.info.height) if found is None else found


def _lumas(
    frames: Iterable[Frame | Gap], video: Video, *, deinterlace: bool
) -> Generator[tuple[NDArray[np.uint8], int], None, None]:
    for frame in frames:
        if not isinstance(frame, Frame) or frame.damaged:
            continue
        if frame.interlaced and not deinterlace:
            raise SourceError(
                f"{video.path} is interlaced: its frames hold two instants each, and patches of them teach combs; have "
                "it deinterlaced (deinterlace in the configuration), or leave it out.",
                code="interlaced",
                field="deinterlace",
            )
        luma = frame.luma()
        yield luma.plane[:, : luma.width], round((BLACK - 16) * 255 / 219) if luma.full_range else BLACK


def inside_bars(pictures: Iterable[tuple[NDArray[np.uint8], int]]) -> Rectangle | None:
    """Returns what is inside the bars of (H, W) uint8 pictures, each with the luma up to which a pixel is black.

    ``None``: there is no picture, or all of it is black, in which nothing can be told.
    """
    rows = columns = None
    for picture, black in pictures:
        lit = picture > black
        across, down = lit.mean(axis=1) > 1 - SHARE, lit.mean(axis=0) > 1 - SHARE
        rows = across if rows is None else rows | across
        columns = down if columns is None else columns | down
    if rows is None or columns is None or not rows.any() or not columns.any():
        return None
    top, bottom = np.flatnonzero(rows)[[0, -1]].tolist()
    left, right = np.flatnonzero(columns)[[0, -1]].tolist()
    return left, top, right + 1 - left, bottom + 1 - top
