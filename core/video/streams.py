"""Which video stream of a file is the film: by FFmpeg's and the browsers' rules, or as a person says.

Not here: opening files (``container.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from core.advice import advice
from core.errors import SourceError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

FILM = 2
"""Pictures that make a film: one alone is a cover, a thumbnail or a title."""
LOOKED_AT = 2000
LOOKED_AT_BYTES = 64_000_000
"""How far into a file of several streams is looked for a second picture of each; less in nearly all files."""


@dataclass(frozen=True)
class VideoStreamFacts:
    """What the header claims of one video stream."""

    index: int
    """FFmpeg's number of the stream, 0-based, sound and subtitles counted too."""
    codec: str | None
    """``None``: this FFmpeg cannot decode it."""
    width: int
    """Of the stored picture."""
    height: int
    frames_in_header: int | None
    duration_in_header_s: float | None
    default: bool
    """The default flag."""
    cover: bool
    """A picture that belongs to the file (cover, thumbnails of chapters), not a film."""

    def __str__(self) -> str:
        notes = [self.codec or "not decodable", f"{self.width}x{self.height}"]
        notes += [f"{self.frames_in_header} frames"] if self.frames_in_header else []
        notes += ["default"] if self.default else []
        notes += ["cover picture"] if self.cover else []
        return f"{self.index} ({', '.join(notes)})"


@dataclass(frozen=True)
class Choice:
    """The stream that is read, out of those that there are."""

    index: int
    default: int
    """The stream that the rules take."""
    streams: tuple[VideoStreamFacts, ...]

    @property
    def named(self) -> bool:
        """Whether a person named another stream than the rules take."""
        return self.index != self.default

    @property
    def first(self) -> bool:
        """Whether no other film or picture that is no cover comes before it: what programs before this one took."""
        return not any(one.index < self.index and not one.cover for one in self.streams)

    @property
    def sentence(self) -> str | None:
        """Says which of how many was taken; ``None`` where there is only one that is no cover."""
        real = [one for one in self.streams if not one.cover or one.index == self.index]
        if len(real) < 2:
            return None
        listed = ", ".join(str(one) for one in self.streams)
        other = advice("--stream N names another", "another one can be chosen")
        return f"stream {self.index} of its {len(self.streams)} video streams is read: {listed}; {other}"


def facts(container: InputContainer) -> tuple[VideoStreamFacts, ...]:
    """Returns the video streams of a file, covers too, by their index."""
    return tuple(_facts_of(stream) for stream in container.streams.video)


def _facts_of(stream: VideoStream) -> VideoStreamFacts:
    context, base = stream.codec_context, stream.time_base
    kinds = av.stream.Disposition
    return VideoStreamFacts(
        index=stream.index,
        codec=context.name if context else None,
        width=context.width if context else 0,
        height=context.height if context else 0,
        frames_in_header=stream.frames or None,
        duration_in_header_s=float(stream.duration * base) if stream.duration and base else None,
        default=bool(stream.disposition & kinds.default),
        cover=bool(stream.disposition & (kinds.attached_pic | kinds.timed_thumbnails)),
    )


def undecided(streams: Sequence[VideoStreamFacts], container: str) -> bool:
    """Whether only their packets tell which of several streams are films; ``container`` is FFmpeg's name of its kind.

    Numbers of frames in headers are true in MP4 and MOV alone: there they are the table of the frames.
    """
    real = [one for one in streams if not one.cover and one.codec]
    known = container.startswith("mov") and all((one.frames_in_header or 0) >= FILM for one in real)
    return len(real) > 1 and not known


def count_pictures(container: InputContainer) -> dict[int, int]:
    """Reads a fresh container until each stream has shown two pictures; returns how many by index, at most two.

    The container is of no use after that.
    """
    streams = [stream for stream in container.streams.video if not _facts_of(stream).cover]
    seen = dict.fromkeys((stream.index for stream in streams), 0)
    size = 0
    packets = container.demux(streams)
    for _ in range(LOOKED_AT):
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            break
        size += packet.size
        seen[packet.stream.index] = min(FILM, seen[packet.stream.index] + bool(packet.size))
        if size > LOOKED_AT_BYTES or all(count == FILM for count in seen.values()):
            break
    return seen


def best(streams: Iterable[VideoStreamFacts], seen: Mapping[int, int]) -> int | None:
    """Returns the index of the film: no cover; decodable; more than one picture; default; largest; first.

    FFmpeg takes the default stream or the largest, players the first that shows a film. ``None`` = only covers.

    Args:
        streams: from ``facts``.
        seen: from ``count_pictures``; may be empty where headers tell.
    """
    ranked = sorted((one for one in streams if not one.cover), key=lambda one: _rank(one, seen))
    return ranked[-1].index if ranked else None


def check_named(file: Path, index: int, streams: Sequence[VideoStreamFacts], others: Mapping[int, str]) -> None:
    """Raises ``SourceError``, a sentence that lists the streams, when no video stream has this index.

    Args:
        file: for the sentence.
        index: what a person named.
        streams: from ``facts``.
        others: kind of every stream of the file by its index.
    """
    if any(one.index == index for one in streams):
        return
    what = f"stream {index} of {file} is {others[index]}" if index in others else f"{file} has no stream {index}"
    raise SourceError(
        f"{what}; its video streams are {', '.join(str(one) for one in streams) or 'none'}: name one.",
        code="no_stream",
        field="stream",
    )


def _rank(one: VideoStreamFacts, seen: Mapping[int, int]) -> tuple[int, ...]:
    claimed = one.frames_in_header or 0
    pictures = seen.get(one.index, min(claimed, FILM))
    return (bool(one.codec), pictures, one.default, one.width * one.height, -one.index)
