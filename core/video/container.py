"""Opens video files through PyAV: real files only, the file protocol only, containers that hold their own frames only.

Nothing else in the program calls ``av.open`` for reading.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from core import inside
from core.errors import SourceError
from core.video import pictures, streams

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,gif,nut,ivf,rm,dv,wtv,"
    "h264,hevc,m4v,mpegvideo,vc1,obu,y4m,yuv4mpegpipe,apng,mjpeg,mpjpeg,smjpeg,h261,h263"
)
"""Demuxers that may open a file. Playlists (hls, dash, concat, sdp, ...) are absent: they point elsewhere."""
PROTOCOLS = ("concat", "http", "https", "rtsp", "subfile", "crypto", "data", "pipe", "tcp", "udp", "ftp")
"""What FFmpeg would take as a protocol in front of a colon."""

INVALID = "Invalid data found when processing input"


def check_file(path: str | os.PathLike[str]) -> Path:
    """Returns the path of a readable, non-empty regular file.

    Raises:
        SourceError: missing, a link that leads nowhere, a directory, a device or pipe, empty, or not readable; or
            outside of the folders to which this process is confined, one wording for what is there and what is not.
    """
    file = Path(path)
    if not inside.allows(file):
        raise SourceError(_outside(file), code="not_allowed")
    try:
        found = file.stat()
    except FileNotFoundError:
        raise SourceError(_missing(file), code="missing") from None
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{file} cannot be read ({getattr(error, 'strerror', None) or error}).", code="cannot_read"
        ) from None
    if stat.S_ISDIR(found.st_mode):
        raise SourceError(_directory(file), code="no_file", folder=str(file))
    if not stat.S_ISREG(found.st_mode):
        raise SourceError(
            f"{file} is a device or pipe; only regular video files are read, save it to a file first.", code="no_file"
        )
    if found.st_size == 0:
        raise SourceError(f"{file} is empty (0 bytes); copy or download it again.", code="empty_file")
    if not os.access(file, os.R_OK):
        raise SourceError(
            f"{file} cannot be read (no permission); change its permissions or copy it.", code="cannot_read"
        )
    return file


def _outside(file: Path) -> str:
    return f"{file} is not in the allowed folders; upload it here, or choose one with Browse."


def _directory(file: Path) -> str:
    """On the command line it is typed, on the page it is chosen."""
    if inside.confined_to() is None:
        return f"{file} is a directory; name one video file in it."
    return f"{file} is a folder; choose a video in it with Browse."


def _missing(file: Path) -> str:
    if file.is_symlink():
        return f"{file} is a link to {os.readlink(file)}, which does not exist; name the video itself."
    if "://" in str(file) or str(file).split(":")[0] in PROTOCOLS:
        return f"{file} is not a file; only files on this machine are read here, so download it first."
    return f"{file} does not exist; check the path."


def open_video(path: str | os.PathLike[str], stream: int | None = None) -> tuple[InputContainer, VideoStream]:
    """Opens a file and returns the container and a video stream of it.

    The caller closes the container. Packets of other streams are discarded by the demuxer.

    Args:
        path: the file.
        stream: FFmpeg's index of the stream; ``None`` = the film, by ``streams.best``.

    Raises:
        SourceError: no such file, not a video, no such video stream, or a codec that this FFmpeg cannot decode.
    """
    file = check_file(path)
    if stream is None:
        return open_chosen(file)[:2]
    container = _opened(file)
    try:
        streams.check_named(file, stream, streams.facts(container), _kinds(container))
        return container, _only(container, stream, file)
    except BaseException:
        container.close()
        raise


def _identity(file: Path) -> tuple[int, int] | None:
    """Which file has the name now; ``None`` where that does not matter, in a process that may read everything."""
    if inside.confined_to() is None:
        return None
    with contextlib.suppress(OSError):
        found = os.stat(file)
        return found.st_dev, found.st_ino
    return -1, -1


def _check_opened(file: Path, before: tuple[int, int] | None) -> None:
    """FFmpeg opens by name: a link that took the place of the checked file in between is refused."""
    if before is not None and (not inside.allows(file) or _identity(file) != before):
        raise SourceError(f"{file} was replaced while it was opened; open it again.", code="replaced")


def open_chosen(
    path: str | os.PathLike[str], stream: int | None = None
) -> tuple[InputContainer, VideoStream, streams.Choice]:
    """As ``open_video``; says too which of how many video streams was taken."""
    file = check_file(path)
    container = _opened(file)
    try:
        found, seen = streams.facts(container), {}
        if streams.undecided(found, container.format.name):
            seen = streams.count_pictures(container)
            container.close()
            container = _opened(file)
        if stream is not None:
            streams.check_named(file, stream, found, _kinds(container))
        default = streams.best(found, seen)
        if default is None and stream is None:
            kinds = sorted(set(_kinds(container).values()))
            cure = "name a video" if "audio" in kinds else "it is no video, or damaged or cut off: get it again"
            raise SourceError(
                f"{file} has no video stream (it holds {', '.join(kinds) or 'nothing'}); {cure}.",
                code="no_video_stream",
            )
        index = default if stream is None else stream
        assert index is not None
        choice = streams.Choice(index, -1 if default is None else default, found)
        return container, _only(container, index, file), choice
    except BaseException:
        container.close()
        raise


def choose_stream(path: str | os.PathLike[str], stream: int | None = None) -> streams.Choice:
    """Returns which video stream of a file is read, and all that there are. Raises as ``open_video``."""
    container, _, choice = open_chosen(path, stream)
    container.close()
    return choice


def _opened(file: Path) -> InputContainer:
    before = _identity(file)
    pictures.refuse_stills(file)
    options = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
    try:
        # "file:" keeps names such as "concat:a.mp4" from being read as a protocol.
        kind = pictures.demuxer_of(file)
        container = av.open(f"file:{file.absolute()}", format=kind, options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _not_a_video(file, error) from None
    try:
        _check_opened(file, before)
    except BaseException:
        container.close()
        raise
    return container


def _kinds(container: InputContainer) -> dict[int, str]:
    return {stream.index: stream.type for stream in container.streams}


def _only(container: InputContainer, index: int, file: Path) -> VideoStream:
    stream = next(stream for stream in container.streams.video if stream.index == index)
    if stream.codec_context is None:
        raise SourceError(
            f"{file} uses a video codec that this FFmpeg cannot decode (stream {stream.index}); "
            "convert it, for example with ffmpeg -i IN -c:v libx264 OUT.mp4.",
            code="unknown_codec",
        )
    for other in container.streams:
        if other.index != index:
            other.discard = av.stream.Discard.all
    return stream


def _not_a_video(file: Path, error: Exception) -> SourceError:
    """FFmpeg has one kind of error for all of it: its words tell a missing index apart."""
    why = getattr(error, "strerror", None) or str(error)
    with open(file, "rb") as source:
        head = source.read(32)
    if sentence := pictures.not_a_video(file, head):
        return SourceError(sentence, code="is_picture")
    if head.startswith((b"#EXTM3U", b"ffconcat")):
        return SourceError(
            f"{file} is a playlist, not a video; name the video file that it points to.", code="not_a_video"
        )
    if "moov" in why or (file.suffix.lower() in (".mp4", ".mov", ".m4v") and why in ("End of file", INVALID)):
        return SourceError(
            f"{file} cannot be opened: it is no MP4, or its index is missing because the recording or download was "
            "cut off; get the whole file again.",
            code="no_index",
        )
    return SourceError(f"{file} is not a video that can be opened ({why}).", code="not_a_video")
