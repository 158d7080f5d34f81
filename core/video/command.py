"""Starts the FFmpeg command line: argv lists only, never a shell; one sentence when it fails or is missing.

Not here: decoding for analysis (that is PyAV, in stream.py and seek.py) and what is encoded (encode.py).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import FramesieveError, MissingDependency, StorageError

SAFE_OPTIONS = ("-nostdin", "-hide_banner", "-v", "error")
"""Global options of every call: never wait for a keyboard, print nothing but errors."""

SAFE_INPUT = ("-protocol_whitelist", "file,pipe")
"""Options of every input: a playlist or a crafted file cannot make FFmpeg open anything on the network."""

INSTALL_LINES = {
    "linux": "install it with: sudo apt-get install ffmpeg (or your distribution's own command)",
    "darwin": "install it with: brew install ffmpeg",
    "win32": "install it with: winget install Gyan.FFmpeg, then open a new terminal",
}
DISK_MESSAGES = ("No space left on device", "Read-only file system", "Disk quota exceeded")


def ffmpeg_path() -> str:
    """Returns the FFmpeg program: the one on PATH, else the binary inside the package imageio-ffmpeg.

    Raises:
        MissingDependency: neither is there; the sentence says how to install it on this system.
    """
    found = shutil.which("ffmpeg") or _bundled_ffmpeg()
    if found is None:
        raise MissingDependency(
            f"FFmpeg was not found on PATH nor in imageio-ffmpeg; {install_line()}.", code="no_ffmpeg"
        )
    return found


def ffprobe_path() -> str | None:
    """Returns the ffprobe program on PATH, or ``None``: imageio-ffmpeg brings none, and no verb depends on it."""
    return shutil.which("ffprobe")


def install_line(platform: str = sys.platform) -> str:
    """Returns how FFmpeg is installed on ``platform`` (a value of ``sys.platform``)."""
    return INSTALL_LINES.get(platform, INSTALL_LINES["linux"])


def file_url(path: Path | str) -> str:
    """Returns ``path`` as FFmpeg must be given it, so that ``-y.mp4`` or ``concat:a.mp4`` stays the name of a file."""
    return f"file:{path}"


def ffmpeg_argv(args: Sequence[str]) -> list[str]:
    """Returns the whole command line: program, ``SAFE_OPTIONS``, ``args`` with ``SAFE_INPUT`` before each ``-i``."""
    safe: list[str] = []
    for arg in args:
        safe += (*SAFE_INPUT, arg) if arg == "-i" else (arg,)
    return [ffmpeg_path(), *SAFE_OPTIONS, *safe]


def run_ffmpeg(args: Sequence[str], *, stdin: bytes | None = None, timeout_s: float | None = None) -> bytes:
    """Runs FFmpeg to its end and returns what it wrote to standard output.

    Args:
        args: Its arguments without the program, e.g. ``["-i", file_url(video), "-f", "null", "-"]``.
        stdin: Bytes for an input named ``pipe:0``; without them standard input is empty.
        timeout_s: Seconds after which the process is killed; ``None`` = no limit.

    Raises:
        MissingDependency: FFmpeg is not installed.
        StorageError: the disk is full or cannot be written.
        FramesieveError: FFmpeg refused or ran out of time; the sentence ends with its own last line.
    """
    argv = ffmpeg_argv(args)
    # Empty bytes, not DEVNULL: both end the input at once, and `input` closes the pipe on every system.
    try:
        done = subprocess.run(argv, input=stdin or b"", capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise FramesieveError(
            f"FFmpeg was stopped: it had not finished after {timeout_s:g} s.", code="ffmpeg_timeout"
        ) from None
    except OSError as error:
        raise MissingDependency(
            f"FFmpeg ({argv[0]}) could not be started: {error}; {install_line()}.", code="no_ffmpeg"
        ) from error
    if done.returncode != 0:
        raise ffmpeg_error(done.returncode, done.stderr)
    return done.stdout


def ffmpeg_error(exit_code: int, stderr: bytes) -> FramesieveError:
    """Returns the error that fits what a failed FFmpeg left on standard error."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    last = lines[-1].rstrip(".") if lines else "it gave no reason"
    if any(message in line for line in lines for message in DISK_MESSAGES):
        return StorageError(
            f"FFmpeg could not write: {last}; free some space or choose another folder.", code="cannot_write"
        )
    return FramesieveError(f"FFmpeg failed (exit code {exit_code}): {last}.", code="ffmpeg", exit_code=exit_code)


def ffmpeg_version() -> str:
    """Returns the version of the command line, e.g. ``"5.1.6-0+deb12u1"``."""
    words = run_ffmpeg(["-version"], timeout_s=30).decode("utf-8", "replace").split()
    return words[2] if words[:2] == ["ffmpeg", "version"] else "unknown"


def library_versions() -> dict[str, str]:
    """Returns the versions of the FFmpeg libraries that PyAV decodes with, e.g. ``{"libavcodec": "62.11.100"}``."""
    import av

    return {name: ".".join(map(str, version)) for name, version in sorted(av.library_versions.items())}


def _bundled_ffmpeg() -> str | None:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError):
        return None
