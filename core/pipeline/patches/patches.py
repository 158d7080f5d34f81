"""``patches``: cuts training patches of many categories out of videos, each needed frame decoded once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from core import files
from core.errors import SettingsError, SourceError
from core.pipeline.patches import config as configuration
from core.pipeline.patches.active import active_picture
from core.pipeline.patches.config import Config, PatchVideo, stays_below
from core.pipeline.patches.cutter import Cutter
from core.pipeline.patches.estimate import estimate
from core.pipeline.patches.keys import write_keys
from core.pipeline.patches.outcome import Estimated, Patched, Verified, tracked
from core.pipeline.patches.planned import digest_of
from core.pipeline.patches.verify import verify
from core.pipeline.patches.windows import windows_of
from core.pipeline.shots import find_shots
from core.settings.model import changed
from core.settings.patches import WINDOW, PatchesArguments
from core.step import Step, each
from core.store import jsonl, patch_dir
from core.store.patch_dir import PatchDir, Status, VideoState
from core.store.run import RunDir
from core.video import mobius
from core.video.probe import Video, probe
from core.video.stream import threads_to_use

CUTTING, LOOKING, OPENING, PAUSED = "cutting patches", "looking for cuts", "opening", "paused"


def patches(arguments: PatchesArguments) -> Generator[Step, None, Patched | Estimated | Verified]:
    """Makes the patches of a configuration, or goes on with them; yields whenever a window is decided.

    The same seed gives the same files and the same manifest, whatever the number of threads, and however often the
    call was killed.

    Raises:
        SettingsError: the configuration, or the folder is of another one. SourceError: a video cannot be opened.
        MissingDependency: FFmpeg lacks the filters of a tone mapping. RunBusy: somebody works in the folder.
        StorageError: the disk is full, or nearly; the same call goes on.
    """
    if arguments.verify is not None:
        return (yield from verify(PatchDir(arguments.verify)))
    if arguments.config is None:
        raise SettingsError("name a configuration, or a folder to be verified.", code="no_config", field="config")
    config = configuration.read(arguments.config)
    if arguments.seed is not None:
        config = _reseeded(config, arguments.seed)
    if config.settings.tone_mapping == "mobius":
        mobius.check()
    folder = PatchDir((arguments.out or config.out).absolute(), config.status_name)
    yield Step(OPENING, notices=config.notices)
    if arguments.dry_run:
        return (yield from estimate(config, folder.path))
    if arguments.nice:
        _yield_to_others()
    with RunDir(folder.path).lock():
        yield Step(OPENING, run=folder.path)
        yield from _Work(arguments, config, folder).all()
        return Patched.of(str(folder.path), patch_dir.read_status(folder) or Status(""))


def resumed(arguments: PatchesArguments, run: Path) -> PatchesArguments:
    """Returns the arguments with which an interrupted start goes on: what it had begun anew stays."""
    return changed(arguments, resume=True)


def _reseeded(config: Config, seed: int) -> Config:
    return replace(config, settings=changed(config.settings, seed=seed))


def _yield_to_others() -> None:
    with contextlib.suppress(OSError, AttributeError):
        os.nice(19 - os.nice(0))


class _Work:
    """One call on all videos of a configuration."""

    def __init__(self, arguments: PatchesArguments, config: Config, folder: PatchDir) -> None:
        self._arguments, self._config, self._folder = arguments, config, folder
        self._status = self._opened()
        workers = arguments.workers or config.workers or threads_to_use()
        self._cutter = Cutter(folder, config, self._status, workers, arguments.min_free_gb * 1e9)

    def all(self) -> Generator[Step, None, None]:
        """Every video that is not done, one after the other."""
        total = sum(len(windows_of(self._config.settings, video.weights)) for video in self._config.videos)
        before = self._decided()
        for about in self._config.videos:
            state = self._status.videos.get(about.stem)
            if state is not None and state.done:
                continue
            yield Step(f"{about.name}: {OPENING}")
            video, state = self._video(about, state)
            if state.done:
                continue
            yield from self._looked_at(video, about, state)
            steps = self._cutter.cut(video, about, state)
            yield from each(steps, lambda _: self._step(total, before))
        if self._config.settings.lmdb_keys:
            write_keys(self._folder)

    def _step(self, total: int, before: int) -> Step:
        phase = PAUSED if self._cutter.waits else CUTTING
        return Step(phase, self._decided(), total, before, unit="windows", detail=tracked(self._status))

    def _decided(self) -> int:
        """Windows that are taken or lost for good."""
        return sum(state.taken + state.lost for state in self._status.videos.values())

    def _opened(self) -> Status:
        digest = digest_of(self._config)
        found = patch_dir.read_status(self._folder)
        if found is not None and self._arguments.resume:
            if found.digest != digest:
                raise SettingsError(
                    f"{self._folder.path} holds patches of other settings or videos; name another folder, or begin "
                    "this one anew (resume off).",
                    code="other_config",
                    field="out",
                )
            patch_dir.cut_manifest(self._folder, found.manifest_bytes)
            _clean(self._folder.path)
            return found
        if found is not None:
            _clear(self._folder)
        elif self._folder.manifest.exists():
            raise SettingsError(
                f"{self._folder.path} holds a manifest without a checkpoint; name another folder, or move it away.",
                code="other_config",
                field="out",
            )
        targets = {name: one.target for name, one in self._config.categories.items() if one.target is not None}
        return Status(digest, patches=dict.fromkeys(self._config.categories, 0), targets=targets)

    def _video(self, about: PatchVideo, state: VideoState | None) -> tuple[Video, VideoState]:
        video = probe(about.path)
        windows = len(windows_of(self._config.settings, about.weights))
        if state is not None and state.fingerprint != video.info.fingerprint:
            raise SourceError(
                f"{about.path} is another video than the one whose patches were begun; put it back, or begin anew.",
                code="replaced",
            )
        state = state or VideoState(video.info.fingerprint, windows)
        self._status.videos[about.stem] = state
        if len(video.ledger) < WINDOW:
            state.tries["too_short"], state.lost, state.done = windows, windows, True
            self._cutter.keep()
        return video, state

    def _looked_at(self, video: Video, about: PatchVideo, state: VideoState) -> Generator[Step, None, None]:
        """What has to be known of a video before it is cut: bars, and shots where they are kept together."""
        settings = self._config.settings
        if state.active is None:
            state.active = list(active_picture(video, deinterlace=settings.deinterlace))
        if state.cuts is None and settings.val_percent > 0 and settings.split_by == "shot":
            title = f"{about.name}: {LOOKING}"
            found = yield from each(find_shots(video), lambda done: Step(title, done, len(video.ledger)))
            state.cuts = [start for start, _ in found[1:]]
        self._cutter.keep()


def _clean(folder: Path) -> None:
    """Takes away half-written files of a killed call; the caller holds the lock, so nobody else writes here."""
    for part in (folder, *(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())):
        files.clean_temporaries(part, older_than_s=0)


def _clear(folder: PatchDir) -> None:
    """Takes away what an earlier call wrote here: the files of its manifest, it, and the checkpoint last."""
    for line in jsonl.read(folder.manifest) if folder.manifest.exists() else ():
        for key in ("gt", "lr_5", "lr_7"):
            if stays_below(str(line.get(key, ""))):
                (folder.path / line[key]).unlink(missing_ok=True)
    for path in (folder.manifest, folder.keys, folder.status):
        path.unlink(missing_ok=True)
