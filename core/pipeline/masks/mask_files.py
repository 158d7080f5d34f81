"""Masks of frames, ``mask_000123.png``: 8-bit, 0/255 of a single object, object ids of several. Where: ``MaskDir``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files, inside
from core.errors import RunError
from core.video import images

INSIDE = 255
"""Pixels of the object in the mask of a frame with one object; with several, pixels hold object ids."""
MOST_BYTES = 200_000_000


def write_mask(path: Path, mask: NDArray[Any]) -> None:
    """Writes a mask atomically, without waiting for the disk: the columns of its shot, written last, do.

    Args:
        path: the file; its folder exists.
        mask: (H, W) bool, or uint8 as it is to stand in the file.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    pixels = mask.astype(np.uint8) * np.uint8(INSIDE) if mask.dtype == np.bool_ else mask
    files.write_bytes(path, images.encode_flat(pixels), sync=False)


def read_mask(path: Path) -> NDArray[np.uint8] | None:
    """Returns the (H, W) uint8 pixels of a mask; ``None``: there is none. Raises ``RunError``: it is damaged."""
    try:
        return images.decode_flat(inside.read_bytes(path, inside.beside(path), MOST_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read as a mask ({error}); mask the shot again.", code="damaged") from error


def of_object(pixels: NDArray[np.uint8], object_ids: Sequence[int], object_id: int) -> NDArray[np.bool_]:
    """Returns (H, W) bool: where an object is, in the mask of a frame whose shot has these objects."""
    wanted = INSIDE if len(object_ids) == 1 else object_id
    found: NDArray[np.bool_] = pixels == wanted
    return found


def composed(masks: NDArray[np.bool_], object_ids: Sequence[int]) -> NDArray[Any]:
    """Returns what the file of a frame holds: bool of a single object, else (H, W) uint8 ids.

    Where objects cover each other the one of the lower id is shown.

    Args:
        masks: (O, H, W).
        object_ids: ascending.
    """
    if len(object_ids) == 1:
        only: NDArray[Any] = masks[0]
        return only
    pixels = np.zeros(masks.shape[1:], np.uint8)
    for mask, object_id in zip(masks[::-1], list(object_ids)[::-1], strict=True):
        pixels[mask] = object_id
    return pixels


def box_of(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Returns xyxy (exclusive) of an (H, W) mask; zeros where it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def mask_iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Returns the intersection over union of two (H, W) masks; 1 where both are empty."""
    both, either = np.count_nonzero(a & b), np.count_nonzero(a | b)
    return both / either if either else 1.0
