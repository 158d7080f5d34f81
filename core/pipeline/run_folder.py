"""Which folder an extraction works in, and whether it may: nothing of another video or of other settings is touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from core import config, log
from core.config import ExtractSettings
from core.errors import RunError
from core.pipeline import counting
from core.records import FrameLedger, VideoInfo
from core.store import files, ledger, names, run_file
from core.store.run import RunDir, find_run, ordinal_of
from core.video.probe import Video

SAMPLING = "sampling.npz"


def run_and_video(
    source: Path, settings: ExtractSettings, mark: str, out: Path | None, downloads: Path, resume: bool, stream: int
) -> tuple[RunDir, Video]:
    """Returns the folder to work in, as ``folder_of``, and the video as its frames are counted and shown now.

    A run whose frames were counted or shown otherwise is passed over with a sentence. ``stream`` is read.

    Raises:
        RunError: ``out`` is such a run.
    """
    named = settings.stream
    others: list[Path] = []
    while True:
        run = folder_of(source, settings, mark, out, downloads, resume, others)
        before = _before(run, mark) if resume else None
        usable = before is not None and before[1].stream_index == stream
        video = counting.probed(source, before[0] if before and usable else None, named)
        differs = before and counting.difference(*before, video)
        if not differs:
            return run, video
        if out is not None:
            raise RunError(
                f"{run.path} was made {differs}, and is not gone on with; choose another folder, or --no-resume to set "
                "that run aside."
            )
        log.get().warning("%s was made %s; it stays as it is, and a new run is made beside it.", run.path, differs)
        others.append(run.path)


def folder_of(
    source: Path,
    settings: ExtractSettings,
    mark: str,
    out: Path | None,
    downloads: Path,
    resume: bool,
    others: Sequence[Path] = (),
) -> RunDir:
    """Returns ``out``, else the run of this video and these settings under ``downloads``, else a free name there.

    Args:
        source: the video.
        settings: of the extraction; a stream in them is not the one that is read without.
        mark: the video's fingerprint.
        out: the folder that was asked for.
        downloads: where runs lie.
        resume: whether an existing run may be gone on with.
        others: runs of this video and these settings that may not.
    """
    if out is not None:
        return RunDir(Path(out).absolute())
    stem = names.cut(source.stem, LONGEST_STEM)
    stem += "" if settings.stream is None else f"_s{settings.stream}"
    return find_run(downloads, stem, mark, settings.digest() if resume else "", others)


LONGEST_STEM = 150
"""Bytes of a video's name that name its run: file systems allow 255, export adds a time stamp and more."""


def check_free(run: RunDir) -> None:
    """A folder without ``run.json`` must not hold records or frames: nobody could say whose they are."""
    if run.metadata.exists() or any(ordinal_of(path.name) is not None for path in run.path.iterdir()):
        raise RunError(
            f"{run.path} holds frames or records but no run.json that says of which video; choose another folder, or "
            "--no-resume to set them aside."
        )


def check_same(run: RunDir, video: VideoInfo, settings: ExtractSettings) -> None:
    """Raises ``RunError`` where the run is of another video, shows it otherwise, or has other settings; says which."""
    saved = run_file.read(run.run_json)
    if saved.fingerprint != video.fingerprint:
        raise RunError(
            f"{run.path} is a run of another video ({Path(saved.video.path).name}); "
            "choose another folder, or --no-resume to set that run aside."
        )
    if differs := counting.shown_difference(saved.video, video):
        raise RunError(f"{run.path} was made {differs}; run again with --no-resume to start a run of its own.")
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


def _before(run: RunDir, mark: str) -> tuple[FrameLedger, VideoInfo] | None:
    """The ledger that an earlier run of the same video counted, and what was noted of the video then."""
    if not run.run_json.exists() or not run.ledger.exists():
        return None
    saved = run_file.read(run.run_json)
    return (ledger.load(run.ledger), saved.video) if saved.fingerprint == mark else None
