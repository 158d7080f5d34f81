"""Gives weights a path in UTF-8 for a while: ONNX Runtime and OpenVINO take no other."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import WeightsError
from core.weights import Weights


@contextlib.contextmanager
def plain_path(weights: Weights) -> Iterator[Weights]:
    """Yields the weights; where their path is not UTF-8, under a temporary link that goes when the block ends.

    Raises:
        WeightsError: as in the block, about the path that was given.
    """
    if _is_utf8(weights.path):
        yield weights
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, f"weights{Path(weights.path).suffix}")
        link.symlink_to(weights.path)
        try:
            yield dataclasses.replace(weights, path=str(link))
        except WeightsError as error:
            raise error.reworded(str(error).replace(str(link), weights.path)) from error


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
