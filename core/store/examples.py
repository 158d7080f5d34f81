"""Saved hard examples: ``<video_stem>_f000123.jpg`` with its ``.json`` sidecar, as docs/formats.md says.

A picture and its sidecar appear together or not at all. Not here: pixels, hashing, what is too like what.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import RunError, SettingsError, StorageError
from core.records import VideoInfo
from core.store import files, jsonl, names

TAGS = ("false_positive", "false_negative", "uncertain")
NAME = re.compile(r"(?P<stem>.+)_f(?P<frame>\d{6,})\.jpg", re.DOTALL)
VIEW = ("stream_index", "mirrored", "ledger_digest")
"""Keys of a sidecar that are there only where pictures are others than earlier programs showed: ``VideoInfo.view``."""
HASHES = ".phashes.jsonl"
"""Hashes and colours of the pictures in the folder: only there to spare decoding them all again; may be deleted."""


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
    """What a sidecar says."""

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
        found = [{**p.__dict__, "box_xyxy": list(p.box_xyxy)} for p in self.predictions]
        values = {**self.__dict__, "predictions": found}
        return values | dict(values.pop("view"))


def check_tag(tag: Any) -> str | None:
    """Returns a tag as it is written. Raises ``SettingsError`` for one that there is not."""
    if tag is not None and tag not in TAGS:
        raise SettingsError(f"{tag!r} is not a tag; tags are {', '.join(TAGS)}, or none.")
    return tag if isinstance(tag, str) else None


def sidecar_of(picture: Path) -> Path:
    """Returns the sidecar's path."""
    return picture.with_suffix(".json")


def picture_for(folder: Path, info: VideoInfo, ordinal: int) -> Path:
    """Returns where a frame of this video is saved.

    Another video of the same stem, or this one shown otherwise, may have saved the same ordinal there; then a part of
    the fingerprint tells them apart.
    """
    stem = _stem(info)
    plain = folder / f"{stem}_f{ordinal:06d}.jpg"
    if not plain.exists() or is_of(plain, info):
        return plain
    digest = info.fingerprint.partition("-")[2] or info.fingerprint
    return folder / f"{stem}-{digest[:8]}_f{ordinal:06d}.jpg"


def _stem(info: VideoInfo) -> str:
    """How the names of a video's saved frames begin: its stem, a shorter name where the rest would not fit behind."""
    return names.fitted(f"{Path(info.path).stem}{info.mark}", names.NAME_BYTES - NAMED_BYTES)


NAMED_BYTES = 27
"""Room for ``-<8 hex>_f000123.json`` with five more digits."""


def is_of(picture: Path, info: VideoInfo) -> bool:
    """Whether a saved picture shows this video: by the path in its sidecar, or its name where that one is gone.

    A picture of another stream, or one that was mirrored otherwise, does not show it.
    """
    values, video = sidecar(picture), Path(info.path)
    said = str(values.get("video_path") or "")
    if not said or {key: values[key] for key in VIEW if key in values} != info.view:
        return False
    return Path(said) == video or (Path(said).name == video.name and not Path(said).exists())


def sidecar(picture: Path) -> Mapping[str, Any]:
    """Returns what the sidecar of a picture says; nothing where there is none that can be read."""
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
    """Returns what is on disk now, for ``restore``."""
    return _bytes_of(picture), _bytes_of(sidecar_of(picture))


def restore(picture: Path, before: Content) -> None:
    """Puts picture and sidecar back to what they were. The sidecar goes first: no picture, no claim about it.

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
        raise RunError(f"{picture.name} is not there any more; it was removed or its sidecar damaged.")
    files.write_json(sidecar_of(picture), values | {"tag": tag})


def pictures(folder: Path) -> list[Path]:
    """Returns every saved picture of a folder, by name; none where there is no folder."""
    try:
        there = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StorageError(f"{folder} cannot be read ({error.strerror}); change its permissions.") from None
    return [folder / name for name in sorted(there) if NAME.fullmatch(name)]


def ordinal_of(picture: Path) -> int:
    """Returns the ordinal in the name of a picture, -1 without one."""
    found = NAME.fullmatch(picture.name)
    return int(found["frame"]) if found else -1


def of_video(folder: Path, info: VideoInfo) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yields the frames of one video that are saved in a folder, with their sidecars, by ordinal."""
    for path in sorted(pictures(folder), key=ordinal_of):
        if path.name.startswith(_stem(info)) and is_of(path, info):
            yield path, sidecar(path)


# --- hashes


@dataclass(frozen=True)
class Note:
    """What is noted of a picture in the folder."""

    size: int
    """Bytes: another size is another picture."""
    phash: str
    """16 hex digits."""
    colours: str
    """72 hex digits."""


def known_hashes(folder: Path) -> dict[str, Note]:
    """Returns file name -> note; one that is damaged, or was written before colours were noted, is no note."""
    found: dict[str, Note] = {}
    with contextlib.suppress(RunError):
        for line in jsonl.read(folder / HASHES):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                note = Note(int(line["size"]), str(line["phash"]), str(line["colours"]))
                if re.fullmatch(r"[0-9a-f]{16}", note.phash) and re.fullmatch(r"[0-9a-f]{72}", note.colours):
                    found[str(line["name"])] = note
    return found


def note_hashes(folder: Path, notes: Mapping[str, Note]) -> None:
    """Adds to the notes. Raises ``StorageError``."""
    jsonl.append(folder / HASHES, [{"name": name} | note.__dict__ for name, note in notes.items()])
