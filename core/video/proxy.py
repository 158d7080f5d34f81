"""A copy that any browser plays: H.264, at most 720 lines, frame k = frame k of the source, at the same time.

Here too: which videos need one. Not here: where proxies are kept (``pipeline/proxies.py``).
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from core.errors import FramesieveError, StorageError
from core.records import FrameLedger
from core.video.container import open_video
from core.video.frame import BT709, LIMITED_RANGE, Frame
from core.video.orientation import BITSTREAM, CONTAINER, NEAREST
from core.video.orientation import of as orientation_of
from core.video.packets import demux
from core.video.probe import Video
from core.video.stream import FrameStream

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

HEIGHT = 720
"""Most lines of a proxy; what is saved comes from the source."""
CLOCK = Fraction(1, 90_000)
"""Time base of a proxy: the least common one of usual rates."""
ENCODER = {"preset": "ultrafast", "crf": "23", "g": "30", "bf": "0"}
"""Made for stepping: no B-frames, a key frame at least every 30 frames."""
PLAYED = {"h264": ("yuv420p", "yuvj420p"), "vp8": ("yuv420p",), "vp9": ("yuv420p",), "av1": ("yuv420p",)}
"""Codec -> pixel formats that browsers play; HEVC, 10 bit and the rest depend on system and licence."""
DECODERS = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9"}
"""Names of FFmpeg's decoders that are not the codec's."""
CONTAINERS = ("mov", "matroska")
"""Demuxers (first name) of files that browsers open: MP4, MOV, WebM, Matroska."""
ORIENTATIONS = {
    BITSTREAM: "pictures whose orientation only the bitstream states",
    NEAREST: "a display matrix that is none of the eight orientations",
}
"""What Chromium shows as it is stored; it turns and mirrors by the eight matrices of a container (measured, 156)."""
LOOKED_AT = 4
"""Groups of pictures that tell how a video was encoded."""
TOLD_EVERY = 8
STALE_S = 600.0


def needs_proxy(video: Video) -> str | None:
    """Returns why browsers cannot be trusted to show each frame of this video, e.g. ``"hevc"``; ``None`` if it can."""
    info, ledger = video.info, video.ledger
    if info.container.split(",")[0] not in CONTAINERS:
        return f"{info.container.split(',')[0]} files"
    codec = DECODERS.get(info.codec, info.codec)
    if codec not in PLAYED:
        return codec
    if info.pixel_format not in PLAYED[codec]:
        return f"{codec} with {info.bit_depth} bit, {info.pixel_format}"
    if info.rendering is not None:
        return f"{info.rendering.partition(' (')[0]} videos in the colours that are saved and"
    if info.video_streams > 1:
        return "files with several video streams"
    if info.orientation_source != CONTAINER and not orientation_of(info).upright:
        return ORIENTATIONS[info.orientation_source]
    if ledger.clock != "pts":
        return "files with missing, repeated or wrong time stamps"
    return "open groups of pictures" if codec == "h264" and _has_open_groups(video) else None


def _has_open_groups(video: Video) -> bool:
    """Whether pictures lean on the group before their key frame: after a jump there Chromium's decoder fails.

    Told by the first groups: packets that follow a key frame in the file and are shown before it.
    """
    container, stream = open_video(video.path, video.info.stream_index)
    with closing(container):
        key, groups = None, 0
        for read, packet in enumerate(demux(container, stream)):
            if packet.pts is None or groups > LOOKED_AT or read > LOOKED_AT * 300:
                break
            if packet.is_keyframe:
                key, groups = packet.pts, groups + 1
            elif groups > 1 and key is not None and packet.pts < key:
                return True
    return False


def proxy_pts(ledger: FrameLedger) -> NDArray[np.int64]:
    """Returns (F,) int64: when each frame of the proxy is shown, in units of ``CLOCK``; the first one at 0.

    That is its time, or ``FrameLedger.played_s`` where frames share one.
    """
    if np.any(np.diff(ledger.pts) == 0):
        played = ledger.played_s()
        return np.asarray(np.rint((played - played[0]) / float(CLOCK)), np.int64)
    scale = ledger.time_base / CLOCK
    since = [int(pts) for pts in ledger.pts - ledger.pts[0]]
    exact = np.array([round(pts * scale) for pts in since], np.int64)
    # Frames closer to each other than the clock can tell keep their order.
    steps = np.arange(len(exact), dtype=np.int64)
    return np.asarray(np.maximum.accumulate(exact - steps) + steps, np.int64)


Paint = Callable[[int, "VideoFrame"], None]
"""Draws on the picture of an ordinal (yuv420p, its planes can be written) before it is encoded."""


def make_proxy(
    video: Video,
    path: Path,
    *,
    size: tuple[int, int] | None = None,
    encoder: Mapping[str, str] = ENCODER,
    paint: Paint | None = None,
) -> Generator[int, None, None]:
    """Writes the proxy of ``video`` to ``path`` and yields how many frames are done; closing it leaves nothing behind.

    Args:
        video: from ``probe``.
        path: the ``.mp4``; its folder exists.
        size: even width and height; at most ``HEIGHT`` lines unless given.
        encoder: options of x264.
        paint: draws on each picture.

    A frame that cannot be decoded is shown as the one before it (grey at the start), so that no number shifts.

    Raises:
        StorageError: the file cannot be written. SourceError, LedgerMismatch: as ``FrameStream``.
    """
    remove_left(path, older_than_s=STALE_S)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        yield from _encoded(video, partial, size or _size(video), encoder, paint)
        video.check_unchanged()
        _check(video.ledger, partial)
        with _storage_errors(path):
            partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _encoded(
    video: Video, path: Path, size: tuple[int, int], encoder: Mapping[str, str], paint: Paint | None
) -> Generator[int, None, None]:
    times = proxy_pts(video.ledger)
    with _storage_errors(path):
        output = av.open(f"file:{path.absolute()}", "w", format="mp4", options={"movflags": "+faststart"})
    with contextlib.ExitStack() as stack:
        stack.callback(_close, output)
        stream = _add_stream(output, video, size, encoder)
        picture = _grey(size)
        with FrameStream(video) as frames:
            for ordinal, frame in enumerate(frames):
                if isinstance(frame, Frame):
                    picture = frame.scaled(*size)
                    if paint is not None:
                        picture.make_writable()  # it may be the decoder's own, from which it makes the next ones
                        paint(ordinal, picture)
                picture.pts, picture.time_base = int(times[ordinal]), CLOCK
                with _storage_errors(path):
                    output.mux(stream.encode(picture))
                if ordinal % TOLD_EVERY == TOLD_EVERY - 1:
                    yield ordinal + 1
        with _storage_errors(path):
            output.mux(stream.encode(None))
            output.close()
        yield len(video.ledger)


def _add_stream(output: Any, video: Video, size: tuple[int, int], encoder: Mapping[str, str]) -> VideoStream:
    rate = video.info.rate or Fraction(25)
    stream: VideoStream = output.add_stream("libx264", rate=rate.limit_denominator(1001), options=dict(encoder))
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = CLOCK
    stream.codec_context.thread_type = "AUTO"
    # Said, because browsers take a picture of few lines that says nothing for BT.601.
    stream.codec_context.color_primaries = stream.codec_context.color_trc = stream.codec_context.colorspace = BT709
    stream.codec_context.color_range = LIMITED_RANGE
    if video.info.sample_aspect_ratio:
        stream.codec_context.sample_aspect_ratio = _aspect(video, size)
    return stream


def _aspect(video: Video, size: tuple[int, int]) -> Fraction:
    """The shape of a pixel of the proxy, so that the picture has the shape of the source's."""
    aspect = video.info.sample_aspect_ratio or Fraction(1)
    if orientation_of(video.info).swaps:
        aspect = 1 / aspect
    shown = Fraction(video.info.width, video.info.height) * aspect
    return (shown / Fraction(size[0], size[1])).limit_denominator(1000)


def _size(video: Video) -> tuple[int, int]:
    """Even width and height, at most ``HEIGHT`` lines."""
    width, height = video.info.width, video.info.height
    scale = min(1.0, HEIGHT / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _grey(size: tuple[int, int]) -> VideoFrame:
    from av.video.frame import VideoFrame

    return VideoFrame.from_ndarray(np.full((size[1] * 3 // 2, size[0]), 128, np.uint8), format="yuv420p")


def _check(ledger: FrameLedger, path: Path) -> None:
    """Reads the times back: a proxy with other frames than its source would show wrong pictures under right numbers."""
    container, stream = open_video(path)
    with closing(container):
        base = stream.time_base or CLOCK
        found = sorted(int(p.pts * base / CLOCK) for p in demux(container, stream) if p.size and p.pts is not None)
    if found != proxy_pts(ledger).tolist():
        raise FramesieveError(f"the proxy has {len(found)} frames, or others, than the {len(ledger)} of its source.")


def _close(output: Any) -> None:
    with contextlib.suppress(av.error.FFmpegError, OSError):
        output.close()


def remove_left(path: Path, *, older_than_s: float) -> None:
    """Removes what killed attempts to write ``path`` left; younger files stay, which somebody else may be writing."""
    for left in path.parent.glob(f".{path.name}.*.partial") if path.parent.is_dir() else ():
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime >= older_than_s:
                left.unlink()


@contextlib.contextmanager
def _storage_errors(path: Path) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:  # FFmpeg's own errors of the disk are such too
        reason = getattr(error, "strerror", None) or error
        raise StorageError(
            f"{path.parent} cannot be written ({reason}); free some space or make it writable, then try again.",
            code="cannot_write",
        ) from error
