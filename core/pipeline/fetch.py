"""``fetch``: a web address becomes a video file in the downloads folder, a playlist several."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core.errors import FramesieveError, MissingDependency, SettingsError, SourceError, StorageError
from core.settings.fetch import FetchArguments, FetchSettings
from core.step import Notice, Outcome, Step, each
from core.video.web import download as web
from core.video.web.download import FetchProgress, WebEntry, WebVideo
from core.wording import plural

T = TypeVar("T")
Steps = Generator[Step, None, T]
DOWNLOADS = Path("downloads")


@dataclass(frozen=True)
class Fetched(Outcome):
    """What a fetch brought: files, and a sentence for each video of a playlist that did not come."""

    paths: tuple[Path, ...]
    refused: tuple[str, ...] = ()
    failed: int = 0
    """How many videos did not come; ``refused`` may say more, such as that only a part of a playlist was looked at."""

    def to_mapping(self) -> dict[str, Any]:
        """``paths`` and ``refused``."""
        return {"paths": self.lines() if self.paths else [], "refused": list(self.refused)}

    def lines(self) -> list[str]:
        """The files, one a line."""
        return [str(path) for path in self.paths] or ["nothing was downloaded"]

    def shortfall(self) -> FramesieveError | None:
        """Says how many videos of a playlist did not come."""
        if not self.failed:
            return None
        count = plural(self.failed + len(self.paths), "video")
        return SourceError(f"{self.failed} of {count} did not come; the reasons stand above.", failed=self.failed)


def fetch(arguments: FetchArguments) -> Steps[Fetched]:
    """Downloads a video, or with ``playlist`` all videos of a playlist; see ``download``."""
    return (
        yield from download(
            arguments.url,
            arguments.out,
            arguments.settings,
            item=arguments.item,
            playlist=arguments.playlist,
            again=arguments.again,
        )
    )


def download(
    url: str,
    folder: Path = DOWNLOADS,
    settings: FetchSettings | None = None,
    *,
    item: int | None = None,
    playlist: bool = False,
    again: bool = False,
) -> Steps[Fetched]:
    """Downloads a video, or with ``playlist`` all videos of a playlist; see ``video.web.download.fetch``.

    Yields several times a second; closing it stops at once and keeps what was finished. A video of a playlist that the
    site does not give, or that another process downloads, is passed over; a full disk or a missing program ends all.

    Raises:
        SettingsError: a playlist without ``playlist`` or ``item``, or both of these.
        SourceError: no video came.
        RunBusy, StorageError, MissingDependency: as ``video.web.download.fetch``.
    """
    if item is not None and playlist:
        raise SettingsError("both an item and the whole playlist were asked for; choose one.", field="item")
    if item is not None and item < 1:
        raise SettingsError(f"item = {item} is out of range; items are counted from 1.", field="item", value=item)
    if not playlist:
        path = yield from _one(url, folder, settings, item, again)
        return Fetched((path,))
    found = yield from _as_steps(web.inspecting(url, settings))
    if not found.playlist:
        path = yield from _one(url, folder, settings, None, again)
        return Fetched((path,))
    return (yield from _all(url, found, folder, settings, again))


def _one(url: str, folder: Path, settings: FetchSettings | None, item: int | None, again: bool) -> Steps[Path]:
    return (yield from _as_steps(web.fetch(url, folder, settings, item=item, again=again)))


def _all(url: str, found: WebVideo, folder: Path, settings: FetchSettings | None, again: bool) -> Steps[Fetched]:
    paths: list[Path] = []
    refused: list[str] = []
    first: FramesieveError | None = None
    for entry in found.entries:
        where, item = _address(url, entry)
        try:
            one = web.fetch(where, folder, settings, item=item, again=again)
            paths.append((yield from _as_steps(one, entry.item, len(found.entries))))
        except (StorageError, MissingDependency):
            raise
        except FramesieveError as error:
            first = first or error
            refused.append(f"{entry.item}. {error}")
    failed = len(refused)
    if not paths:
        empty = SourceError(f"{url} is an empty playlist; check the address.", code="playlist_empty")
        raise first.reworded(refused[0]) if first is not None else empty
    if found.entries_total is not None and found.entries_total > len(found.entries):
        refused.append(
            f"the playlist has {found.entries_total} videos; only the first {len(found.entries)} were taken."
        )
    said = tuple(Notice("video_refused", text) for text in refused)
    yield Step(PHASES["checking"], unit="bytes", notices=said)
    return Fetched(tuple(paths), tuple(refused), failed)


def _address(url: str, entry: WebEntry) -> tuple[str, int | None]:
    return (entry.url, None) if entry.url else (url, entry.item)


PHASES = {
    "looking": "asking the site",
    "video": "downloading the picture",
    "audio": "downloading the sound",
    "merging": "joining picture and sound",
    "checking": "checking the download",
    "reused": "downloaded before",
}
"""What people read for the phases of ``FetchProgress``."""


def _as_steps(progress: Generator[FetchProgress, None, T], number: int = 1, of: int = 1) -> Steps[T]:
    """The steps of one download; what the site says (a title, what is missing here) is told once."""
    which = f" {number} of {of}" if of > 1 else ""
    said: set[str] = set()

    def step(now: FetchProgress) -> Step:
        both = (Notice("title", now.title or ""), Notice("site", now.note or ""))
        notices = tuple(notice for notice in both if notice.text and notice.text not in said)
        said.update(notice.text for notice in notices)
        phase = f"{PHASES.get(now.phase, now.phase)}{which}"
        return Step(phase, now.done_bytes, now.total_bytes, unit="bytes", notices=notices)

    return (yield from each(progress, step))
