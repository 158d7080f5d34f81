"""The hidden working folder of a download: resumes and locks it, and moves the checked video to its final name."""

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

from core.advice import advice
from core.errors import RunBusy, SourceError, StorageError
from core.video.probe import probe
from core.video.web import facts, names
from core.video.web.facts import Info, Say

SPARE_BYTES = 200_000_000
"""Free space that a download has to leave on the disk."""
TEXT_BYTES = 4096
"""Bytes of a file that are read to tell text from a video; every container has a zero byte among them."""
KEEP_PARTS_S = 3 * 86_400.0
"""An interrupted download older than this begins anew: the address may lead to another video by now."""


def part_folder(folder: Path, tag: str, max_height: str) -> Path:
    """Returns the working folder of a download; the same for every attempt at the same video and height."""
    return folder / f".{tag}-{max_height}.part"


@contextlib.contextmanager
def locked(work: Path, url: str) -> Iterator[None]:
    """Creates the working folder of a download and locks it. Raises ``RunBusy`` when another process has it."""
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lock", "wb") as lock:
        try:
            _lock(lock.fileno())
        except OSError:
            raise RunBusy(
                f"{url} is being downloaded by another process; wait for it, or stop it first.", code="download_busy"
            ) from None
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
    """Removes the working folder when what was downloaded is no video, so that it is not resumed."""
    try:
        yield
    except SourceError:
        _remove(work)
        raise


def forget_other_parts(work: Path, info: Info) -> None:
    """Removes the files of an earlier attempt, unless they are of the same formats and sizes and not too old."""
    parts = info.get("requested_formats") or [info]
    wanted = [[str(part.get("format_id")), part.get("filesize")] for part in parts]
    note = work / "parts.json"
    try:
        same = json.loads(note.read_text()) == wanted and time.time() - note.stat().st_mtime < KEEP_PARTS_S
    except (OSError, ValueError):
        same = False
    if not same:
        for path in work.iterdir():
            if path.name != "lock":
                path.unlink()
        note.write_text(json.dumps(wanted))


def check_room(folder: Path, info: Info) -> None:
    """Refuses a download that does not fit on the disk. Picture and sound lie there twice while they are merged."""
    needed = facts.size(info) or 0
    refuse_over(folder, 2 * needed if info.get("requested_formats") else needed)


def refuse_over(folder: Path, needed: int) -> None:
    """Refuses to write ``needed`` more bytes where they do not fit.

    Raises:
        StorageError: they do not fit; names both numbers.
    """
    free = shutil.disk_usage(folder).free
    if needed and needed + SPARE_BYTES > free:
        raise StorageError(
            f"the download needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free in {folder}; "
            f"free some space, choose another folder or a lower {advice('--max-height', 'Max height')}.",
            code="disk_full",
        )


def refuse_text(path: Path, url: str) -> None:
    """Removes and refuses a page or playlist that came instead of a video, before FFmpeg can open what it refers to.

    Raises:
        SourceError: the file begins with text.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(TEXT_BYTES)
    except FileNotFoundError:
        return
    if b"\0" not in start or start.lstrip().startswith((b"#EXTM3U", b"ffconcat", b"<")) or b"<MPD" in start:
        path.unlink()
        raise SourceError(
            f"{url} is not a video: text came instead; open it in a browser to see what it is.", code="not_a_video"
        )


def finished(folder: Path, work: Path, info: Info, tag: str, request: Mapping[str, Any], say: Say) -> Path:
    """Checks that one video was downloaded, and moves it to its final path, which is returned.

    Raises:
        SourceError: it is no video; the working folder is then removed.
    """
    say({"phase": "checking", "title": info.get("title")})
    files = [path for path in work.iterdir() if path.name.startswith("video-") and not _is_part(path)]
    try:
        if len(files) != 1:
            raise SourceError(
                f"{len(files)} files came from {request['url']}, one video was wanted; try again.", code="not_a_video"
            )
        try:
            video = probe(files[0])
        except SourceError as error:
            why = str(error).replace(str(files[0]), "what came").removesuffix(".")
            raise error.reworded(f"{request['url']} is not a video: {why}.") from None
    except SourceError:
        _remove(work)
        raise
    name = names.stem(str(info.get("title") or ""), tag, request["max_height"])
    final = folder / (name + names.suffix(files[0].suffix.lstrip("."), video.info.container))
    for old in names.downloads(folder, tag) if request["again"] else ():
        if old.max_height == request["max_height"] and old.path != final:
            old.path.unlink()
    os.replace(files[0], final)
    _remove(work)
    return final


def _is_part(path: Path) -> bool:
    return path.suffix in (".part", ".ytdl") or ".temp." in path.name or ".part-Frag" in path.name


def _remove(work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
