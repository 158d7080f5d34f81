"""What a video is: header claims kept apart from what was counted. Yields ``VideoInfo`` and the ledger together."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from core import log
from core.errors import SourceError
from core.records import FrameLedger, VideoInfo
from core.video import colour
from core.video.container import check_file, open_chosen
from core.video.cut_off import missing
from core.video.frame import is_full_range
from core.video.ledger import build_ledger, decode_head
from core.video.orientation import NEAREST, Told, told_by

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

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
                "to go on where this stopped."
            )


def file_state(path: str | Path) -> tuple[int, int]:
    """Returns size in bytes and modification time in ns; (0, 0) when the file is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def probe(path: str | Path, ledger: FrameLedger | None = None, stream: int | None = None) -> Video:
    """Opens a video and counts its frames.

    Args:
        path: a file on this machine.
        ledger: a ledger made before for the same fingerprint, to save the counting.
        stream: FFmpeg's index of the video stream; ``None`` = the film, by ``streams.best``.

    Raises:
        SourceError: one sentence that says what the file is instead of a video.
    """
    file = check_file(path)
    state = file_state(file)
    container, opened, chosen = open_chosen(file, stream)
    with closing(container):
        if chosen.sentence and stream is None:
            _say_chosen(str(file), chosen.sentence)
        stated = colour.stated(opened)
        head = decode_head(container, opened)
        if head.frame is None:
            raise SourceError(f"no frame of {file} can be decoded; the file is damaged, get it again.")
        colour.complete(head.frame, stated)
        ledger = ledger or build_ledger(str(file), head, chosen.index)
        info = _facts(file, container, opened, head.frame, ledger)
        info = dataclasses.replace(info, named_stream=chosen.named, first_stream=chosen.first)
        return Video(str(file), info, ledger, state)


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


def _facts(
    file: Path, container: InputContainer, stream: VideoStream, frame: VideoFrame, ledger: FrameLedger
) -> VideoInfo:
    context = stream.codec_context
    told = told_by(file, frame, context.name, stream.index)
    if told.source == NEAREST:
        _say_nearest(str(file), told)
    turned = told.orientation
    width, height = (frame.height, frame.width) if turned.swaps else (frame.width, frame.height)
    duration = _duration(ledger)
    aspect = context.sample_aspect_ratio
    lost = missing(file, container, stream)
    primaries, transfer, matrix = (int(v) for v in (frame.color_primaries, frame.color_trc, frame.colorspace))
    peak = colour.peak_of(frame)
    return VideoInfo(
        path=str(file.absolute()),
        size_bytes=file.stat().st_size,
        fingerprint=fingerprint(file),
        container=container.format.name,
        codec=context.name,
        width=width,
        height=height,
        rotation=turned.rotation,
        sample_aspect_ratio=Fraction(aspect) if aspect else None,
        pixel_format=frame.format.name,
        bit_depth=max((c.bits for c in frame.format.components), default=8),
        color_range="full" if is_full_range(frame.format.name, frame.color_range) else "limited",
        color_matrix=colour.MATRICES.get(matrix),
        color_transfer=colour.TRANSFERS.get(transfer),
        rate=Fraction(len(ledger)) / duration if duration else None,
        rate_in_header=stream.average_rate,
        time_base=ledger.time_base,
        frames=len(ledger),
        frames_in_header=stream.frames or None,
        duration_s=float(duration) if duration else None,
        duration_in_header_s=float(stream.duration * ledger.time_base) if stream.duration else None,
        stream_index=stream.index,
        video_streams=len(container.streams.video),
        audio=bool(container.streams.audio),
        missing_bytes=lost.bytes if lost else None,
        missing_frames=lost.frames if lost else None,
        promised_s=lost.promised_s if lost else None,
        repaired_times=ledger.repaired_times,
        ledger_digest=ledger.digest,
        mirrored=turned.mirrored,
        orientation_source=told.source,
        color_primaries=colour.PRIMARIES.get(primaries),
        peak_cd_m2=peak,
        rendering=colour.rendering(primaries, transfer, matrix, peak),
    )


def _duration(ledger: FrameLedger) -> Fraction | None:
    """From the first frame to the end of the last one; ``None`` where nothing tells how long a frame lasts."""
    return ledger.duration * ledger.time_base or None


@functools.lru_cache(maxsize=64)
def _say_chosen(path: str, sentence: str) -> None:
    log.get().warning("%s: %s.", path, sentence)


@functools.lru_cache(maxsize=64)
def _say_nearest(path: str, told: Told) -> None:
    """Once for a file, however often it is opened."""
    turned, mirrored = told.orientation
    matrix = ", ".join(f"{number:g}" for number in told.matrix or ())
    log.get().warning(
        "%s: its display matrix (%s) is none of the eight orientations; the nearest is taken: turned by %d degrees%s.",
        path,
        matrix,
        turned,
        ", mirrored" if mirrored else "",
    )
