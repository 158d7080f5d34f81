"""Pictures in, a playable H.264 file out, by the FFmpeg command line.

Not here: what the pictures show, and still images (images.py).
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import FramesieveError, StorageError
from core.video.command import ffmpeg_argv, ffmpeg_error, file_url

KEY_FRAME_DISTANCE = 50
"""At most so many frames between two key frames; x264 adds one at each cut."""


def encode(frames: Iterable[NDArray[np.uint8]], path: Path, rate: Fraction, *, crf: int = 20) -> int:
    """Writes ``frames`` to ``path``, which appears only when it is complete.

    Args:
        frames: RGB pictures, (H, W, 3) uint8, all of the same even size; the first one fixes it.
        path: The ``.mp4`` file; its folder must exist.
        rate: Frames per second.
        crf: x264's quality, 0 (lossless) to 51.

    Returns:
        The number of frames written.

    Raises:
        MissingDependency: FFmpeg is not installed.
        StorageError: the file cannot be written.
        FramesieveError: no frame came, a frame has another size, or FFmpeg refused.
    """
    pictures = iter(frames)
    first = next(pictures, None)
    if first is None:
        raise FramesieveError(f"{path.name} was not written: no frame came.")
    partial = path.with_name(f".{path.name}.partial")
    try:
        with tempfile.TemporaryFile() as errors:
            count = _feed(_argv(first.shape, partial, rate, crf), first, pictures, errors)
        _publish(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _argv(shape: tuple[int, ...], path: Path, rate: Fraction, crf: int) -> list[str]:
    height, width = shape[:2]
    return ffmpeg_argv(
        [
            *("-f", "rawvideo", "-pix_fmt", "rgb24"),
            *("-video_size", f"{width}x{height}", "-framerate", f"{rate.numerator}/{rate.denominator}"),
            *("-i", "pipe:0"),
            *("-vf", "scale=out_color_matrix=bt709:out_range=tv"),
            *("-c:v", "libx264", "-preset", "superfast", "-crf", str(crf), "-pix_fmt", "yuv420p"),
            *("-g", str(KEY_FRAME_DISTANCE)),
            *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
            *("-movflags", "+faststart", "-f", "mp4", "-y", file_url(path)),
        ]
    )


def _feed(argv: list[str], first: NDArray[np.uint8], rest: Iterable[NDArray[np.uint8]], errors: BinaryIO) -> int:
    """Runs ``argv`` with the pictures on standard input; FFmpeg's messages go to the file ``errors``."""
    count = 0
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors) as ffmpeg:
        assert ffmpeg.stdin is not None
        try:
            for picture in _chain(first, rest):
                ffmpeg.stdin.write(np.ascontiguousarray(picture).data)
                count += 1
            ffmpeg.stdin.close()
        except BrokenPipeError:
            _close_broken(ffmpeg.stdin)  # FFmpeg ended first: its exit code and last line say why.
        except BaseException:
            ffmpeg.kill()
            _close_broken(ffmpeg.stdin)
            raise
    if ffmpeg.returncode != 0:
        errors.seek(0)
        raise ffmpeg_error(ffmpeg.returncode, errors.read())
    return count


def _chain(first: NDArray[np.uint8], rest: Iterable[NDArray[np.uint8]]) -> Iterable[NDArray[np.uint8]]:
    yield first
    for picture in rest:
        if picture.shape != first.shape or picture.dtype != np.uint8:
            raise FramesieveError(
                f"a frame of {picture.shape} {picture.dtype} came after one of {first.shape} uint8; "
                "all frames of a video have one size."
            )
        yield picture


def _close_broken(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        pipe.close()


def _publish(partial: Path, path: Path) -> None:
    try:
        partial.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} could not be written: {error.strerror or error}; choose another folder.", code="cannot_write"
        ) from error
