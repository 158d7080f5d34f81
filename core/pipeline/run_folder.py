"""Which folder an extraction works in, and whether it may: nothing of another video or of other settings is touched."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

from core import config
from core.config import ExtractSettings
from core.errors import RunError
from core.records import FrameLedger
from core.store import files, ledger, names, run_file
from core.store.run import RunDir, find_run, ordinal_of

SAMPLING = "sampling.npz"


def folder_of(
    source: Path, settings: ExtractSettings, mark: str, out: Path | None, downloads: Path, resume: bool
) -> RunDir:
    """Returns ``out``, else the run of this video and these settings under ``downloads``, else a free name there.

    Args:
        source: the video.
        settings: of the extraction.
        mark: the video's fingerprint.
        out: the folder that was asked for.
        downloads: where runs lie.
        resume: whether an existing run may be gone on with.
    """
    if out is not None:
        return RunDir(Path(out).absolute())
    stem = names.cut(source.stem, LONGEST_STEM)
    return find_run(downloads, stem, mark, settings.digest() if resume else "")


LONGEST_STEM = 150
"""Bytes of a video's name that name its run: file systems allow 255, export adds a time stamp and more."""


def check_free(run: RunDir) -> None:
    """A folder without ``run.json`` must not hold records or frames: nobody could say whose they are."""
    if run.metadata.exists() or any(ordinal_of(path.name) is not None for path in run.path.iterdir()):
        raise RunError(
            f"{run.path} holds frames or records but no run.json that says of which video; choose another folder, or "
            "--no-resume to set them aside."
        )


def check_same(run: RunDir, mark: str, settings: ExtractSettings) -> None:
    """Raises ``RunError`` where the run is of another video or of other settings; says which differ."""
    saved = run_file.read(run.run_json)
    if saved.fingerprint != mark:
        raise RunError(
            f"{run.path} is a run of another video ({Path(saved.video.path).name}); "
            "choose another folder, or --no-resume to set that run aside."
        )
    if saved.digest != settings.digest():
        before = config.from_mapping(ExtractSettings, saved.settings)
        differ = [
            f.name
            for f in dataclasses.fields(settings)
            if f.metadata["in_digest"] and getattr(before, f.name) != getattr(settings, f.name)
        ]
        raise RunError(
            f"{run.path} was made with other settings ({', '.join(differ) or 'quality_weights'}); "
            "choose another folder, or --no-resume to set that run aside."
        )


def set_aside(run: RunDir) -> None:
    """Moves what an earlier run left in an explicitly named folder; other files stay, nothing is deleted."""
    names = {p.name for p in (run.run_json, run.ledger, run.metadata, run.faces, run.face_vectors, run.shots)}
    names |= {run.face_file.name, run.face_crops.name}
    names |= {p.name for p in (run.annotations, run.selection, run.thumbs, run.masks, run.jobs, run.persons)}
    names.add(SAMPLING)
    old = [path for path in run.path.iterdir() if path.name in names or ordinal_of(path.name) is not None]
    if old:
        aside = run.path.with_name(f"{run.path.name}_old_{datetime.now():%Y%m%d_%H%M%S_%f}")
        files.make_folder(aside)
        for path in old:
            path.rename(aside / path.name)


def ledger_of(run: RunDir, mark: str) -> FrameLedger | None:
    """The ledger that an earlier run of the same video counted."""
    if not run.run_json.exists() or not run.ledger.exists() or run_file.read(run.run_json).fingerprint != mark:
        return None
    return ledger.load(run.ledger)
