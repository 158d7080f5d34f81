"""What the page keeps of videos that have no run: their ledgers, and copies that browsers play where they need one.

Both lie in ``<folder of runs>/.review`` under the video's fingerprint, so that every copy of a video finds them again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from core.errors import RunError, StorageError
from core.records import FrameLedger, VideoInfo
from core.store import files, ledger
from core.video.probe import Video, fingerprint, probe
from core.video.proxy import make_proxy

HOME = ".review"
HEX = 16


def open_counted(path: Path, downloads: Path) -> Video:
    """Returns a video, counted now or by an earlier call.

    Raises:
        SourceError: one sentence that says what the file is instead of a video.
    """
    place = _place(fingerprint(path), downloads, ".ledger.npz")
    known = _known(place)
    video = probe(path, known)
    if known is None:
        with contextlib.suppress(StorageError):  # it is only faster the next time
            files.make_folder(place.parent)
            ledger.save(place, video.ledger)
    return video


def is_counted(path: Path, downloads: Path) -> bool:
    """Whether ``open_counted`` need not count. Raises ``SourceError`` where there is no such file."""
    return _place(fingerprint(path), downloads, ".ledger.npz").is_file()


def proxy_path(info: VideoInfo, downloads: Path) -> Path:
    """Returns where the proxy of a video lies, or would; pale ones of HDR by older programs have another name."""
    return _place(info.fingerprint, downloads, ".mp4" if info.rendering is None else "_sdr.mp4")


def make(path: Path, downloads: Path) -> Generator[int, None, Path]:
    """Makes the proxy of a video unless it is there; yields how many frames are done and returns the file.

    Raises:
        SourceError: it is no video. StorageError: the proxy cannot be written.
    """
    video = open_counted(path, downloads)
    place = proxy_path(video.info, downloads)
    if not place.is_file():
        files.make_folder(place.parent)
        with closing(make_proxy(video, place)) as done:
            yield from done
    return place


def _known(place: Path) -> FrameLedger | None:
    try:
        return ledger.load(place)
    except RunError:
        return None


def _place(mark: str, downloads: Path, suffix: str) -> Path:
    size, _, digest = mark.partition("-")
    return Path(downloads) / HOME / f"{size}-{digest[:HEX]}{suffix}"
