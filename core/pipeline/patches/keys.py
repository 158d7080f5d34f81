"""The list of keys for an LMDB: what training code asks for by name."""

from __future__ import annotations

from pathlib import PurePosixPath

from core import files
from core.store import jsonl
from core.store.patch_dir import PatchDir


def write_keys(folder: PatchDir) -> None:
    """Writes one line for each picture of the manifest: its path without ending, ``train`` before ``val``.

    Raises:
        StorageError: it cannot be written.
    """
    lines = list(jsonl.read(folder.manifest)) if folder.manifest.exists() else []
    keys = [
        str(PurePosixPath(line[key]).with_suffix(""))
        for split in ("train", "val")
        for line in lines
        if line["split"] == split
        for key in ("gt", "lr_5", "lr_7")
        if key in line
    ]
    files.write_text(folder.keys, "".join(f"{key}\n" for key in keys))
