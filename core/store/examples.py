"""Saved hard examples: ``<video_stem>_f000123.jpg`` with its ``.json`` sidecar, as docs/formats.md says.

A picture and its sidecar appear together or not at all. Not here: pixels, hashing, which pictures are near-duplicates.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import files, names
from core.errors import RunError, SettingsError, StorageError
from core.records import VideoInfo
from core.store import jsonl

TAGS = ("false_positive", "false_negative", "uncertain")
NAME = re.compile(r"(?P<stem>.+)_f(?P<frame>\d{6,})\.jpg", re.DOTALL)
VIEW = ("stream_index", "mirrored", "ledger_digest")
"""Keys of a sidecar that are there only where older programs showed another picture: ``VideoInfo.view``."""
HASHES = ".phashes.jsonl"
"""Cache of the hashes and colours of a folder's pictures, so that they need not be decoded again; may be deleted."""


@dataclass(frozen=True)
class Prediction:
    """One box that was shown when the frame was saved."""

    class_id: int
    class_name: str
    confidence: float
    box_xyxy: tuple[float, float, float, float]
    """Pixels of the source in display orientation, ``x2``/``y2`` exclusive."""


@dataclass(frozen=True)
class Example:
    """The values of a sidecar."""

    video_path: str
    frame_index: int
    """The ordinal, 0-based."""
    timestamp_s: float
    model_path: str | None
    predictions: tuple[Prediction, ...] = ()
    tag: str | None = None
    """One of ``TAGS``, or ``None``."""
    reason: str | None = None
    """Why a miner proposed it."""
    view: Mapping[str, Any] = field(default_factory=dict)
    """``VideoInfo.view``; its keys stand beside the others."""

    def to_mapping(self) -> dict[str, Any]:
        """Returns the JSON object of the sidecar."""
        predictions = [{**p.__dict__, "box_xyxy": list(p.box_xyxy)} for p in self.predictions]
        values = {**self.__dict__, "predictions": predictions}
        return values | dict(values.pop("view"))


def check_tag(tag: Any) -> str | None:
    """Returns a tag of ``TAGS``, or ``None``. Raises ``SettingsError`` for anything else."""
    if tag is not None and tag not in TAGS:
        raise SettingsError(f"{tag!r} is not a tag; tags are {', '.join(TAGS)}, or none.", field="tag")
    return tag if isinstance(tag, str) else None


def sidecar_of(picture: Path) -> Path:
    """Returns the sidecar's path."""
    return picture.with_suffix(".json")


def picture_for(folder: Path, info: VideoInfo, ordinal: int) -> Path:
    """Returns the path for saving a frame of this video.

    Where the plain name is taken by the same ordinal of another video of the same stem (or of this one, shown
    otherwise), the name gets a part of the fingerprint.
    """
    stem = _stem(info)
    plain = folder / f"{stem}_f{ordinal:06d}.jpg"
    if not plain.exists() or is_of(plain, info):
        return plain
    digest = info.fingerprint.partition("-")[2] or info.fingerprint
    return folder / f"{stem}-{digest[:8]}_f{ordinal:06d}.jpg"


def _stem(info: VideoInfo) -> str:
    """Beginning of the names of a video's saved frames: its stem, shortened where the whole name would be too long."""
    return names.fitted(f"{Path(info.path).stem}{info.stream_suffix}", names.NAME_BYTES - NAMED_BYTES)


NAMED_BYTES = 27
"""Room for ``-<8 hex>_f000123.json`` with five more digits."""


def is_of(picture: Path, info: VideoInfo) -> bool:
    """Whether a saved picture is of this video: the path in its sidecar agrees, or only the name if that file is gone.

    A picture of another stream, or one that was mirrored otherwise, is not.
    """
    values, video = sidecar(picture), Path(info.path)
    recorded = str(values.get("video_path") or "")
    if not recorded or {key: values[key] for key in VIEW if key in values} != info.view:
        return False
    return Path(recorded) == video or (Path(recorded).name == video.name and not Path(recorded).exists())


def sidecar(picture: Path) -> Mapping[str, Any]:
    """Returns the values of a picture's sidecar; empty where there is none that can be read."""
    with contextlib.suppress(FileNotFoundError, RunError):
        values = files.read_json(sidecar_of(picture))
        if isinstance(values, dict):
            return values
    return {}


def write(picture: Path, jpeg: bytes, example: Example) -> None:
    """Writes picture and sidecar, both or none.

    Raises:
        StorageError: the disk is full or the folder cannot be written; what was there before is untouched.
    """
    before = content(picture)
    files.write_bytes(picture, jpeg)
    try:
        files.write_json(sidecar_of(picture), example.to_mapping())
    except BaseException:
        restore(picture, before)
        raise


Content = tuple[bytes | None, bytes | None]
"""Bytes of a picture and of its sidecar; ``None`` = no such file."""


def content(picture: Path) -> Content:
    """Returns both files as they are on disk now, for ``restore``."""
    return _bytes_of(picture), _bytes_of(sidecar_of(picture))


def restore(picture: Path, before: Content) -> None:
    """Puts picture and sidecar back to what they were. The sidecar goes first, so that none is left without a picture.

    Raises:
        StorageError: a file cannot be removed or written.
    """
    for path, data in ((sidecar_of(picture), before[1]), (picture, before[0])):
        if data is None:
            with files.storage_errors(path):
                path.unlink(missing_ok=True)
        elif _bytes_of(path) != data:
            files.write_bytes(path, data)


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def retag(picture: Path, tag: str | None) -> None:
    """Writes another tag into a sidecar.

    Raises:
        RunError: there is no such saved frame any more. StorageError: it cannot be written.
    """
    values = dict(sidecar(picture))
    if not picture.exists() or not values:
        raise RunError(
            f"{picture.name} is not there any more; it was removed or its sidecar damaged.", code="forgotten"
        )
    files.write_json(sidecar_of(picture), values | {"tag": tag})


def pictures(folder: Path) -> list[Path]:
    """Returns every saved picture of a folder, by name; none where there is no folder."""
    try:
        there = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be read ({error.strerror}); change its permissions.", code="cannot_read"
        ) from None
    return [folder / name for name in sorted(there) if NAME.fullmatch(name)]


def ordinal_of(picture: Path) -> int:
    """Returns the ordinal in the name of a picture, -1 without one."""
    match = NAME.fullmatch(picture.name)
    return int(match["frame"]) if match else -1


def stem_of(picture: Path) -> str:
    """Returns the part of a picture's name that is its video's: ``"clip"`` of ``clip_f000123.jpg``; empty without."""
    match = NAME.fullmatch(picture.name)
    return match["stem"] if match else ""


def of_video(folder: Path, info: VideoInfo) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yields the saved frames of one video in a folder, with the values of their sidecars, by ordinal."""
    for path in sorted(pictures(folder), key=ordinal_of):
        if path.name.startswith(_stem(info)) and is_of(path, info):
            yield path, sidecar(path)


# --- hashes


@dataclass(frozen=True)
class Note:
    """The line of ``.phashes.jsonl`` for one picture."""

    size: int
    """Bytes of the file; where it differs, the file was replaced and the note is stale."""
    phash: str
    """16 hex digits."""
    colours: str
    """72 hex digits."""


def known_hashes(folder: Path) -> dict[str, Note]:
    """Returns file name -> note; lines that are damaged, or that have no colours yet, are left out."""
    notes: dict[str, Note] = {}
    with contextlib.suppress(RunError):
        for line in jsonl.read(folder / HASHES):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                note = Note(int(line["size"]), str(line["phash"]), str(line["colours"]))
                if re.fullmatch(r"[0-9a-f]{16}", note.phash) and re.fullmatch(r"[0-9a-f]{72}", note.colours):
                    notes[str(line["name"])] = note
    return notes


def note_hashes(folder: Path, notes: Mapping[str, Note]) -> None:
    """Appends notes, by file name. Raises ``StorageError``."""
    jsonl.append(folder / HASHES, [{"name": name} | note.__dict__ for name, note in notes.items()])
