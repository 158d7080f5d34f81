"""Videos from the web: look at an address, download it. The work is done by a child process (fetcher.py).

A child, because a download must end within a moment whatever it waits for (a silent server, FFmpeg, a JavaScript
runtime): closing the generator kills the child with all that it started, and the child kills itself when this process
dies. Nothing of yt-dlp is ever imported here. Not here: names (names.py), sentences (refusal.py), text (source.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import log
from core.child import ChildProcess, command_of, ending, error_of
from core.errors import FramesieveError, MissingDependency, SourceError
from core.settings.fetch import FetchSettings
from core.step import follow
from core.video.command import ffmpeg_path
from core.video.source import Url, classify
from core.video.web.javascript import find_runtimes

HEARTBEAT_S = 0.2
"""The longest time between two yields of ``fetch``: what its owner waits at most before it can close it."""
INSPECT_TIMEOUT_S = 90.0
COMMAND = command_of("core.video.web.fetcher")


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


def inspect_url(
    url: str,
    settings: FetchSettings | None = None,
    *,
    timeout_s: float = INSPECT_TIMEOUT_S,
    stopped: Callable[[], bool] = lambda: False,
) -> WebVideo:
    """Asks a site what is at an address, and waits for the answer; see ``inspecting``.

    Args:
        url: http or https.
        settings: The height for which ``height_px`` and ``size_bytes`` are told.
        timeout_s: Seconds after which it gives up.
        stopped: Asked every ``HEARTBEAT_S`` whether nobody wants the answer any more.

    Raises:
        Stopped: ``stopped`` returned true.
        SourceError, MissingDependency: see ``inspecting``; no answer came in time.
    """
    give_up = time.monotonic() + timeout_s

    def in_time(progress: FetchProgress) -> None:
        if time.monotonic() > give_up:
            sentence = f"{url}: no answer after {timeout_s:g} s; check the network connection and try again."
            raise SourceError(sentence, code="no_answer")

    return follow(inspecting(url, settings), in_time, stopped)


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


def _answer(request: dict[str, Any]) -> Generator[FetchProgress, None, Any]:
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
        raise SourceError(f"{url} is not a web address; only http and https are downloaded.", code="no_address")
    return source.text


def _web_video(values: Mapping[str, Any]) -> WebVideo:
    entries = tuple(WebEntry(**entry) for entry in values["entries"])
    return WebVideo(**{**values, "heights": tuple(values["heights"]), "entries": entries})


def _events(request: dict[str, Any]) -> Generator[dict[str, Any] | None, None, None]:
    """Runs a child and yields what it says; ``None`` whenever it says nothing for ``HEARTBEAT_S``.

    Raises:
        FramesieveError: the one that the child ended with, or a sentence about how it died.
    """
    with ChildProcess(request | {"runtimes": find_runtimes()}, COMMAND, {"YTDLP_NO_PLUGINS": "1"}) as child:
        for event in child.events_or_silence(HEARTBEAT_S):
            if event is None:
                yield None
            elif "error" in event:
                raise error_of(event)
            elif "log" in event:
                log.get().debug("yt-dlp: %s", event["log"])
            else:
                yield event
                if "result" in event:
                    return
        raise _death(child.reap(), child.last_words() or "it left no message")


def _death(code: int, last: str) -> FramesieveError:
    if "No module named" in last:
        sentence = f"the download could not start ({last}); set everything up again with: make setup"
        return MissingDependency(sentence, code="no_ytdlp")
    sentence = f"the download process died ({ending(code)}: {last}); try again."
    return FramesieveError(sentence, code="child_died", exit_code=code)
