"""Where the files of training patches lie, and how their checkpoint is written and read.

Not here: which patches there are (``pipeline/patches``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core import files
from core.errors import RunError

MANIFEST = "manifest.jsonl"
KEYS = "lmdb_keys.txt"
CONTROL = ".control.json"
VERSION = 1


@dataclass(frozen=True)
class PatchDir:
    """Paths of one folder of patches. Creating the object touches nothing on disk."""

    path: Path
    status_name: str = ".generator_status.json"

    @property
    def manifest(self) -> Path:
        """One line for each patch, in the order in which they were written."""
        return self.path / MANIFEST

    @property
    def status(self) -> Path:
        """The checkpoint: how far each video is, what was missed and why."""
        return self.path / self.status_name

    @property
    def keys(self) -> Path:
        """Keys for an LMDB, one a line."""
        return self.path / KEYS

    @property
    def control(self) -> Path:
        """What a person wants of a call that runs: pause, workers."""
        return self.path / CONTROL


@dataclass
class VideoState:
    """How far one video is. Tries are read pass by pass: first every window, then the next try of those that failed."""

    fingerprint: str
    windows: int
    attempt: int = 0
    """0-based number of the pass."""
    todo: list[int] | None = None
    """Numbers of the windows of this pass; ``None`` = all of them."""
    at: int = 0
    """Windows of this pass that are decided, in the order in which they are read."""
    retry: list[int] = field(default_factory=list)
    """Numbers of the windows of this pass that failed."""
    taken: int = 0
    """Windows whose patches are written."""
    lost: int = 0
    """Windows whose last try failed."""
    tries: dict[str, int] = field(default_factory=dict)
    """Reason -> tries that failed by it."""
    missed: dict[str, int] = field(default_factory=dict)
    """Reason -> patches that a window did not give."""
    cuts: list[int] | None = None
    """Ordinals at which shots begin, where they were looked for."""
    active: list[int] | None = None
    """x, y, width, height inside the black bars."""
    done: bool = False


@dataclass
class Status:
    """The checkpoint of a folder."""

    digest: str
    """Of the settings, videos and categories: another configuration is another folder."""
    manifest_bytes: int = 0
    """Length of the manifest up to which it agrees with the rest of this."""
    bytes: int = 0
    """Written to the disk."""
    patches: dict[str, int] = field(default_factory=dict)
    """Category -> patches that are written."""
    targets: dict[str, int] = field(default_factory=dict)
    """Category -> patches that are wanted, where a configuration says so."""
    videos: dict[str, VideoState] = field(default_factory=dict)
    """Name in names of files -> how far it is."""

    def to_mapping(self) -> dict[str, Any]:
        """Returns plain JSON values."""
        return {"version": VERSION, **asdict(self)}


def write_status(folder: PatchDir, status: Status) -> None:
    """Replaces the checkpoint whole. Raises ``StorageError``."""
    files.write_json(folder.status, status.to_mapping(), indent=None)


def read_status(folder: PatchDir) -> Status | None:
    """Returns the checkpoint; ``None`` = there is none.

    Raises:
        RunError: it is no checkpoint of this program, or damaged.
    """
    try:
        values = files.read_json(folder.status)
        if values.pop("version") != VERSION:
            raise ValueError("another version")
        videos = {name: VideoState(**state) for name, state in values.pop("videos").items()}
        return Status(videos=videos, **values)
    except FileNotFoundError:
        return None
    except (RunError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{folder.status} is no checkpoint that can be read ({error}); name another folder, or move it away to "
            "begin anew.",
            code="bad_status",
        ) from None


def cut_manifest(folder: PatchDir, length: int) -> None:
    """Shortens the manifest to what the checkpoint knows of; later patches are written once more, the same.

    Raises:
        RunError: it is shorter than that. StorageError: it cannot be written.
    """
    size = folder.manifest.stat().st_size if folder.manifest.exists() else 0
    if size < length:
        raise RunError(
            f"{folder.manifest} was shortened after it was written ({size} bytes where the checkpoint says {length}); "
            "name another folder, or begin this one anew.",
            code="bad_manifest",
        )
    if size > length:
        with files.storage_errors(folder.manifest):
            os.truncate(folder.manifest, length)


def read_control(folder: PatchDir) -> Mapping[str, Any]:
    """Returns what a person wants of the call that runs: ``paused``, ``workers``; empty where nothing is said."""
    try:
        found = files.read_json(folder.control)
    except (FileNotFoundError, RunError):
        return {}
    return found if isinstance(found, dict) else {}
