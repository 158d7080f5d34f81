"""Where the persons of a video lie: in its first run folder, made without records where there is none."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from core import files, names
from core.errors import RunError
from core.records import VideoInfo
from core.settings.extract import ExtractSettings
from core.settings.model import to_mapping
from core.store import ledger, persons, run_file
from core.store.person_dir import PersonDir
from core.store.run import RunDir, find_run
from core.store.run_file import RunFile

if TYPE_CHECKING:
    from core.video.probe import Video


def home_of(video: Video, out: Path | None, downloads: Path, *, make: bool) -> tuple[PersonDir, Path | None]:
    """Returns the folder of persons and the run folder, where it lies in one.

    Args:
        video: from ``probe``.
        out: the folder itself, where one was named.
        downloads: the folder of runs.
        make: make them where they are absent.

    Raises:
        RunError: the folder holds the persons of another video. StorageError: it cannot be made.
    """
    run: RunDir | None = None
    if out is None:
        run = _first_run(video, downloads)
        if run is None:
            run = _new_run(video, downloads, make=make)
        folder = PersonDir(run.persons)
    else:
        folder = PersonDir(out)
    if folder.about.exists():
        about = persons.read_about(folder.about).video
        if about.fingerprint != video.info.fingerprint:
            raise RunError(
                f"{folder.path} holds the persons of another video ({Path(about.path).name}); choose another folder.",
                code="other_video",
            )
    if make:
        files.make_folder(folder.path)
    return folder, run.path if run is not None else None


def persons_of_run(run: RunDir) -> PersonDir:
    """Returns the folder of the persons of a run's video; it may not be there. Raises ``RunError``: no such run."""
    saved = run_file.read(run.run_json)
    stem = _stem(saved.video)
    first = _first_of(stem, saved.fingerprint, run.path.parent)
    return PersonDir((first or run).persons)


def persons_of_file(path: Path, fingerprint: str, downloads: Path) -> PersonDir | None:
    """Returns the folder of the persons of a video whose frames nobody counts; ``None`` = it has no run yet."""
    first = _first_of(names.cut(path.stem, names.LONGEST_STEM), fingerprint, downloads)
    return None if first is None else PersonDir(first.persons)


def runs_of(about: VideoInfo, downloads: Path) -> list[RunDir]:
    """Returns every run of a video in the folder of runs, in the order of their numbers."""
    return [run for run in _named(_stem(about), downloads) if _is_of(run, about.fingerprint)]


def folder_of_persons(path: Path) -> PersonDir:
    """Returns the folder of persons that a run folder holds, or that this is. Raises ``RunError``: it is neither."""
    for folder in (PersonDir(path), PersonDir(RunDir(path).persons)):
        if folder.persons.exists() or folder.detections.exists():
            return folder
    raise RunError(f"{path} holds no persons: run people first.", code="no_stage", stage="1")


def _first_run(video: Video, downloads: Path) -> RunDir | None:
    return _first_of(_stem(video.info), video.info.fingerprint, downloads)


def _first_of(stem: str, fingerprint: str, downloads: Path) -> RunDir | None:
    """The first run of a video that holds persons, else its first one."""
    found = [run for run in _named(stem, downloads) if _is_of(run, fingerprint)]
    held = (run for run in found if any(map(Path.exists, (PersonDir(run.persons).edits, PersonDir(run.persons).about))))
    return next(held, found[0] if found else None)


def _named(stem: str, downloads: Path) -> list[RunDir]:
    """Folders that are named as runs of a video are: ``stem``, ``stem-2`` ...; one that was deleted leaves a gap."""
    pattern = re.compile(rf"{re.escape(stem)}(?:-(\d{{1,6}}))?")
    found: list[tuple[int, Path]] = []
    with contextlib.suppress(OSError):
        for path in downloads.iterdir():
            if (match := pattern.fullmatch(path.name)) is not None:
                found.append((int(match[1] or 1), path))
    return [RunDir(path) for _, path in sorted(found)]


def _is_of(run: RunDir, fingerprint: str) -> bool:
    with contextlib.suppress(RunError):
        return run.run_json.exists() and run_file.read(run.run_json).fingerprint == fingerprint
    return False


def _new_run(video: Video, downloads: Path, *, make: bool) -> RunDir:
    """A run as an extraction leaves it before its first frame, so that one with the usual settings goes on in it."""
    settings = ExtractSettings()
    run, _ = find_run(downloads, _stem(video.info), video.info.fingerprint, settings.digest())
    if make:
        files.make_folder(run.path)
        ledger.save(run.ledger, video.ledger)
        run_file.write(run.run_json, RunFile(video.info, to_mapping(settings), settings.digest(), {"state": "running"}))
    return run


def _stem(about: VideoInfo) -> str:
    return names.cut(Path(about.path).stem, names.LONGEST_STEM) + about.stream_suffix
