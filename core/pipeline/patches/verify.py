"""``patches --verify``: whether the files of a folder agree with its manifest."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from core.errors import RunError
from core.pipeline.patches.formats import lr_of
from core.pipeline.patches.outcome import Verified
from core.step import Step
from core.store import jsonl
from core.store.patch_dir import PatchDir
from core.video.images import whole_size

VERIFYING = "checking patches"
FRAMES = {"lr_5": 5, "lr_7": 7}
"""Key of the manifest -> small pictures one below the other."""


def verify(folder: PatchDir) -> Generator[Step, None, Verified]:
    """Yields after each patch; returns what is missing, damaged or not listed.

    Raises:
        RunError: there is no manifest, or it is damaged.
    """
    if not folder.manifest.is_file():
        raise RunError(
            f"there is no {folder.manifest}; name the folder that a call wrote patches to.", code="no_manifest"
        )
    lines = list(jsonl.read(folder.manifest))
    missing, wrong, listed = [], [], set()
    for done, line in enumerate(lines, 1):
        for key in ("gt", "lr_5", "lr_7"):
            name = line.get(key)
            if name is None and key != "gt":
                continue
            listed.add(str(name))
            path = folder.path / str(name)
            if not isinstance(name, str) or not path.resolve().is_relative_to(folder.path.resolve()):
                wrong.append(str(name))
            elif not path.is_file():
                missing.append(name)
            elif not _is_right(path, key, line):
                wrong.append(name)
        yield Step(VERIFYING, done, len(lines), unit="patches")
    unlisted = sorted(set(_pictures(folder.path)) - listed)
    return Verified(str(folder.path), len(lines), missing, wrong, unlisted)


def _is_right(path: Path, key: str, line: Mapping[str, Any]) -> bool:
    """Whether a file is a whole picture of the size that it has to have."""
    gt = tuple(line["rectangle"][2:])
    lr = tuple(line.get("lr_size") or lr_of(gt))
    return whole_size(path) == (gt if key == "gt" else (lr[0], lr[1] * FRAMES[key]))


def _pictures(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("patch_*.png") if path.is_file()]
