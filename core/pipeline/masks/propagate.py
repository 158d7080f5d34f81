"""Carries the masks of a shot through its frames and writes them; the columns of the shot last.

A killed shot begins anew and gives the same files. Objects whose prompts did not change are not made again.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Protocol

import numpy as np

from core import files
from core.errors import RunError
from core.models import Masker
from core.models.masking import check_prompts, nothing_chosen, says_where
from core.pipeline.masks.boxes import BoxesOfFrames
from core.pipeline.masks.home import Home, Pictures, ShotFrames
from core.pipeline.masks.shot_columns import ShotColumns, one_of
from core.pipeline.masks.state import object_digest
from core.prompts import FrameMasks
from core.store import masks
from core.store.masks import ShotMasks
from core.store.shot_notes import ObjectPrompt, ShotNote


def is_finished(home: Home, note: ShotNote, made_by: str) -> bool:
    """Whether the masks of a shot were made of these prompts by this masker."""
    try:
        done = masks.read_shot(home.dir.shot(note.start))
    except RunError:
        return False
    wanted = tuple(object_digest(note, i, made_by) for i in note.objects)
    return done is not None and (done.start, done.end) == (note.start, note.end) and done.digests == wanted


def propagate(
    home: Home,
    note: ShotNote,
    masker: Masker,
    pictures: Pictures,
    made_by: str,
    detected: BoxesOfFrames | None = None,
    again: Again | None = None,
) -> Generator[int, None, ShotMasks]:
    """Yields how many frames of a shot are masked; returns its columns, which are then on the disk.

    Memory: the masks of two frames, whatever the length of the shot, beside what the masker keeps.

    Args:
        home: of the video; the caller holds its lock.
        note: of the shot, with at least one object.
        masker: used by this thread only.
        pictures: of the video.
        made_by: ``state.masker_digest``.
        detected: boxes of a detector, for the trust; ``None`` = none.
        again: finds the first object where its mask is lost; ``None`` = nobody looks.

    Raises:
        SettingsError: a point outside of the picture, or prompts that leave nothing (``empty_mask``).
        StorageError: the disk is full; earlier shots stay finished.
    """
    check_prompts(note.of(), note.end - note.start, home.width, home.height)
    work = ShotColumns(home, note, made_by, detected)
    kept = work.kept()
    masks.forget(home.dir, note.start, note.end, but=kept)
    files.make_folder(home.dir.masks)
    found = yield from _carried(work, masker, pictures, note)
    for _ in range(ROUNDS if again is not None and note.objects[0] not in kept else 0):
        assert again is not None
        prompt = again(found, note)
        if prompt is None:
            break
        note = note.with_prompt(prompt)
        work = ShotColumns(home, work.note, made_by, detected, old=_others(found, work.ids[0]), decided=work.decided)
        work.decide(prompt.frame, prompt.by)
        found = yield from _carried(work, masker, pictures, note)
    work.write(found)
    return found


ROUNDS = 4
"""Times that a lost object of a shot is looked for."""


class Again(Protocol):
    """Finds the first object of a shot where its mask is lost."""

    def __call__(self, found: ShotMasks, note: ShotNote) -> ObjectPrompt | None:
        """Returns where it is again; ``None``: it is not lost, or nobody there is it."""


def _others(found: ShotMasks, first: int) -> dict[int, ShotMasks]:
    """The columns of all objects but the first, which is masked again."""
    ids = found.object_ids.tolist()
    return {object_id: one_of(found, row) for row, object_id in enumerate(ids) if object_id != first}


def _carried(work: ShotColumns, masker: Masker, pictures: Pictures, note: ShotNote) -> Generator[int, None, ShotMasks]:
    wanted = [i for i in work.ids if i not in work.old]
    frames = ShotFrames(pictures, note.start, note.end)
    with closing(_through(masker, frames, note, wanted)) as source:
        for done, found in enumerate(source, 1):
            work.add(found)
            yield done
    return work.columns()


def _through(
    masker: Masker, frames: ShotFrames, note: ShotNote, wanted: Sequence[int]
) -> Generator[FrameMasks, None, None]:
    """What the masker gives of some objects; of none it is not asked."""
    if wanted:
        prompts = note.of(wanted)
        said = {(p.frame - note.start, p.object_id) for p in note.prompts if not p.by}
        marked = {(p.index, p.object_id) for p in prompts if says_where(p)} & said
        source = masker.shot(frames, prompts)
        try:
            for found in source:
                _check_not_empty(found, marked)
                yield found
        finally:
            if isinstance(source, Generator):
                source.close()
        return
    empty = np.zeros((0, 1, 1), np.bool_)
    for index in range(len(frames)):
        yield FrameMasks(index, (), empty, np.zeros(0, np.float32), np.zeros(0, np.bool_))


def _check_not_empty(found: FrameMasks, marked: set[tuple[int, int]]) -> None:
    """Raises ``SettingsError`` where nothing is left of an object on a frame that says where it is."""
    for row, object_id in enumerate(found.object_ids):
        if (found.index, object_id) in marked:
            at = slice(row, row + 1)
            parts = found.masks[at], found.scores[at], found.filled[at]
            if (error := nothing_chosen(FrameMasks(found.index, (object_id,), *parts))) is not None:
                raise error
