"""The fetch verb: a web address becomes a video file in the downloads folder, a playlist several."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.config import FetchSettings
from core.errors import FramesieveError, MissingDependency, SettingsError, SourceError, StorageError
from core.video import download
from core.video.download import FetchProgress, WebEntry, WebVideo

T = TypeVar("T")
DOWNLOADS = Path("downloads")


@dataclass(frozen=True)
class FetchStep:
    """How far a fetch is: the progress of one video, and which of how many it is (1 of 1 without a playlist)."""

    progress: FetchProgress
    number: int = 1
    of: int = 1

    def line(self) -> str:
        """Returns ``"2/7 video 12.3/45.6 MB (27 %), 3.4 MB/s"``."""
        return f"{self.number}/{self.of} {self.progress.line()}" if self.of > 1 else self.progress.line()


@dataclass(frozen=True)
class Fetched:
    """What a fetch brought: files, and a sentence for each video of a playlist that did not come."""

    paths: tuple[Path, ...]
    refused: tuple[str, ...] = ()
    failed: int = 0
    """How many videos did not come; ``refused`` may say more, such as that only a part of a playlist was looked at."""


def fetch(
    url: str,
    folder: Path = DOWNLOADS,
    settings: FetchSettings | None = None,
    *,
    item: int | None = None,
    playlist: bool = False,
    again: bool = False,
) -> Generator[FetchStep, None, Fetched]:
    """Downloads a video, or with ``playlist`` all videos of a playlist; see ``video.download.fetch``.

    Yields several times a second; closing it stops at once and keeps what was finished. A video of a playlist that the
    site does not give, or that another process downloads, is passed over; a full disk or a missing program ends all.

    Raises:
        SettingsError: a playlist without ``playlist`` or ``item``, or both of these.
        SourceError: no video came.
        RunBusy, StorageError, MissingDependency: as ``video.download.fetch``.
    """
    if item is not None and playlist:
        raise SettingsError("both an item and the whole playlist were asked for; choose one.")
    if item is not None and item < 1:
        raise SettingsError(f"item = {item} is out of range; items are counted from 1.")
    if not playlist:
        path = yield from _one(url, folder, settings, item, again)
        return Fetched((path,))
    with closing(download.inspecting(url, settings)) as looking:
        found = yield from _as_steps(looking)
    if not found.playlist:
        path = yield from _one(url, folder, settings, None, again)
        return Fetched((path,))
    return (yield from _all(url, found, folder, settings, again))


def _one(
    url: str, folder: Path, settings: FetchSettings | None, item: int | None, again: bool
) -> Generator[FetchStep, None, Path]:
    with closing(download.fetch(url, folder, settings, item=item, again=again)) as steps:
        return (yield from _as_steps(steps))


def _all(
    url: str, found: WebVideo, folder: Path, settings: FetchSettings | None, again: bool
) -> Generator[FetchStep, None, Fetched]:
    paths: list[Path] = []
    refused: list[str] = []
    for entry in found.entries:
        where, item = _address(url, entry)
        try:
            with closing(download.fetch(where, folder, settings, item=item, again=again)) as steps:
                paths.append((yield from _as_steps(steps, entry.item, len(found.entries))))
        except (StorageError, MissingDependency):
            raise
        except FramesieveError as error:
            refused.append(f"{entry.item}. {error}")
    failed = len(refused)
    if not paths:
        raise SourceError(refused[0] if refused else f"{url} is an empty playlist; check the address.")
    if found.entries_total is not None and found.entries_total > len(found.entries):
        refused.append(
            f"the playlist has {found.entries_total} videos; only the first {len(found.entries)} were taken."
        )
    return Fetched(tuple(paths), tuple(refused), failed)


def _address(url: str, entry: WebEntry) -> tuple[str, int | None]:
    return (entry.url, None) if entry.url else (url, entry.item)


def _as_steps(steps: Generator[FetchProgress, None, T], number: int = 1, of: int = 1) -> Generator[FetchStep, None, T]:
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            value: T = end.value
            return value
        yield FetchStep(progress, number, of)
