"""A film of chosen frames, each shown for as long as in its source: H.264 in .mp4, or with transparency.

With transparency: ProRes 4444 in .mov, VP9 in .webm. Not here: what the pictures show, films of pictures that have no
times (``encode``) and of whole videos (``proxy``).
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import FramesieveError, MissingDependency, StorageError
from core.records import FrameLedger
from core.video.frame import BT709, LIMITED_RANGE
from core.video.proxy import CLOCK, proxy_pts


class Kind(NamedTuple):
    """How one kind of film is written."""

    encoder: str
    suffix: str
    container: str
    pixels: str
    options: dict[str, str]
    even: bool
    """Whether both sides of its pictures are even."""


VP9 = {"crf": "24", "b": "0", "row-mt": "1", "auto-alt-ref": "0", "deadline": "good", "cpu-used": "5"}
"""With transparency there are no frames out of order (auto-alt-ref); at cpu-used 5 it is several times faster."""
H264 = {"preset": "superfast", "crf": "20", "g": "50"}
KINDS = {
    "mp4": Kind("libx264", ".mp4", "mp4", "yuv420p", H264, True),
    "prores": Kind("prores_ks", ".mov", "mov", "yuva444p10le", {"profile": "4444", "alpha_bits": "16"}, False),
    "vp9": Kind("libvpx-vp9", ".webm", "webm", "yuva420p", VP9, True),
}
USUAL_STEP = 3600
"""Units of ``CLOCK`` for which a frame is shown whose source has one frame only: 1/25 s."""

Timed = tuple[int, NDArray[np.uint8]]
"""When a picture is shown, in units of ``CLOCK``, and (H, W, 3) uint8 RGB or (H, W, 4) RGBA."""


def can_write(kind: str) -> bool:
    """Whether the encoder of a kind is in FFmpeg's libraries here."""
    import av

    try:
        av.codec.Codec(KINDS[kind].encoder, "w")
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def times(ledger: FrameLedger, ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns (N,) int64: when each of some frames is shown where only those are, one after another.

    The first at 0, each for as long as in its source; in units of ``CLOCK``.

    Args:
        ledger: of the source.
        ordinals: (N,) ascending.
    """
    steps = np.diff(proxy_pts(ledger))
    lasts = np.append(steps, int(np.median(steps)) if len(steps) else USUAL_STEP)
    found = np.zeros(len(ordinals), np.int64)
    np.cumsum(lasts[ordinals[:-1]], out=found[1:])
    return found


def even_times(count: int, rate: Fraction) -> NDArray[np.int64]:
    """Returns (count,) int64: times of pictures that have none, at ``rate`` frames per second, as ``times``."""
    return np.array([round(i / rate / CLOCK) for i in range(count)], np.int64)


def write_film(frames: Iterable[Timed], path: Path, kind: str) -> int:
    """Writes a film that appears only when it is complete; returns the number of frames.

    Args:
        frames: times that ascend, pictures of one size; RGBA where the kind has transparency. Where a kind wants even
            sides, odd ones lose their last row or column.
        path: its folder exists.
        kind: of ``KINDS``.

    Raises:
        MissingDependency: FFmpeg's libraries have no such encoder. StorageError: it cannot be written.
        FramesieveError: no frame came.
    """
    how = KINDS[kind]
    if not can_write(kind):
        raise MissingDependency(
            f"a {how.suffix} film needs the encoder {how.encoder}, which FFmpeg's libraries do not have here; "
            "choose another kind, or export frames.",
            code="no_encoder",
            encoder=how.encoder,
        )
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with _storage_errors(path):
            count = _encoded(frames, partial, how)
        if not count:
            raise FramesieveError(f"{path.name} was not written: no frame came.")
        with _storage_errors(path):
            partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return count


def _encoded(frames: Iterable[Timed], path: Path, how: Kind) -> int:
    import av
    from av.video.frame import VideoFrame

    count, stream = 0, None
    options = {"movflags": "+faststart"} if how.container == "mp4" else {}
    with av.open(f"file:{path.absolute()}", "w", format=how.container, options=options) as output:
        for shown_at, picture in frames:
            shown = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2] if how.even else picture
            if stream is None:
                stream = _stream(output, how, shown.shape[1], shown.shape[0])
            layout = "rgba" if shown.shape[2] == 4 else "rgb24"
            whole = VideoFrame.from_ndarray(np.ascontiguousarray(shown), format=layout)
            frame = whole.reformat(format=how.pixels, dst_colorspace="ITU709")
            frame.pts, frame.time_base = int(shown_at), CLOCK
            output.mux(stream.encode(frame))
            count += 1
        if stream is not None:
            output.mux(stream.encode(None))
    return count


def _stream(output: Any, how: Kind, width: int, height: int) -> Any:
    stream = output.add_stream(how.encoder, rate=Fraction(25), options=dict(how.options))
    stream.width, stream.height, stream.pix_fmt = width, height, how.pixels
    context = stream.codec_context
    stream.time_base = context.time_base = CLOCK
    context.thread_type = "AUTO"
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = LIMITED_RANGE
    return stream


@contextlib.contextmanager
def _storage_errors(path: Path) -> Any:
    try:
        yield
    except OSError as error:  # FFmpeg's own errors of the disk are such too
        reason = getattr(error, "strerror", None) or error
        raise StorageError(
            f"{path} could not be written ({reason}); free some space or choose another folder.", code="cannot_write"
        ) from error
