"""A name that every library takes: ONNX Runtime and OpenVINO know paths as UTF-8 only."""

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
    """Gives weights whose path is not UTF-8 another one, a link that is there until the block ends.

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
            raise WeightsError(str(error).replace(str(link), weights.path)) from error


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
