"""What is known of every shot: the shot board, worst first, and the trust of a shot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import SettingsError
from core.models import Masker
from core.pipeline.masks.home import Home
from core.pipeline.masks.shots import shots_of
from core.pipeline.masks.trust import Trust, trust_of, worst_of
from core.settings.masks import MaskSettings
from core.settings.model import in_digest
from core.store import annotations as annotation_file
from core.store import masks
from core.store.masks import ShotMasks, digest_of
from core.store.shot_notes import ShotNote

EMPTY, POINTS, MASK, PROPAGATED, DOUBTFUL = "empty", "points", "mask", "propagated", "doubtful"
STATES = (EMPTY, POINTS, MASK, PROPAGATED, DOUBTFUL)


@dataclass(frozen=True)
class ShotState:
    """One tile of the shot board."""

    number: int
    """From 0."""
    start: int
    end: int
    """Exclusive; ordinals."""
    prompt_frame: int
    """The first frame unless another one was chosen."""
    objects: tuple[int, ...]
    """Ids that were pointed at."""
    state: str
    """One of ``STATES``: nothing said; points; the mask of the prompt frame; carried through; worth a look."""
    worst: float | None
    """Lowest trust of a finished shot, 0-1."""
    worst_frame: int | None
    """Ordinal of the frame with it."""
    saved_at: str
    revision: int
    """Of the note, for ``annotations.save_note``; 0 = none."""


def board(home: Home, settings: MaskSettings | None = None) -> list[ShotState]:
    """Returns every shot in order.

    A shot is finished when its masks were made of the prompts that it has now, by whichever masker.

    Raises:
        RunError: a file is damaged.
    """
    said = annotation_file.read(home.dir.annotations)
    done = {shot.start: shot for shot in masks.finished(home.dir)}
    limit = (settings or MaskSettings()).doubtful
    return [
        _state(home, number, start, end, said.note(start), done.get(start), limit)
        for number, (start, end) in enumerate(shots_of(home))
    ]


def trust(home: Home, start: int, object_id: int | None = None) -> Trust:
    """Returns the trust columns of a finished shot, of one object; of the first one if ``None``.

    Raises:
        SettingsError: the shot is not finished, or has no such object. RunError: its file is damaged.
    """
    shot = masks.read_shot(home.dir.shot(start))
    if shot is None:
        raise SettingsError(f"the shot at frame {start} is not masked yet; process it first.", code="not_masked")
    ids = shot.object_ids.tolist()
    if object_id is not None and object_id not in ids:
        raise SettingsError(f"the shot at frame {start} has no object {object_id}.", code="no_object")
    return trust_of(shot, 0 if object_id is None else ids.index(object_id))


def _state(
    home: Home, number: int, start: int, end: int, note: ShotNote | None, done: ShotMasks | None, limit: float
) -> ShotState:
    if note is not None and note.end != end:
        note = None
    worst, frame, state = None, None, EMPTY
    if note is not None and note.objects:
        state = POINTS
        if done is not None and is_of(done, note):
            worst, frame = worst_of(done)
            state = DOUBTFUL if worst < limit else PROPAGATED
        elif home.dir.still(start).exists():
            state = MASK
    return ShotState(
        number,
        start,
        end,
        start if note is None else note.prompt_frame,
        () if note is None else note.objects,
        state,
        worst,
        frame,
        "" if note is None else note.saved_at,
        0 if note is None else note.revision,
    )


def is_of(done: ShotMasks, note: ShotNote) -> bool:
    """Whether the masks of a shot were made of the prompts that it has now."""
    if (done.start, done.end) != (note.start, note.end) or tuple(done.object_ids.tolist()) != note.objects:
        return False
    said = [digest.partition("-")[0] for digest in done.digests]
    return said == [note_digest(note, object_id) for object_id in note.objects]


def note_digest(note: ShotNote, object_id: int) -> str:
    """Returns 16 hex digits of what is said of an object in a shot, its range included."""
    said = [[p.frame, p.points, p.labels, p.box] for p in note.prompts if p.object_id == object_id and not p.empty]
    return digest_of(json.dumps([note.start, note.end, said]))


def masker_digest(masker: Masker, settings: MaskSettings) -> str:
    """Returns 16 hex digits of what makes masks of prompts: network, weights, settings."""
    values: dict[str, Any] = in_digest(settings)
    return digest_of(masker.name, masker.digest, json.dumps(values, sort_keys=True))


def object_digest(note: ShotNote, object_id: int, made_by: str) -> str:
    """Returns what a finished object notes: ``"<of prompts>-<of the masker>"``, 16 hex digits each."""
    return f"{note_digest(note, object_id)}-{made_by}"
