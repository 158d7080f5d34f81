"""Masks of prompt frames: what a click shows, what the board shows before a shot is carried through."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from core import files
from core.models import Masker
from core.models.masking import check_prompts
from core.pipeline.masks.home import Home
from core.prompts import FrameMasks
from core.store import masks
from core.store.masks import Still, digest_of
from core.store.shot_notes import ShotNote


def still_of(
    home: Home, note: ShotNote, masker: Masker, rgb: NDArray[np.uint8], frame: int | None = None
) -> FrameMasks:
    """Returns the masks of one frame of a shot by the prompts on it, and keeps those of the prompt frame.

    Args:
        home: of the video.
        note: of the shot; need not be saved.
        masker: used by this thread only.
        rgb: the picture of the frame.
        frame: ordinal; the prompt frame if ``None``.

    Raises:
        SettingsError: as ``models.masking.check_prompts``. StorageError.
    """
    at = note.prompt_frame if frame is None else frame
    prompts = [prompt for prompt in note.of() if prompt.index == at - note.start]
    check_prompts(prompts, note.end - note.start, rgb.shape[1], rgb.shape[0])
    found = masker.still(rgb, prompts, key=f"{home.fingerprint}:{at}")
    if at == note.prompt_frame:
        files.make_folder(home.dir.masks)
        masks.write_still(
            home.dir.still(note.start),
            Still(found.object_ids, found.masks, found.scores, still_digest(note), masker.name),
        )
    return dataclasses.replace(found, index=at - note.start)


def still_digest(note: ShotNote) -> str:
    """Returns 16 hex digits of what is said on the prompt frame of a shot."""
    said = [(p.object_id, p.points, p.labels, p.box) for p in note.on(note.prompt_frame) if not p.empty]
    return digest_of(str(note.prompt_frame), repr(said))


def kept_still(home: Home, note: ShotNote) -> Still | None:
    """Returns the kept masks of the prompt frame; ``None``: there are none of what is said now."""
    found = masks.read_still(home.dir.still(note.start))
    return found if found is not None and found.digest == still_digest(note) else None
