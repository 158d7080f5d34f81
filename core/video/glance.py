"""A quick look at a video or photo for a list of files: what its header claims, and one picture. Nothing is counted.

What a video really is, is found out by ``probe``.
"""

from __future__ import annotations

import contextlib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from core.video import colour
from core.video.container import open_chosen
from core.video.frame import Frame
from core.video.orientation import stated_by
from core.video.photos import read_photo

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

POSTER_AT = 0.1
"""Which part of the video has passed at the poster: the first frame is often black."""
PACKETS = 300
"""That are read at most for a picture."""


class Glance(NamedTuple):
    """What a header claims of a video, and a picture of it."""

    duration_s: float | None
    width: int
    height: int
    """Of the picture as it is shown, in pixels."""
    poster: NDArray[np.uint8] | None
    """(H, W, 3) uint8 RGB, H at most as asked; ``None``: no picture was found quickly."""


def glance(path: Path, poster_height: int) -> Glance:
    """Opens a video, and decodes one picture from its first tenth on.

    Raises:
        SourceError: it is no video, or not to be read.
    """
    container, stream, _ = open_chosen(path)
    with closing(container):
        context, length = stream.codec_context, container.duration
        width, height, duration_s = context.width, context.height, length / 1e6 if length else None
        stated = colour.stated(stream)
        context.thread_count = 1
        found = _picture(container, stream, int(length * POSTER_AT) if length else 0)
        if found is None:
            return Glance(duration_s, width, height, None)
        turned = stated_by(stream, found, ()).orientation
        frame = Frame(found, 0, 0, turned)
        frame.tell(None, stated)
        size = (height, width) if turned.swaps else (width, height)
        return Glance(duration_s, *size, frame.thumb(poster_height))


def photo_poster(path: Path, height: int) -> NDArray[np.uint8]:
    """Returns a photo as (H, W, 3) uint8 RGB, H at most ``height``. Raises ``SourceError``: it is none."""
    import cv2

    rgb = read_photo(path)
    scale = min(1.0, height / rgb.shape[0])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _picture(container: InputContainer, stream: VideoStream, at_us: int) -> VideoFrame | None:
    """The first picture from a time on, else the first that there is."""
    for start_us in dict.fromkeys((at_us, 0)):
        with contextlib.suppress(av.error.FFmpegError, ValueError):
            if start_us:
                container.seek(start_us)
            for _, packet in zip(range(PACKETS), container.demux(stream), strict=False):
                for frame in packet.decode():
                    return frame
        with contextlib.suppress(av.error.FFmpegError):
            container.seek(0)
    return None
