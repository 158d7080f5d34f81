"""One progressive picture from an interlaced one and its neighbours, by FFmpeg's bwdif; its number stays."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

FILTER = "bwdif"
OPTIONS = "mode=send_frame:parity=auto:deint=all"
"""One picture out for each one in."""
CLOCK = Fraction(1, 25)


def deinterlaced(before: VideoFrame | None, frame: VideoFrame, after: VideoFrame | None) -> VideoFrame:
    """Returns a picture whose missing lines are made from both fields and from the neighbours.

    Args:
        before: the picture before it, of the same size and format; ``None`` = there is none.
        frame: the interlaced one.
        after: the picture after it.
    """
    from av.error import BlockingIOError as NotYet
    from av.error import EOFError as Ended
    from av.filter import Graph

    given = [one for one in (before, frame, after) if one is not None and _kind(one) == _kind(frame)]
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=CLOCK)
    chain, sink = graph.add(FILTER, OPTIONS), graph.add("buffersink")
    source.link_to(chain)
    chain.link_to(sink)
    graph.configure()
    made: list[Any] = []
    for number, one in enumerate([*given, None]):
        if one is not None:
            one.pts, one.time_base = number, CLOCK  # ours was read from it when it was decoded
        graph.push(one)
        while True:
            try:
                made.append(graph.pull())
            except (NotYet, Ended):
                break
    picture: VideoFrame = made[given.index(frame)]
    picture.colorspace, picture.color_range = frame.colorspace, frame.color_range
    return picture


def _kind(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
