"""A film with transparency: ProRes 4444 in .mov, or VP9 in .webm, at the times of the source's frames.

Not here: what is transparent, and films without (``encode``).
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

from core.errors import MissingDependency, StorageError


class Kind(NamedTuple):
    """How one kind of film is written."""

    encoder: str
    suffix: str
    container: str
    pixels: str
    options: dict[str, str]


VP9 = {"crf": "24", "b": "0", "row-mt": "1", "auto-alt-ref": "0", "deadline": "good", "cpu-used": "5"}
"""With transparency there are no frames out of order (auto-alt-ref); at cpu-used 5 it is several times faster."""
KINDS = {
    "prores": Kind("prores_ks", ".mov", "mov", "yuva444p10le", {"profile": "4444", "alpha_bits": "16"}),
    "vp9": Kind("libvpx-vp9", ".webm", "webm", "yuva420p", VP9),
}


def can_write(kind: str) -> bool:
    """Whether the encoder of a kind is in FFmpeg's libraries here."""
    import av

    try:
        av.codec.Codec(KINDS[kind].encoder, "w")
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def write_film(frames: Iterable[NDArray[np.uint8]], path: Path, rate: Fraction, kind: str) -> int:
    """Writes a film that appears only when it is complete; returns the number of frames.

    Args:
        frames: (H, W, 4) uint8 RGBA, all of one size; of VP9 odd sizes lose their last row or column.
        path: its folder exists.
        rate: frames per second.
        kind: of ``KINDS``.

    Raises:
        MissingDependency: FFmpeg's libraries have no such encoder. StorageError: it cannot be written.
    """
    import av
    from av.video.frame import VideoFrame

    how = KINDS[kind]
    if not can_write(kind):
        raise MissingDependency(
            f"a film with transparency needs the encoder {how.encoder}, which FFmpeg's libraries do not have here; "
            "choose the other kind, or export frames with transparency.",
            code="no_encoder",
            encoder=how.encoder,
        )
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    count = 0
    try:
        with _storage_errors(path), av.open(f"file:{partial.absolute()}", "w", format=how.container) as output:
            stream: Any = None
            for rgba in frames:
                even = rgba[: rgba.shape[0] // 2 * 2, : rgba.shape[1] // 2 * 2] if kind == "vp9" else rgba
                if stream is None:
                    stream = output.add_stream(how.encoder, rate=rate, options=dict(how.options))
                    stream.width, stream.height, stream.pix_fmt = even.shape[1], even.shape[0], how.pixels
                frame = VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgba")
                frame.pts, frame.time_base = count, 1 / rate
                output.mux(stream.encode(frame.reformat(format=how.pixels)))
                count += 1
            if stream is not None:
                output.mux(stream.encode(None))
        with _storage_errors(path):
            partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return count


@contextlib.contextmanager
def _storage_errors(path: Path) -> Any:
    try:
        yield
    except OSError as error:  # FFmpeg's own errors of the disk are such too
        reason = getattr(error, "strerror", None) or error
        raise StorageError(
            f"{path} could not be written ({reason}); free some space or choose another folder.", code="cannot_write"
        ) from error
