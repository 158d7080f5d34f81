"""Discard reasons as small numbers: comparing texts takes numpy up to ten times as long as the rest of a filter."""

from __future__ import annotations

import weakref

import numpy as np
from numpy.typing import NDArray

Codes = tuple[tuple[str, ...], NDArray[np.int16]]

_known: dict[int, tuple[weakref.ref[NDArray[np.str_]], Codes]] = {}
"""Id of a column -> the column while it lives, and its codes: a slider filters the same table again and again."""


def discard_codes(discarded: NDArray[np.str_]) -> Codes:
    """Returns the names of the reasons, ``""`` first, and (F,) int16: which of them each frame has.

    Remembered for as long as the column lives, which nobody may change: the columns of a FrameTable never are.

    Args:
        discarded: (F,) str, as in ``FrameTable.discarded``.
    """
    key = id(discarded)
    known = _known.get(key)
    if known is not None and known[0]() is discarded:
        return known[1]
    codes = _codes(discarded)
    _known[key] = (weakref.ref(discarded, lambda _: _known.pop(key, None)), codes)
    return codes


def _codes(discarded: NDArray[np.str_]) -> Codes:
    names, codes = [""], np.zeros(len(discarded), np.int16)
    rows = np.flatnonzero(_is_discarded(discarded))
    text = discarded[rows]
    while len(rows):  # one round for each of the few reasons: sorting all the texts takes longer
        same = text == text[0]
        codes[rows[same]] = len(names)
        names.append(str(text[0]))
        rows, text = rows[~same], text[~same]
    return tuple(names), codes


def _is_discarded(discarded: NDArray[np.str_]) -> NDArray[np.bool_]:
    """``discarded != ""`` by the first character alone: whole texts take numpy 4 to 12 times longer."""
    text = np.ascontiguousarray(discarded)
    letters = text.view(np.uint32).reshape(len(text), text.dtype.itemsize // 4)
    return np.not_equal(letters[:, 0], 0)
