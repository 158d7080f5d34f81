"""What the page is told of shots and their masks, as plain JSON values and pictures.

Not here: routes (``masking_routes``), how masks are made (``pipeline.masks``).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FramesieveError
from core.store import annotations as annotation_file
from core.store import masks
from core.ui.session import file_stamp

if TYPE_CHECKING:
    from core.pipeline.masks.home import Home
    from core.pipeline.masks.state import ShotState
    from core.settings.masks import MaskSettings
    from core.store.shot_notes import ShotNote

MOST_PERSONS = 60
"""Persons that are offered as subjects."""


def home_facts(home: Home, name: str, number: int | None) -> dict[str, Any]:
    """Returns what is told of a video: its size and length."""
    from core.pipeline.masks.shots import were_found

    seconds = float(home.frames / home.rate) if home.rate else home.frames / 30
    return {
        "name": name,
        "number": number,
        "segments": number is not None,
        "frames": home.frames,
        "width": home.width,
        "height": home.height,
        "seconds": seconds,
        "found": were_found(home),
    }


def seeds_of(home: Home) -> dict[str, Any]:
    """Returns what can point at subjects by itself: the persons of the video, and whether a face is looked for."""
    from core.pipeline.masks.boxes import faces_in
    from core.pipeline.persons.home import persons_of_run
    from core.store import person_edits, persons

    told: dict[str, Any] = {"persons": [], "face": False}
    with contextlib.suppress(FramesieveError, OSError, ValueError):
        faces = faces_in(home)
        told["face"] = faces is not None and len(faces.references) > 0
    if home.run is None:
        return told
    with contextlib.suppress(FramesieveError, OSError, ValueError):
        folder = persons_of_run(home.run)
        if folder.persons.exists():
            names = person_edits.read(folder.edits).names()
            ids = persons.read_persons(folder.persons).person_ids.tolist()
            told["persons"] = [[one, names.get(one, "")] for one in ids[:MOST_PERSONS]]
    return told


def shots_told(home: Home, home_id: str, settings: MaskSettings) -> list[dict[str, Any]]:
    """Returns every shot of a video for the board. Raises ``RunError``: a file is damaged."""
    from core.pipeline.masks.state import board

    said = annotation_file.read(home.dir.annotations)
    return [_shot(home, home_id, one, said.note(one.start)) for one in board(home, settings)]


def _shot(home: Home, home_id: str, one: ShotState, note: ShotNote | None) -> dict[str, Any]:
    from core.pipeline.masks.click_main import plain_prompt

    prompts = [] if note is None or note.end != one.end else [p for p in note.prompts if not p.empty]
    files = (home.dir.shot(one.start), home.dir.still(one.start))
    shown = one.worst_frame if one.state == "doubtful" and one.worst_frame is not None else one.prompt_frame
    return {
        "key": f"{home_id}:{one.start}",
        "home": home_id,
        "number": one.number,
        "start": one.start,
        "end": one.end,
        "prompt_frame": one.prompt_frame,
        "shown": shown,
        "prompts": [plain_prompt(prompt) for prompt in prompts],
        "state": one.state,
        "worst": None if one.worst is None else round(one.worst, 4),
        "worst_frame": one.worst_frame,
        "saved_at": one.saved_at,
        "revision": one.revision,
        "stamp": "-".join([str(one.revision), one.state, str(shown), *map(file_stamp, files)]),
    }


def with_places(shots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gives each shot its ``place`` where the worst one comes first."""
    from core.pipeline.masks.trust import worst_first

    for place, at in enumerate(worst_first([shot["worst"] for shot in shots])):
        shots[at]["place"] = place
    return shots


def mark_of(shots: Sequence[Mapping[str, Any]]) -> str:
    """Returns a text that changes when any of the shots does."""
    return masks.digest_of(*(f"{shot['key']} {shot['end']} {shot['stamp']}" for shot in shots))


def curves(home: Home, start: int) -> dict[str, Any]:
    """Returns the trust columns of a finished shot by object; empty where it is not finished."""
    shot = masks.read_shot(home.dir.shot(start))
    if shot is None:
        return {}
    return {str(one): _curve(shot, row) for row, one in enumerate(shot.object_ids.tolist())}


def _curve(shot: masks.ShotMasks, row: int) -> dict[str, Any]:
    from core.pipeline.masks.trust import trust_of

    found = trust_of(shot, row)
    names = ("trust", "score", "area_kept", "iou_previous", "iou_detector")
    columns: dict[str, Any] = {name: [_number(v) for v in getattr(found, name).tolist()] for name in names}
    columns |= {"ordinals": found.ordinals.tolist(), "filled": shot.filled[row].tolist()}
    columns |= {"worst": round(found.worst, 4), "worst_frame": found.worst_frame}
    pixels = shot.size[0] * shot.size[1]
    return columns | {"area_pct": [round(100 * int(area) / pixels, 3) for area in shot.area[row].tolist()]}


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def masks_at(home: Home, start: int, ordinal: int) -> tuple[NDArray[np.bool_], tuple[int, ...]] | None:
    """Returns the written masks of a frame, (O, H, W), and the ids of its objects; ``None``: there are none.

    Those of the prompt frame of a shot that was not carried through are the kept ones of the last click.
    """
    from core.pipeline.masks import mask_files

    shot = masks.read_shot(home.dir.shot(start))
    if shot is not None and shot.start <= ordinal < shot.end:
        pixels = mask_files.read_mask(home.dir.mask(ordinal))
        if pixels is None:
            return None
        ids = tuple(shot.object_ids.tolist())
        return np.stack([mask_files.of_object(pixels, ids, one) for one in ids]), ids
    return _still_at(home, start, ordinal)


def _still_at(home: Home, start: int, ordinal: int) -> tuple[NDArray[np.bool_], tuple[int, ...]] | None:
    from core.pipeline.masks.stills import kept_still

    note = annotation_file.read(home.dir.annotations).note(start)
    if note is None or note.prompt_frame != ordinal:
        return None
    still = kept_still(home, note)
    return None if still is None else (still.masks, tuple(still.object_ids))


def tile(rgb: NDArray[np.uint8], found: tuple[NDArray[np.bool_], tuple[int, ...]] | None) -> bytes:
    """Returns the picture of a shot on the board as JPEG, its masks over it.

    Args:
        rgb: (h, w, 3) small picture.
        found: masks at source size and their ids; ``None``: none.
    """
    from core.video import images, overlay

    if found is not None:
        small = overlay.shrunk(found[0], rgb.shape[1], rgb.shape[0])
        rgb = overlay.covered(rgb, small, found[1])
    return images.encode_jpeg(rgb, 85)


def name_of(path: Path, base: Path) -> str:
    """Returns what a segment is called."""
    return path.name if path != base else base.name
