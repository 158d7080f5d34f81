"""What a video is: header claims kept apart from what was counted. Yields ``VideoInfo`` and the ledger together."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import log
from core.errors import SourceError
from core.records import FrameLedger, VideoInfo
from core.video import colour, notices
from core.video.container import check_file, open_chosen
from core.video.cut_off import missing
from core.video.frame import is_full_range
from core.video.ledger import build_ledger
from core.video.orientation import NEAREST, packets_wanted, stated_by
from core.video.packets import Reading

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from core.video.streams import Choice

FINGERPRINT_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Video:
    """A video on disk with its facts and its ledger: what every reader of frames is given."""

    path: str
    info: VideoInfo
    ledger: FrameLedger
    state: tuple[int, int] = (0, 0)
    """Size in bytes and modification time in ns when it was probed."""

    def check_unchanged(self) -> None:
        """Raises ``SourceError`` when the file is not the one that was probed: what it holds now is another video."""
        if file_state(self.path) != self.state:
            raise SourceError(
                f"{self.path} was changed or cut off while it was read; once it is whole again, run the same command "
                "to go on where this stopped.",
                code="replaced",
            )


def file_state(path: str | Path) -> tuple[int, int]:
    """Returns size in bytes and modification time in ns; (0, 0) when the file is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


@dataclass(frozen=True)
class Header:
    """What a file claims before anything of it is decoded or counted."""

    codec: str
    width: int
    """Of the stored picture."""
    height: int
    rate: Fraction | None
    """Frames per second."""
    duration_s: float | None


class OpenedVideo:
    """A video file that is open: what it claims, its first frames, and, once they are counted, the whole video.

    Made by ``opened``; of no use after its block. The file is opened once and its packets are read once.
    """

    def __init__(
        self,
        file: Path,
        state: tuple[int, int],
        container: InputContainer,
        stream: VideoStream,
        choice: Choice,
        named: bool,
    ) -> None:
        """Remembers an open file; nothing is read.

        Args:
            file: it.
            state: size in bytes and modification time in ns before it was opened.
            container: freshly opened.
            stream: the one that is read.
            choice: which of how many that is.
            named: whether a person named it.
        """
        self.path, self.state = file, state
        self.choice = choice
        """Which stream is read, and all that there are."""
        self._container, self._stream = container, stream
        self._named = named
        self._stated = colour.stated(stream)
        self._reading = Reading(container, stream, packets_wanted(stream))

    @property
    def header(self) -> Header:
        """What the file claims; asked before its frames are counted."""
        context, length, rate = self._stream.codec_context, self._container.duration, self._stream.average_rate
        return Header(
            context.name,
            context.width,
            context.height,
            Fraction(rate) if rate else None,
            length / 1e6 if length else None,
        )

    @cached_property
    def fingerprint(self) -> str:
        """As ``fingerprint``."""
        return fingerprint(self.path)

    def video(self, ledger: FrameLedger | None = None) -> Video:
        """Returns the video; asked again with another ledger, it reads nothing more.

        Args:
            ledger: a ledger made before for the same fingerprint, to save the counting.

        Raises:
            SourceError: no frame can be decoded.
        """
        claims = self._claims  # before packets are read to the end: some demuxers change their claims on the way
        return Video(str(self.path), _info(claims, ledger or self._counted), ledger or self._counted, self.state)

    @cached_property
    def _counted(self) -> FrameLedger:
        return build_ledger(str(self.path), self._reading)

    @cached_property
    def _claims(self) -> dict[str, Any]:
        if not self._named and (said := notices.chosen_stream(self.path, self.choice)) is not None:
            _say(said.text)
        frame = self._reading.head.frame
        if frame is None:
            raise SourceError(
                f"no frame of {self.path} can be decoded; the file is damaged, get it again.", code="undecodable"
            )
        colour.complete(frame, self._stated)
        lost = missing(self.path, self._container, self._stream)
        claims = _claims(self._container, self._stream, frame, self._reading.time_base)
        told = stated_by(self._stream, frame, self._reading.first())
        if told.source == NEAREST:
            _say(notices.nearest_orientation(self.path, told).text)
        turned = told.orientation
        return claims | {
            "path": str(self.path.absolute()),
            "size_bytes": self.path.stat().st_size,
            "fingerprint": self.fingerprint,
            "width": frame.height if turned.swaps else frame.width,
            "height": frame.width if turned.swaps else frame.height,
            "rotation": turned.rotation,
            "mirrored": turned.mirrored,
            "orientation_source": told.source,
            "missing_bytes": lost.bytes if lost else None,
            "missing_frames": lost.frames if lost else None,
            "promised_s": lost.promised_s if lost else None,
            "named_stream": self.choice.named,
            "first_stream": self.choice.first,
        }


@contextmanager
def opened(path: str | Path, stream: int | None = None) -> Iterator[OpenedVideo]:
    """Opens a video file for whoever wants to know what it is before its frames are counted.

    Args:
        path: a file on this machine.
        stream: FFmpeg's index of the video stream; ``None`` = the film, by ``streams.best``.

    Raises:
        SourceError: one sentence that says what the file is instead of a video.
    """
    file = check_file(path)
    state = file_state(file)
    container, found, choice = open_chosen(file, stream)
    with closing(container):
        yield OpenedVideo(file, state, container, found, choice, stream is not None)


def probe(path: str | Path, ledger: FrameLedger | None = None, stream: int | None = None) -> Video:
    """Opens a video and counts its frames.

    Args:
        path: as ``opened``.
        ledger: as ``OpenedVideo.video``.
        stream: as ``opened``.

    Raises:
        SourceError: as ``opened``.
    """
    with opened(path, stream) as file:
        return file.video(ledger)


def fingerprint(path: str | Path) -> str:
    """Returns ``"<size>-<sha256 of the first and last MiB>"``: the same for every copy of a file."""
    file = check_file(path)
    size = file.stat().st_size
    digest = hashlib.sha256()
    with open(file, "rb") as source:
        digest.update(source.read(FINGERPRINT_BYTES))
        source.seek(max(0, size - FINGERPRINT_BYTES))
        digest.update(source.read(FINGERPRINT_BYTES))
    return f"{size}-{digest.hexdigest()}"


def _claims(container: InputContainer, stream: VideoStream, frame: VideoFrame, time_base: Fraction) -> dict[str, Any]:
    """The fields of ``VideoInfo`` that header and first frame tell."""
    context = stream.codec_context
    aspect = context.sample_aspect_ratio
    primaries, transfer, matrix = (int(v) for v in (frame.color_primaries, frame.color_trc, frame.colorspace))
    peak = colour.peak_of(frame)
    return {
        "container": container.format.name,
        "codec": context.name,
        "sample_aspect_ratio": Fraction(aspect) if aspect else None,
        "pixel_format": frame.format.name,
        "bit_depth": max((c.bits for c in frame.format.components), default=8),
        "color_range": "full" if is_full_range(frame.format.name, frame.color_range) else "limited",
        "color_matrix": colour.MATRICES.get(matrix),
        "color_transfer": colour.TRANSFERS.get(transfer),
        "color_primaries": colour.PRIMARIES.get(primaries),
        "peak_cd_m2": peak,
        "rendering": colour.rendering(primaries, transfer, matrix, peak),
        "rate_in_header": stream.average_rate,
        "frames_in_header": stream.frames or None,
        "duration_in_header_s": float(stream.duration * time_base) if stream.duration else None,
        "stream_index": stream.index,
        "video_streams": len(container.streams.video),
        "audio": bool(container.streams.audio),
    }


def _info(claims: Mapping[str, Any], ledger: FrameLedger) -> VideoInfo:
    """What is claimed, and what was counted."""
    duration = ledger.duration * ledger.time_base or None  # None: nothing tells how long a frame lasts
    counted = {
        "rate": Fraction(len(ledger)) / duration if duration else None,
        "time_base": ledger.time_base,
        "frames": len(ledger),
        "duration_s": float(duration) if duration else None,
        "repaired_times": ledger.repaired_times,
        "ledger_digest": ledger.digest,
    }
    return VideoInfo(**{**claims, **counted})


@functools.lru_cache(maxsize=64)
def _say(sentence: str) -> None:
    """Once for a file, however often it is opened."""
    log.get().warning("%s", sentence)
