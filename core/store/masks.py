"""Columns of finished shots (``shot_<start>.npz``), and masks of prompt frames. Not here: masks of frames (PNG)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError
from core.store import npz
from core.store.mask_dir import MaskDir

MOST_PIXELS = 150_000_000
MOST_CELLS = 100_000_000
SHOT_NAME = re.compile(r"shot_(\d{6,})\.npz\Z")


@dataclass(frozen=True, eq=False, slots=True)
class ShotMasks:
    """Columns of the N frames and O objects of a finished shot."""

    ordinals: NDArray[np.int64]
    """(N,) int64, ascending, without holes."""
    object_ids: NDArray[np.int64]
    """(O,) int64, ascending; the first one is that of the records."""
    score: NDArray[np.float32]
    """(O, N) float32: how sure the masker is, 0-1; NaN = it does not say or saw nothing."""
    area: NDArray[np.int64]
    """(O, N) int64 pixels; 0 = not to be seen."""
    iou_previous: NDArray[np.float32]
    """(O, N) float32: with the mask of the frame before, 1 where both are empty; NaN for the first frame."""
    iou_detector: NDArray[np.float32]
    """(O, N) float32: of the mask's box with the detector's best box; NaN = no detector looked, or no mask."""
    boxes: NDArray[np.float32]
    """(O, N, 4) float32 xyxy of the mask, exclusive; zeros without one."""
    filled: NDArray[np.bool_]
    """(O, N) bool: made of its neighbours because the network missed the object."""
    digests: tuple[str, ...]
    """Of what each object was made from: its prompts, the shot, masker and weights; 16 hex digits."""
    made_by: str
    """Of masker, weights and settings, 16 hex digits."""
    size: tuple[int, int]
    """Width and height of the masks."""
    decided: NDArray[np.uint8]
    """(N,) uint8: on frames where the program said who the first object is, by what: index into ``DECIDED``."""

    def __post_init__(self) -> None:
        n, o = len(self.ordinals), len(self.object_ids)
        grids = (self.score, self.area, self.iou_previous, self.iou_detector, self.filled)
        if any(grid.shape != (o, n) for grid in grids) or self.boxes.shape != (o, n, 4) or len(self.digests) != o:
            raise ValueError("columns of several lengths")
        if self.decided.shape != (n,):
            raise ValueError("columns of several lengths")
        if not n or not o or np.any(np.diff(self.ordinals) != 1) or np.any(np.diff(self.object_ids) <= 0):
            raise ValueError("its frames or objects are not in order")

    @property
    def start(self) -> int:
        """First ordinal."""
        return int(self.ordinals[0])

    @property
    def end(self) -> int:
        """Ordinal after the last one."""
        return int(self.ordinals[-1]) + 1

    @property
    def digest(self) -> str:
        """Of all objects, 16 hex digits."""
        return digest_of(*(f"{i}:{d}" for i, d in zip(self.object_ids.tolist(), self.digests, strict=True)))


DECIDED = ("", "person", "face", "primary", "iou", "appearance", "lost")
"""By what the program said who the subject is; ``"lost"``: it is gone, and nobody there was it."""


def digest_of(*parts: str) -> str:
    """Returns 16 hex digits of some texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


# --- columns of a shot


GRIDS = ("score", "area", "iou_previous", "iou_detector", "filled")
OPTIONAL = ("decided",)


def write_shot(path: Path, found: ShotMasks) -> None:
    """Writes the columns atomically: a shot that has them is finished. Raises ``StorageError``."""
    columns = {name: getattr(found, name) for name in ("ordinals", "object_ids", *GRIDS, "boxes", *OPTIONAL)}
    texts = {"digests": np.array(found.digests), "made_by": np.array(found.made_by), "digest": np.array(found.digest)}
    files.write_npz(path, columns | texts | {"size": np.array(found.size, np.int64)})


def read_shot(path: Path) -> ShotMasks | None:
    """Reads the columns of a finished shot; ``None``: it is not finished. Raises ``RunError``: the file is damaged."""
    most = {"ordinals": MOST_CELLS, "object_ids": 255, "boxes": 4 * MOST_CELLS, "size": 2, "made_by": 1, "digests": 255}
    try:
        file = npz.read(path, most | dict.fromkeys((*GRIDS, *OPTIONAL), MOST_CELLS), OPTIONAL)
        return _parse(file)
    except FileNotFoundError:
        return None
    except (OSError, *npz.DAMAGED) as error:
        raise RunError(
            f"{path} is damaged ({error}); delete it, and the shot is made again.", code="damaged"
        ) from error


def _parse(file: Mapping[str, NDArray[Any]]) -> ShotMasks:
    n = len(file["ordinals"])
    width, height = (int(v) for v in file["size"])
    return ShotMasks(
        file["ordinals"].astype(np.int64),
        file["object_ids"].astype(np.int64),
        file["score"].astype(np.float32),
        file["area"].astype(np.int64),
        file["iou_previous"].astype(np.float32),
        file["iou_detector"].astype(np.float32),
        file["boxes"].astype(np.float32),
        file["filled"].astype(np.bool_),
        tuple(map(str, file["digests"])),
        str(file["made_by"]),
        (width, height),
        file.get("decided", np.zeros(n)).astype(np.uint8),
    )


def finished(folder: MaskDir) -> list[ShotMasks]:
    """Returns every finished shot that can be read, in order; a damaged one counts as not finished."""
    found = []
    for start in finished_starts(folder.masks):
        try:
            shot = read_shot(folder.shot(start))
        except RunError:
            continue
        if shot is not None and shot.start == start:
            found.append(shot)
    return found


def finished_starts(folder: Path) -> list[int]:
    """Returns the first ordinals of all shots that have columns in a folder, ascending."""
    names = (SHOT_NAME.match(path.name) for path in folder.iterdir()) if folder.is_dir() else ()
    return sorted(int(match[1]) for match in names if match is not None)


def forget(folder: MaskDir, start: int, end: int, but: Sequence[int] = ()) -> None:
    """Makes every shot that has a frame in ``[start, end)`` unfinished, before masks there are written anew.

    Args:
        folder: of the masks.
        start: first ordinal.
        end: exclusive.
        but: ids of objects whose own masks of the shot that begins at ``start`` stay.

    Raises:
        StorageError: a file cannot be removed.
    """
    stay = {folder.object_shot(object_id, start) for object_id in but}
    for path, of in [(folder.masks, folder.shot), *_object_folders(folder)]:
        for at in finished_starts(path):
            if of(at) not in stay and at < end and (at >= start or _reaches(of(at), start)):
                with files.storage_errors(of(at)):
                    of(at).unlink(missing_ok=True)


def _object_folders(folder: MaskDir) -> list[tuple[Path, Any]]:
    """Each folder of one object that is there, and what gives the path of its columns."""
    found = []
    for path in sorted(folder.masks.glob("object_*")) if folder.masks.is_dir() else ():
        number = path.name.removeprefix("object_")
        if number.isdigit() and path.is_dir():
            found.append((path, lambda at, n=int(number): folder.object_shot(n, at)))
    return found


def _reaches(path: Path, start: int) -> bool:
    try:
        found = read_shot(path)
    except RunError:
        return True
    return found is not None and found.end > start


# --- the mask of a prompt frame


@dataclass(frozen=True, eq=False, slots=True)
class Still:
    """The masks of a shot's prompt frame, before the shot is carried through."""

    object_ids: tuple[int, ...]
    masks: NDArray[np.bool_]
    """(O, H, W)."""
    scores: NDArray[np.float32]
    """(O,) NaN = not said."""
    digest: str
    """Of the prompts."""
    masker: str
    """Its name."""


def write_still(path: Path, still: Still) -> None:
    """Writes it atomically. Raises ``StorageError``."""
    columns: dict[str, NDArray[Any]] = {
        "object_ids": np.array(still.object_ids, np.int64),
        "bits": np.packbits(still.masks, axis=None),
        "shape": np.array(still.masks.shape, np.int64),
        "scores": still.scores.astype(np.float32),
        "digest": np.array(still.digest),
        "masker": np.array(still.masker),
    }
    files.write_npz(path, columns)


def read_still(path: Path) -> Still | None:
    """Reads it; ``None``: there is none, or it is damaged: it is only a preview."""
    try:
        most = {"object_ids": 255, "bits": MOST_PIXELS, "shape": 3, "scores": 255, "digest": 1, "masker": 1}
        file = npz.read(path, most)
        shape = tuple(int(v) for v in file["shape"])
        count = int(np.prod(shape))
        bits = np.unpackbits(file["bits"].astype(np.uint8), count=count).astype(np.bool_)
        ids = tuple(int(v) for v in file["object_ids"])
        return Still(ids, bits.reshape(shape), file["scores"], str(file["digest"]), str(file["masker"]))
    except (OSError, *npz.DAMAGED):
        return None
