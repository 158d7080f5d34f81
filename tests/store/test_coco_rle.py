"""COCO's run-length texts: known ones, and any mask comes back by a reader that is not the library's."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.store import coco_rle

MADE = [
    (np.zeros((4, 3), np.bool_), "<"),
    (np.ones((2, 5), np.bool_), "0:"),
    (np.eye(6, dtype=np.bool_), "016000000000"),
]
"""Masks, and their texts."""


@pytest.mark.parametrize(("mask", "text"), MADE)
def test_known_texts(mask: np.ndarray, text: str) -> None:
    assert coco_rle.encode(mask) == {"size": list(mask.shape), "counts": text}


def decoded(rle: dict) -> np.ndarray:
    """The format read as its documentation says, independently of how it is written."""
    counts: list[int] = []
    signs = [ord(sign) - 48 for sign in rle["counts"]]
    at = 0
    while at < len(signs):
        value = shift = 0
        while True:
            sign = signs[at]
            at += 1
            value |= (sign & 31) << shift
            shift += 5
            if not sign & 32:
                if sign & 16:
                    value |= -1 << shift
                break
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(rle["size"], order="F")


masks = arrays.arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@hypothesis.given(masks)
def test_any_mask_comes_back(mask: np.ndarray) -> None:
    assert np.array_equal(decoded(coco_rle.encode(mask)), mask)


def test_long_runs_come_back() -> None:
    mask = np.add.outer(np.arange(700), np.arange(900)) % 613 < 300
    assert np.array_equal(decoded(coco_rle.encode(mask)), mask)
