"""Whether a file was cut off: what its index and headers promise and its bytes no longer hold, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.records import VideoInfo
from core.video.promised import promised_end

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

LENGTH_IN_FRONT = ("matroska", "flv", "asf")
"""Demuxers (first name) of files whose header tells a length that was measured when they were written."""
SHORTER_S = 0.1
"""Lengths of headers are rounded, and say differently whether the last frame counts."""


@dataclass(frozen=True)
class Missing:
    """What lies beyond the end of a file."""

    bytes: int | None
    """At least so many; ``None``: the file is whole, and its index leads beyond it."""
    frames: int | None
    """Frames of the video stream that the index lists; ``None`` = no index says."""
    promised_s: float | None
    """Length that the header promises; ``None`` where it promises none."""


def missing(file: Path, container: InputContainer, stream: VideoStream) -> Missing | None:
    """Returns what an opened file promises and does not hold; ``None`` = nothing of the kind."""
    size, demuxer = file.stat().st_size, container.format.name.split(",")[0]
    end, frames = promised_end(file, demuxer) or 0, 0
    if demuxer == "mov":
        ends = [entry.pos + entry.size for entry in stream.index_entries if not entry.is_discard]
        frames = sum(place > size for place in ends)
        if stream.frames and not frames:
            return None  # all pictures are there: the size of a box is wrong, or only sound is lost
        if frames and not end and ends[-1] <= size:
            return Missing(None, frames, None)  # the file is whole, some places of its index are damaged
        end = max([end, *ends])
    if end <= size:
        return None
    length = container.duration / 1e6 if container.duration and demuxer in LENGTH_IN_FRONT else None
    return Missing(end - size, frames or None, length)


def sentence_of(info: VideoInfo) -> str | None:
    """Returns the sentence about a file that was cut off, or whose index is damaged; ``None`` for any other."""
    if info.missing_bytes is None and info.missing_frames is None:
        return None
    if info.missing_bytes is None:
        return f"this file is damaged: {_promise(info)}, and {_frames(info.frames)} could be found; get the file again."
    lost = f"at least {_size(info.missing_bytes)} missing"
    return f"this file was cut off: {_promise(info)} ({lost}); get the whole file again."


def _promise(info: VideoInfo) -> str:
    claimed, lost = info.frames_in_header, info.missing_frames
    if lost:
        lie = "lies" if lost == 1 else "lie"
        listed = f"promises {_frames(claimed)}, {lost} of them" if claimed else f"names {_frames(lost)} that"
        return f"its index {listed} {lie} beyond the end of the file"
    if claimed is not None and claimed > info.frames:
        return f"its header promises {_frames(claimed)}, it holds {info.frames}"
    if info.promised_s is not None and info.promised_s > (info.duration_s or 0.0) + SHORTER_S:
        return f"its header promises {info.promised_s:.2f} s, it holds {info.duration_s or 0.0:.2f} s"
    return "it ends in the middle of its data"


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit} are"
    return "1 byte is" if count == 1 else f"{count} bytes are"
