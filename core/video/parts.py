"""The hidden folder in which a download grows, until a whole and checked video leaves it under its final name."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import RunBusy, SourceError, StorageError
from core.video import facts, names
from core.video.facts import Info, Say
from core.video.probe import probe

SPARE_BYTES = 200_000_000
"""Room that a download leaves on the disk."""
TEXT_BYTES = 4096
"""How much of a file is looked at to tell text from a video; every container has a zero byte in there."""
KEEP_PARTS_S = 3 * 86_400.0
"""A download that was broken off longer ago begins anew: what lies at the address may be another by now."""


def part_folder(folder: Path, tag: str, max_height: str) -> Path:
    """Returns the hidden folder for a download; the same for every attempt at the same video and height."""
    return folder / f".{tag}-{max_height}.part"


@contextlib.contextmanager
def locked(work: Path, url: str) -> Iterator[None]:
    """Makes the folder of a download that grows, and holds it against other processes."""
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lock", "wb") as lock:
        try:
            _lock(lock.fileno())
        except OSError:
            raise RunBusy(f"{url} is being downloaded by another process; wait for it, or stop it first.") from None
        yield


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def discarded_if_no_video(work: Path) -> Iterator[None]:
    """Removes the folder when what came turns out to be no video, so that nobody goes on with it."""
    try:
        yield
    except SourceError:
        _remove(work)
        raise


def forget_other_parts(work: Path, info: Info) -> None:
    """Removes what an earlier attempt left, unless it is of the same formats and sizes and not too old."""
    parts = info.get("requested_formats") or [info]
    wanted = [[str(part.get("format_id")), part.get("filesize")] for part in parts]
    note = work / "parts.json"
    try:
        same = json.loads(note.read_text()) == wanted and time.time() - note.stat().st_mtime < KEEP_PARTS_S
    except (OSError, ValueError):
        same = False
    if not same:
        for left in work.iterdir():
            if left.name != "lock":
                left.unlink()
        note.write_text(json.dumps(wanted))


def check_room(folder: Path, info: Info) -> None:
    """Refuses a download that cannot fit; picture and sound lie there twice while they are joined."""
    needed = facts.size(info) or 0
    refuse_over(folder, 2 * needed if info.get("requested_formats") else needed)


def refuse_over(folder: Path, needed: int) -> None:
    """Refuses to write ``needed`` more bytes where they do not fit.

    Raises:
        StorageError: with both numbers.
    """
    free = shutil.disk_usage(folder).free
    if needed and needed + SPARE_BYTES > free:
        raise StorageError(
            f"the download needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free in {folder}; "
            "free some space, choose another folder or a lower --max-height."
        )


def refuse_text(path: Path, url: str) -> None:
    """Removes and refuses a page or playlist that came instead of a video, before any FFmpeg follows where it points.

    Raises:
        SourceError: the first bytes are text.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(TEXT_BYTES)
    except FileNotFoundError:
        return
    if b"\0" not in head or head.lstrip().startswith((b"#EXTM3U", b"ffconcat", b"<")) or b"<MPD" in head:
        path.unlink()
        raise SourceError(f"{url} is not a video: text came instead; open it in a browser to see what it is.")


def finished(folder: Path, work: Path, info: Info, tag: str, request: Mapping[str, Any], say: Say) -> Path:
    """Checks that a video came, and gives it its name. What is no video is removed."""
    say({"phase": "checking", "title": info.get("title")})
    whole = [path for path in work.iterdir() if path.name.startswith("video-") and not _is_part(path)]
    try:
        if len(whole) != 1:
            raise SourceError(f"{len(whole)} files came from {request['url']}, one video was wanted; try again.")
        try:
            video = probe(whole[0])
        except SourceError as error:
            why = str(error).replace(str(whole[0]), "what came").removesuffix(".")
            raise SourceError(f"{request['url']} is not a video: {why}.") from None
    except SourceError:
        _remove(work)
        raise
    name = names.stem(str(info.get("title") or ""), tag, request["max_height"])
    final = folder / (name + names.suffix(whole[0].suffix.lstrip("."), video.info.container))
    for old in names.downloads(folder, tag) if request["again"] else ():
        if old.max_height == request["max_height"] and old.path != final:
            old.path.unlink()
    os.replace(whole[0], final)
    _remove(work)
    return final


def _is_part(path: Path) -> bool:
    return path.suffix in (".part", ".ytdl") or ".temp." in path.name or ".part-Frag" in path.name


def _remove(work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
