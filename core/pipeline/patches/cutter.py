"""Cuts the patches of one video, pass by pass, and keeps the checkpoint: a kill changes nothing in the files."""

from __future__ import annotations

import functools
import os
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any

from numpy.typing import NDArray

from core import files
from core.errors import StorageError
from core.pipeline.patches.config import Config, PatchVideo
from core.pipeline.patches.cutting import Cut, crops_of, stacks_of
from core.pipeline.patches.names import names_of
from core.pipeline.patches.planes import Converter
from core.pipeline.patches.reading import Picture, read_windows
from core.pipeline.patches.split import shot_sizes, shot_start, validation
from core.pipeline.patches.stability import compare, fault
from core.pipeline.patches.windows import Instants, Placed, Window, spread, windows_of
from core.pipeline.patches.writing import Batch, Patch, Writer, Written
from core.store import jsonl, patch_dir
from core.store.patch_dir import PatchDir, Status, VideoState
from core.video.probe import Video

KEPT_EVERY_S = 1.0
"""How old the checkpoint may be: so much is done again after a kill."""
LOOKED_EVERY_S = 0.5
"""How often the wish of a person, and the disk, are looked at."""


class Cutter:
    """Writes the patches of videos into one folder."""

    def __init__(self, folder: PatchDir, config: Config, status: Status, workers: int, least_free: float) -> None:
        """``least_free``: bytes of the disk below which it stops."""
        self._folder, self._config, self._status = folder, config, status
        self._workers, self._least_free = workers, least_free
        self._kept = self._looked = time.monotonic()
        self._kept_apart: frozenset[int] = frozenset()
        self.waits = False
        """Whether somebody paused it."""

    def cut(self, video: Video, about: PatchVideo, state: VideoState) -> Generator[None, None, None]:
        """Yields whenever a window is decided or a person has it wait; the state says how far it is.

        Raises:
            StorageError: the disk is full, or nearly; the checkpoint stays. SourceError, LedgerMismatch: of the video.
        """
        windows = windows_of(self._config.settings, about.weights)
        try:
            with Writer(self._folder.path, self._config.settings.min_file_size, self._workers) as writer:
                while not state.done:
                    yield from self._pass(video, about, state, windows, writer)
        finally:
            self.keep()

    def keep(self) -> None:
        """Writes the checkpoint; the manifest is on the disk before it."""
        if self._folder.manifest.exists():
            with files.storage_errors(self._folder.manifest), open(self._folder.manifest, "rb") as file:
                os.fsync(file.fileno())
        patch_dir.write_status(self._folder, self._status)
        self._kept = time.monotonic()

    # --- one pass

    def _pass(
        self, video: Video, about: PatchVideo, state: VideoState, windows: list[Window], writer: Writer
    ) -> Generator[None, None, None]:
        instants = Instants(video.ledger, self._config.settings, len(windows))
        by_number = {window.index: window for window in windows}
        chosen = windows if state.todo is None else [by_number[index] for index in state.todo]
        placed = spread([instants.place(window, state.attempt) for window in chosen])[state.at :]
        cuts = frozenset(state.cuts or ())
        self._kept_apart = self._validation(video, about, state)
        x, y, width, height = state.active or (0, 0, video.info.width, video.info.height)
        converter = Converter(self._config.settings, (x, y, width, height))
        with closing(read_windows(video, placed, compare, around=converter.around)) as found:
            for one, pictures in found:
                yield from self._heed(writer)
                why = fault(pictures, self._config.settings, cuts)
                if why is None:
                    batch = self._batch(video, about, state, one, pictures, converter)
                else:
                    batch = self._failed(state, one, why)
                yield from writer.add(batch)
        yield from writer.finish()
        self._next_pass(state)

    def _next_pass(self, state: VideoState) -> None:
        state.attempt, state.todo, state.at, state.retry = state.attempt + 1, state.retry, 0, []
        state.done = not state.todo
        if state.attempt >= self._config.settings.max_retry_attempts:
            state.lost, state.todo, state.done = len(state.todo), [], True
        self.keep()

    def _failed(self, state: VideoState, one: Placed, why: str) -> Batch:
        def then(_: Sequence[Written]) -> None:
            state.tries[why] = state.tries.get(why, 0) + 1
            state.retry.append(one.window.index)
            self._decided(state)

        return Batch([], then)

    def _decided(self, state: VideoState) -> None:
        state.at += 1
        if time.monotonic() - self._kept > KEPT_EVERY_S:
            self.keep()

    # --- a window that is taken

    def _batch(
        self,
        video: Video,
        about: PatchVideo,
        state: VideoState,
        one: Placed,
        pictures: list[Picture],
        converter: Converter,
    ) -> Batch:
        cuts, missed = converter.cuts(self._config, about, one, pictures)
        pixels = converter.pixels(pictures) if cuts else []
        patches = [self._patch(video, about, state, one, pixels, cut) for cut in cuts]

        def then(written: Sequence[Written]) -> None:
            lines = [each.line for each in written if each.line is not None]
            if lines:
                self._status.manifest_bytes += jsonl.append(self._folder.manifest, lines)
            self._status.bytes += sum(each.bytes for each in written)
            for line in lines:
                self._status.patches[line["category"]] = self._status.patches.get(line["category"], 0) + 1
            for why in [*missed, *["small_file"] * (len(written) - len(lines))]:
                state.missed[why] = state.missed.get(why, 0) + 1
            state.taken += 1
            self._decided(state)

        return Batch(patches, then)

    def _patch(
        self, video: Video, about: PatchVideo, state: VideoState, one: Placed, pixels: list[NDArray[Any]], cut: Cut
    ) -> Patch:
        settings = self._config.settings
        val = shot_start(state.cuts or [], one.first) in self._kept_apart
        category = self._config.categories[cut.category]
        names = names_of(
            category, cut.format.name, about, one.window.index, settings.layout, settings.lr_versions, val=val
        )
        line = {
            **names,
            "ordinals": list(one.ordinals),
            "pts_s": [video.ledger.seconds(ordinal) for ordinal in one.ordinals],
            "rectangle": list(cut.rectangle),
            "lr_size": list(cut.format.lr),
            "category": cut.category,
            "format": cut.format.name,
            "video": about.name,
            "window": one.window.index,
            "attempt": one.attempt,
            "moved": one.moved,
            "split": "val" if val else "train",
            "fingerprint": video.info.fingerprint,
        }
        crops = crops_of(pixels, cut)
        make = functools.partial(stacks_of, crops, cut.format.lr, settings)
        return Patch(line, make, sum(crop.nbytes for crop in crops))

    def _validation(self, video: Video, about: PatchVideo, state: VideoState) -> frozenset[int]:
        """First ordinals of the shots that are kept for validation; a video that is kept is one shot."""
        settings = self._config.settings
        if settings.split_by == "shot":
            sizes = shot_sizes(state.cuts or [], len(video.ledger))
            return validation(sizes, settings.val_percent, settings.seed, about.stem)
        videos = {one.stem: len(windows_of(settings, one.weights)) for one in self._config.videos}
        return frozenset({0}) if about.stem in validation(videos, settings.val_percent, settings.seed) else frozenset()

    # --- while it runs

    def _heed(self, writer: Writer) -> Generator[None, None, None]:
        """Does what a person wants of the call, and stops before the disk is full."""
        if time.monotonic() - self._looked < LOOKED_EVERY_S:
            return
        while True:
            self._looked = time.monotonic()
            free = shutil.disk_usage(self._folder.path).free
            if free < self._least_free:
                raise StorageError(
                    f"only {free / 1e9:.1f} GB are free in {self._folder.path}, and {self._least_free / 1e9:g} GB are "
                    "to stay free; free some space, then run the same command to go on.",
                    code="disk_nearly_full",
                )
            wish = patch_dir.read_control(self._folder)
            if type(wish.get("workers")) is int and 1 <= wish["workers"] <= 256:
                writer.resize(wish["workers"])
            self.waits = wish.get("paused") is True
            if not self.waits:
                return
            yield from writer.finish()
            self.keep()
            time.sleep(LOOKED_EVERY_S)
            yield
