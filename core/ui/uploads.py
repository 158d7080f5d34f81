"""Files that come through the browser: streamed to disk, never whole in memory, up to a limit."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from core import files, inside
from core.errors import SourceError, StorageError
from core.video.web.names import SUFFIXES, safe_title

FOLDER = "uploads"
PHOTO_SUFFIXES = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif")
MOST_PHOTO_BYTES = 60_000_000
"""Of one photo: more than any camera writes as JPEG."""
SPARE_BYTES = 200_000_000
"""What stays free on the disk."""


@dataclass(frozen=True)
class Kind:
    """What is uploaded: where it goes, how it may be named, and what it must be."""

    noun: str
    folder: str
    suffixes: tuple[str, ...]
    known: tuple[str, ...]
    """The endings that a message names."""
    check: Callable[[Path], None] = lambda _: None
    """Looks at the file that came; raises ``SourceError``."""


def _check_photo(path: Path) -> None:
    from core.video.photos import check_photo

    check_photo(path)


MORE_SUFFIXES = ("m2ts", "mts", "mpeg", "mxf", "ivf", "nut", "m2v", "vob")
VIDEO = Kind("video", FOLDER, (*SUFFIXES, *MORE_SUFFIXES), SUFFIXES)
PHOTO = Kind("picture", f"{FOLDER}/faces", PHOTO_SUFFIXES, PHOTO_SUFFIXES, _check_photo)


async def receive(
    pieces: AsyncIterator[bytes], name: str, length: int | None, downloads: Path, most: int, kind: Kind = VIDEO
) -> Path:
    """Writes a file into ``<downloads>/uploads`` and returns its path; nothing stays of one that does not come whole.

    Args:
        pieces: the body as it comes.
        name: what the file is called on the other machine; any text.
        length: bytes that were announced.
        downloads: the folder of runs.
        most: the limit in bytes.
        kind: what is wanted.

    Raises:
        SourceError: empty, not of this kind, or larger than the limit.
        StorageError: the disk is full or the folder cannot be written.
    """
    home = downloads / kind.folder
    wanted = _file_name(name, kind)
    if length is not None and length > most:
        raise _too_large(most)
    await run_in_threadpool(files.make_folder, home)
    if not inside.lies_in(home, (downloads,)):
        raise StorageError(f"{home} is a link that leads out of the folder of runs; remove it.", code="leads_out")
    if length is not None and shutil.disk_usage(home).free < length + SPARE_BYTES:
        raise StorageError(
            f"the disk has no room for {length / 1e6:.0f} MB in {home}; free some space first.",
            code="disk_full",
            wanted_bytes=length,
        )
    part = home / f".{secrets.token_hex(8)}.part"
    size = 0
    try:
        with files.storage_errors(part), open(part, "xb") as file:
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                await run_in_threadpool(file.write, piece)
        if size == 0 or (length is not None and size != length):
            raise SourceError(f"{wanted} did not arrive whole; drop it again.", code="broken_off")
        await run_in_threadpool(kind.check, part)
        return await run_in_threadpool(_settle, part, home / wanted)
    finally:
        part.unlink(missing_ok=True)


def _file_name(name: str, kind: Kind) -> str:
    path = Path(name.replace("\\", "/").replace("\0", "")).name
    stem, _, suffix = path.rpartition(".")
    if not stem or suffix.lower() not in kind.suffixes:
        known = ", ".join(kind.known)
        raise SourceError(
            f'"{path[:80]}" is not named like a {kind.noun}; known endings are {known}.', code="other_suffix"
        )
    return f"{safe_title(stem)}.{suffix.lower()}"


def _settle(part: Path, wanted: Path) -> Path:
    """Gives the file its name; the same file uploaded again keeps the name that it had."""
    path, number = wanted, 2
    while path.exists():
        if _same(part, path):
            return path
        path, number = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}"), number + 1
    with files.storage_errors(path):
        part.rename(path)
    return path


def _same(one: Path, other: Path) -> bool:
    from core.video.probe import fingerprint

    return one.stat().st_size == other.stat().st_size and fingerprint(one) == fingerprint(other)


def _too_large(most: int) -> SourceError:
    sentence = f"the file is larger than {_size(most)}, the limit for uploads; name its path instead."
    return SourceError(sentence, code="upload_too_large", most_bytes=most)


def _size(most: int) -> str:
    return f"{most / 1e9:g} GB" if most >= 1e9 else f"{most / 1e6:g} MB"
