"""What the page keeps of videos that have no run: their ledgers, and copies that browsers play where they need one.

Both lie in ``<folder of runs>/.review`` under the video's fingerprint, so that every copy of a video finds them again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from core import files
from core.errors import RunError, StorageError
from core.pipeline.counting import kept_to
from core.records import FrameLedger, VideoInfo
from core.store import ledger
from core.video.ledger import RULES, build_by_decoding
from core.video.probe import OpenedVideo, Video, opened
from core.video.proxy import make_proxy

HOME = ".review"
HEX = 16
LEDGER = f".ledger{RULES}.npz"
"""Ledgers that older programs kept here, by other rules of counting, are not looked at."""
DISPROVED = ".disproved.npz"


def open_counted(path: Path, downloads: Path, stream: int | None = None) -> Video:
    """Returns a video, counted now or by an earlier call.

    Args:
        path: the file.
        downloads: where runs lie.
        stream: FFmpeg's index of the video stream; the film if ``None``.

    Raises:
        SourceError: one sentence that says what the file is instead of a video.
    """
    with opened(path, stream) as file:
        place = _ledger_of_opened(file, downloads)
        known, disproved = _known(place), _known(place.with_suffix(DISPROVED))
        if known is None and disproved is not None:
            video = file.video(build_by_decoding(str(path), disproved, file.choice.index))
        else:
            video = file.video(known)
    if known is None:
        _keep(video, downloads)
    return video


def is_counted(path: Path, downloads: Path) -> bool:
    """Whether ``open_counted`` need not count. Raises ``SourceError`` where there is no such file."""
    return _ledger_of(path, downloads).is_file()


def proxy_path(info: VideoInfo, downloads: Path) -> Path:
    """Returns where the proxy of a video lies, or would; of another count, or shown otherwise, it has another name."""
    view = info.view
    count = "" if info.ledger_digest is None else f"-{info.ledger_digest[:8]}"
    shown = ("_m" if "mirrored" in view else "") + ("_sdr" if info.rendering is not None else "")
    return _path_of(info.fingerprint, downloads, f"{count}{_stream_suffix(info)}{shown}.mp4")


def make(path: Path, downloads: Path, stream: int | None = None) -> Generator[int, None, Path]:
    """Makes the proxy of a video unless it is there; yields how many frames are done and returns the file.

    Raises:
        SourceError: it is no video. StorageError: the proxy cannot be written.
    """
    first = open_counted(path, downloads, stream)

    def work(video: Video) -> Generator[int, None, Path]:
        if video is not first:
            _keep(video, downloads)
        place = proxy_path(video.info, downloads)
        if not place.is_file():
            files.make_folder(place.parent)
            with closing(make_proxy(video, place)) as done:
                yield from done
        return place

    return (yield from kept_to(first, work))


def disprove(video: Video, downloads: Path) -> None:
    """Notes that a decoder showed other frames than were counted: the next ``open_counted`` decodes all of them."""
    place = _ledger_for(video.info, downloads)
    files.make_folder(place.parent)
    ledger.save(place.with_suffix(DISPROVED), video.ledger)
    place.unlink(missing_ok=True)


def is_disproved(path: Path, downloads: Path) -> bool:
    """Whether ``open_counted`` will decode all of this video."""
    return _ledger_of(path, downloads).with_suffix(DISPROVED).is_file()


def _keep(video: Video, downloads: Path) -> None:
    """It is only faster the next time."""
    place = _ledger_for(video.info, downloads)
    with contextlib.suppress(StorageError, OSError):
        files.make_folder(place.parent)
        ledger.save(place, video.ledger)
        place.with_suffix(DISPROVED).unlink(missing_ok=True)


def _ledger_of(path: Path, downloads: Path) -> Path:
    with opened(path) as file:
        return _ledger_of_opened(file, downloads)


def _ledger_of_opened(file: OpenedVideo, downloads: Path) -> Path:
    chosen = file.choice
    suffix = "" if chosen.first and not chosen.named else f"_s{chosen.index}"
    return _path_of(file.fingerprint, downloads, f"{suffix}{LEDGER}")


def _ledger_for(info: VideoInfo, downloads: Path) -> Path:
    return _path_of(info.fingerprint, downloads, f"{_stream_suffix(info)}{LEDGER}")


def _stream_suffix(info: VideoInfo) -> str:
    return f"_s{info.stream_index}" if info.named_stream or not info.first_stream else ""


def _known(place: Path) -> FrameLedger | None:
    try:
        return ledger.load(place)
    except RunError:
        return None


def _path_of(fingerprint: str, downloads: Path, suffix: str) -> Path:
    size, _, digest = fingerprint.partition("-")
    return Path(downloads) / HOME / f"{size}-{digest[:HEX]}{suffix}"
