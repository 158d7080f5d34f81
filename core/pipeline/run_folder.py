"""Which folder an extraction works in, and whether it may: nothing of another video or of other settings is touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from core import files, log, names
from core.advice import aside
from core.errors import RunError
from core.pipeline import counting
from core.records import FrameLedger, VideoInfo
from core.settings.extract import ExtractSettings
from core.settings.model import facts_of, from_mapping
from core.store import ledger, run_file
from core.store.run import RunDir, find_run, ordinal_of
from core.store.run_file import RunFile
from core.video.probe import OpenedVideo, Video

SAMPLING = "sampling.npz"


def run_and_video(
    file: OpenedVideo, settings: ExtractSettings, out: Path | None, downloads: Path, resume: bool
) -> tuple[RunDir, Video]:
    """Returns the folder to work in, as ``folder_of``, and the video as its frames are counted and shown now.

    A run whose frames were counted or shown otherwise is passed over with a sentence.

    Raises:
        RunError: ``out`` is such a run.
    """
    others: list[Path] = []
    while True:
        run, saved = folder_of(file.path, settings, file.fingerprint, out, downloads, resume, others)
        before = _before(run, file.fingerprint, saved) if resume else None
        usable = before is not None and before[1].stream_index == file.choice.index
        video = counting.counted(file, before[0] if before and usable else None)
        differs = before and counting.difference(*before, video)
        if not differs:
            return run, video
        if out is not None:
            raise RunError(
                f"{run.path} was made {differs}, and is not gone on with; choose another folder, or {aside()} to set "
                "that run aside.",
                code="otherwise_shown",
            )
        log.get().warning("%s was made %s; it stays as it is, and a new run is made beside it.", run.path, differs)
        others.append(run.path)


def folder_of(
    source: Path,
    settings: ExtractSettings,
    fingerprint: str,
    out: Path | None,
    downloads: Path,
    resume: bool,
    others: Sequence[Path] = (),
) -> tuple[RunDir, RunFile | None]:
    """Returns ``out``, else the run of this video and these settings under ``downloads``, else a free name there.

    With its ``run.json``, where there is one.

    Args:
        source: the video.
        settings: of the extraction; a stream in them is not the one that is read without.
        fingerprint: the video's fingerprint.
        out: the folder that was asked for.
        downloads: where runs lie.
        resume: whether an existing run may be gone on with.
        others: runs of this video and these settings that may not.
    """
    if out is not None:
        run = RunDir(Path(out).absolute())
        return run, run_file.read(run.run_json) if run.run_json.exists() else None
    stem = names.cut(source.stem, names.LONGEST_STEM)
    stem += "" if settings.stream is None else f"_s{settings.stream}"
    return find_run(downloads, stem, fingerprint, settings.digest() if resume else "", others)


def check_free(run: RunDir) -> None:
    """A folder without ``run.json`` must not hold records or frames: nobody could say whose they are."""
    if run.metadata.exists() or any(ordinal_of(path.name) is not None for path in run.path.iterdir()):
        raise RunError(
            f"{run.path} holds frames or records but no run.json that says of which video; choose another folder, or "
            f"{aside()} to set them aside.",
            code="frames_without_run",
        )


def check_same(run: RunDir, saved: RunFile, video: VideoInfo, settings: ExtractSettings) -> None:
    """Raises ``RunError`` where the run is of another video, shows it otherwise, or has other settings; says which."""
    if saved.fingerprint != video.fingerprint:
        raise RunError(
            f"{run.path} is a run of another video ({Path(saved.video.path).name}); "
            f"choose another folder, or {aside()} to set that run aside.",
            code="other_video",
        )
    if differs := counting.shown_difference(saved.video, video):
        raise RunError(
            f"{run.path} was made {differs}; run again with {aside()} to start a run of its own.",
            code="otherwise_shown",
        )
    if saved.digest != settings.digest():
        before = from_mapping(ExtractSettings, saved.settings)
        differ = [
            name
            for name, facts in facts_of(ExtractSettings).items()
            if facts.in_digest and getattr(before, name) != getattr(settings, name)
        ]
        raise RunError(
            f"{run.path} was made with other settings ({', '.join(differ) or 'quality_weights'}); "
            f"choose another folder, or {aside()} to set that run aside.",
            code="other_settings",
            settings=differ,
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


def _before(run: RunDir, fingerprint: str, saved: RunFile | None) -> tuple[FrameLedger, VideoInfo] | None:
    """The ledger that an earlier run of the same video counted, and what was noted of the video then."""
    if saved is None or not run.ledger.exists():
        return None
    return (ledger.load(run.ledger), saved.video) if saved.fingerprint == fingerprint else None
