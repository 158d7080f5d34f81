"""Videos from the web: look at an address, download it. The work is done by a child process (fetcher.py).

A child, because a download must end within a moment whatever it waits for (a silent server, FFmpeg, a JavaScript
runtime): closing the generator kills the child with all that it started, and the child kills itself when this process
dies. Nothing of yt-dlp is ever imported here. Not here: names (names.py), sentences (refusal.py), text (source.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core import errors, log
from core.config import FetchSettings
from core.errors import FramesieveError, MissingDependency, SourceError
from core.video.command import ffmpeg_path
from core.video.javascript import find_runtimes
from core.video.source import Url, classify

HEARTBEAT_S = 0.2
"""The longest time between two yields of ``fetch``: what its owner waits at most before it can close it."""
INSPECT_TIMEOUT_S = 90.0
PACKAGES = Path(__file__).parents[2]
"""The folder in which the package ``core`` lies; the child imports it from there and from nowhere else."""


@dataclass(frozen=True)
class WebEntry:
    """One video of a playlist."""

    item: int
    """Its place, counted from 1: what ``fetch`` takes."""
    title: str
    url: str | None
    """An address of its own; ``None`` for one that only the playlist names."""
    duration_s: float | None


@dataclass(frozen=True)
class WebVideo:
    """What a site says about an address, before anything is downloaded. Unknown is ``None`` or empty."""

    url: str
    site: str
    id: str
    title: str
    """As the site gives it: any characters, not safe for pages or file names."""
    uploader: str | None
    duration_s: float | None
    live: str | None
    """``live`` (going on), ``upcoming`` or ``processing`` (just over); ``None``: an ordinary video."""
    heights: tuple[int, ...]
    """Short sides on offer, px, ascending."""
    height_px: int | None
    """The short side that would be downloaded."""
    size_bytes: int | None
    """About what would be downloaded."""
    playlist: bool
    entries: tuple[WebEntry, ...]
    """Of a playlist: at most the first 200."""
    entries_total: int | None
    """Of a playlist: how many the site says it has."""
    note: str | None
    """One sentence on what is missing on this machine for this site, such as a JavaScript runtime."""


@dataclass(frozen=True)
class FetchProgress:
    """How far a download is. Bytes count for the phase, not for the whole: sound comes after the picture."""

    phase: str
    """``looking``, ``video``, ``audio``, ``merging``, ``checking`` or ``reused`` (was there already)."""
    done_bytes: int = 0
    total_bytes: int | None = None
    bytes_per_s: float | None = None
    title: str | None = None
    note: str | None = None
    """See ``WebVideo.note``."""

    def line(self) -> str:
        """Returns ``"video 12.3/45.6 MB (27 %), 3.4 MB/s"``."""
        if not self.done_bytes:
            return self.phase
        total = "" if not self.total_bytes else f"/{self.total_bytes / 1e6:.1f}"
        share = "" if not self.total_bytes else f" ({min(100, 100 * self.done_bytes // self.total_bytes)} %)"
        speed = "" if not self.bytes_per_s else f", {self.bytes_per_s / 1e6:.1f} MB/s"
        return f"{self.phase} {self.done_bytes / 1e6:.1f}{total} MB{share}{speed}"


def inspect_url(url: str, settings: FetchSettings | None = None, *, timeout_s: float = INSPECT_TIMEOUT_S) -> WebVideo:
    """Asks a site what is at an address, and waits for the answer; see ``inspecting``.

    Args:
        url: http or https.
        settings: The height for which ``height_px`` and ``size_bytes`` are told.
        timeout_s: Seconds after which it gives up.
    """
    give_up = time.monotonic() + timeout_s
    with closing(inspecting(url, settings)) as steps:
        while True:
            try:
                next(steps)
            except StopIteration as end:
                found: WebVideo = end.value
                return found
            if time.monotonic() > give_up:
                raise SourceError(
                    f"{url}: no answer after {timeout_s:g} s; check the network connection and try again."
                )


def inspecting(url: str, settings: FetchSettings | None = None) -> Generator[FetchProgress, None, WebVideo]:
    """Asks a site what is at an address. Downloads nothing and writes nothing. Closing it ends the question.

    Yields at least every ``HEARTBEAT_S``.

    Raises:
        SourceError: no such video, or the site does not give it; the sentence says why and what to do.
        MissingDependency: yt-dlp is not installed.
    """
    request = {"verb": "inspect", "url": _checked(url), "height_px": (settings or FetchSettings()).height_px}
    return _web_video((yield from _answer(request)))


def fetch(
    url: str,
    folder: str | Path,
    settings: FetchSettings | None = None,
    *,
    item: int | None = None,
    again: bool = False,
) -> Generator[FetchProgress, None, Path]:
    """Downloads one video and returns its path: ``<folder>/<safe title> [<id>].mp4``, whole and openable.

    Yields at least every ``HEARTBEAT_S``. Closing the generator ends everything at once; what was downloaded stays in a
    hidden folder ``.<id>.part`` and the next call goes on from there. A video that is in the folder already is returned
    without asking the network, unless ``again``.

    Args:
        url: http or https; a page, a video or a playlist.
        folder: Where it goes; made if absent. Nothing is written anywhere else.
        settings: The tallest video that is wanted; if there is none so low, the lowest comes.
        item: Which video of a playlist, counted from 1.
        again: Download a video that is there already, in its place.

    Raises:
        SettingsError: the address is a playlist and no ``item`` was named, or has no such item.
        SourceError: see ``inspect_url``; also a live broadcast, and a file that is no video.
        RunBusy: another process downloads the same video.
        StorageError: the disk is full or the folder cannot be written.
        MissingDependency: yt-dlp or FFmpeg is not installed.
    """
    settings = settings or FetchSettings()
    request = {
        "verb": "fetch",
        "url": _checked(url),
        "folder": str(Path(folder).absolute()),
        "max_height": settings.max_height,
        "height_px": settings.height_px,
        "item": item,
        "again": again,
        "ffmpeg": ffmpeg_path(),
    }
    return Path((yield from _answer(request)))


def _answer(request: Mapping[str, Any]) -> Generator[FetchProgress, None, Any]:
    """Shows how far a child is, and returns its result."""
    shown = FetchProgress("looking")
    yield shown
    with closing(_events(request)) as events:
        for event in events:
            if event is not None and "result" in event:
                return event["result"]
            if event is not None:
                shown = FetchProgress(**event)
            yield shown
    raise AssertionError("a child ends with a result or an error")


def _checked(url: str) -> str:
    source = classify(url)
    if not isinstance(source, Url):
        raise SourceError(f"{url} is not a web address; only http and https are downloaded.")
    return source.text


def _web_video(values: Mapping[str, Any]) -> WebVideo:
    entries = tuple(WebEntry(**entry) for entry in values["entries"])
    return WebVideo(**{**values, "heights": tuple(values["heights"]), "entries": entries})


def _events(request: Mapping[str, Any]) -> Generator[dict[str, Any] | None, None, None]:
    """Runs a child and yields what it says; ``None`` whenever it says nothing for ``HEARTBEAT_S``.

    Raises:
        FramesieveError: the one that the child ended with, or a sentence about how it died.
    """
    with tempfile.TemporaryFile() as stderr, contextlib.closing(_Child(request, stderr)) as child:
        while (event := child.next()) is not child.ENDED:
            if isinstance(event, dict) and "error" in event:
                kind = getattr(errors, event["error"], FramesieveError)
                raise kind(event["text"])
            if isinstance(event, dict) and "log" in event:
                log.get().debug("yt-dlp: %s", event["log"])
                continue
            yield event
            if isinstance(event, dict) and "result" in event:
                return
        raise _death(child.wait(), stderr)


class _Child:
    """The process that works with yt-dlp: a session of its own, so that killing it takes all that it started along."""

    ENDED: dict[str, Any] = {}  # noqa: RUF012  compared by identity, never filled

    def __init__(self, request: Mapping[str, Any], stderr: IO[bytes]) -> None:
        paths = [str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
        surroundings = {"PYTHONPATH": os.pathsep.join(paths), "YTDLP_NO_PLUGINS": "1", "PYTHONIOENCODING": "utf-8"}
        self._process = subprocess.Popen(
            # -P: the folder in which the program was started is no place to import from.
            [sys.executable, "-P", "-m", "core.video.fetcher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=os.environ | surroundings,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="yt-dlp reader", daemon=True)
        self._reader.start()
        with contextlib.suppress(OSError):
            # It stays open: the child ends when it is closed, also by the death of this process.
            self._stdin.write(json.dumps({**request, "runtimes": find_runtimes()}).encode() + b"\n")
            self._stdin.flush()

    def next(self) -> dict[str, Any] | None:
        """Returns what the child said next, ``None`` after a silent ``HEARTBEAT_S``, ``ENDED`` at the end."""
        try:
            return self._said.get(timeout=HEARTBEAT_S)
        except queue.Empty:
            return None

    def wait(self) -> int:
        """Returns the exit code of a child that has closed its output."""
        return self._process.wait()

    def close(self) -> None:
        """Kills the child and what it started, and reaps it. A child that is done has nothing left to kill."""
        if self._process.poll() is None:
            _kill_tree(self._process)
        self._process.wait()
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._reader.join()
        self._stdout.close()

    def _read(self) -> None:
        for line in self._stdout:
            self._said.put(json.loads(line))
        self._said.put(self.ENDED)


def _kill_tree(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _death(exit_code: int, stderr: IO[bytes]) -> FramesieveError:
    stderr.seek(0)
    lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
    log.get().debug("the download process ended with %s: %s", exit_code, "\n".join(lines))
    last = lines[-1] if lines else "it left no message"
    if "No module named" in last:
        return MissingDependency(f"the download could not start ({last}); set everything up again with: make setup")
    return FramesieveError(f"the download process died (exit code {exit_code}: {last}); try again.")
