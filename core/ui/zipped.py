"""An exported folder as one download, and how large exports are. Nothing is written to disk, nothing compressed."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from core import inside
from core.settings.extract import ExtractSettings
from core.settings.model import from_mapping
from core.store import run_file
from core.store.run import RunDir

ZIP_LIMIT = 2_000_000_000
"""Bytes; a larger export is fetched from its folder."""
BLOCK = 1 << 20
_UNSAFE = re.compile(r'[\x00-\x1f\\/:*?"<>|\ud800-\udfff]')


class _Pipe:
    """A file that only knows how to append; what was written waits in ``taken``."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.written = 0

    def write(self, data: bytes) -> int:
        self.waiting.append(bytes(data))
        self.written += len(data)
        return len(data)

    def tell(self) -> int:
        return self.written

    def flush(self) -> None:
        """Nothing to do."""

    def take(self) -> bytes:
        """Returns what was written since the last call."""
        data = b"".join(self.waiting)
        self.waiting.clear()
        return data


def stream(folder: Path) -> Generator[bytes, None, None]:
    """Yields a ZIP of the files directly in ``folder``, in a folder of that name, about a MiB at a time."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for path in _files(folder):
            try:
                opened = inside.open_in(path, (folder,))
            except OSError:  # it went, or something else took its name, after the folder was listed
                continue
            with opened as source, archive.open(_entry(folder, path), "w") as entry:
                while block := source.read(BLOCK):
                    entry.write(block)
                    yield pipe.take()
            yield pipe.take()
    yield pipe.take()


def offer(folder: Path) -> dict[str, Any]:
    """Returns ``bytes`` and whether a ``zip`` may be had of an exported folder; none of one that is gone."""
    size = sum(path.lstat().st_size for path in _files(folder))
    return {"bytes": size, "zip": 0 < size <= ZIP_LIMIT}


def disposition(folder: Path) -> str:
    """Returns the header that names the download."""
    return f"attachment; filename*=UTF-8''{quote(folder.name + '.zip', safe='', errors='replace')}"


def size_of(run: RunDir, kept: NDArray[np.int64]) -> int:
    """Returns about how many bytes the export of these ordinals takes."""
    from core.pipeline.export_folder import size_estimate
    from core.store.table import records

    wanted = set(kept.tolist())
    saved = run_file.read(run.run_json)
    rows = [record for record in records(run) if record.frame_number in wanted]
    return size_estimate(run, saved.video, rows, from_mapping(ExtractSettings, saved.settings))


def _entry(folder: Path, path: Path) -> str:
    """Name in the archive: no program that unpacks it may take a part of a name for a folder, a drive or nothing."""
    parts = (_UNSAFE.sub("_", name).rstrip(". ") or "_" for name in (folder.name, path.name))
    return "/".join(parts)


def _files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError:  # it is gone, or its name cannot be one
        return []
