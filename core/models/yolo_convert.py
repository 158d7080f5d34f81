"""Converts a ``.pt`` to a file that OpenVINO reads, once for each size of input, and finds it again.

The first convolution takes whole numbers from 0 to 255 instead of fractions: bfloat16 holds those exactly and
fractions of 255 not, which takes a fifth of the error away (measured: mean error of scores 0.0091 -> 0.0072).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import WeightsError
from core.models.yolo_weights import Facts, load_pt
from core.weights import Weights

VERSION = 1
"""Raised when the conversion changes, so that what an older program converted is made anew."""
OPSET = 17
KEY_DIGITS = 32

Size = tuple[int, int]


def converted(
    weights: Weights, max_det: int, size_for: Callable[[Facts], Size], folder: Path, unsafe: bool
) -> tuple[Any, Facts, Size]:
    """Returns the network for ``core.read_model`` (a path, or bytes where nothing can be kept), its facts and its size.

    Args:
        weights: a ``.pt``.
        max_det: how many boxes an end-to-end model gives.
        size_for: facts -> (w, h) of the input.
        folder: where converted models are kept.
        unsafe: see ``yolo_weights.load_pt``.

    Raises:
        WeightsError: as ``load_pt``, or the model cannot be converted.
    """
    start = folder / f"{weights.sha256[:KEY_DIGITS]}-v{VERSION}"
    facts = _read_facts(start.with_name(f"{start.name}.json"))
    if facts is not None:
        size = size_for(facts)
        path = _network(start, facts, size, max_det)
        if path.is_file():
            return path, facts, size
    model, facts = load_pt(weights, unsafe)
    size = size_for(facts)
    data = _exported(weights, model, facts, size, max_det)
    path = _network(start, facts, size, max_det)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, data)
        _write(start.with_name(f"{start.name}.json"), json.dumps(asdict(facts)).encode())
    except OSError:
        return data, facts, size  # a full or read-only cache folder costs time, nothing else
    return path, facts, size


def _network(start: Path, facts: Facts, size: Size, max_det: int) -> Path:
    end = f"-{max_det}" if facts.end_to_end else ""
    return start.with_name(f"{start.name}-{size[0]}x{size[1]}{end}.onnx")


def _exported(weights: Weights, model: Any, facts: Facts, size: Size, max_det: int) -> bytes:
    import torch

    width, height = size
    if facts.end_to_end:
        model.model[-1].max_det = max_det
    image = torch.zeros(1, 3, height, width)
    file: Any = io.BytesIO()
    try:
        _take_whole_numbers(model)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            model(image)  # lets the head make its anchors
            torch.onnx.export(
                model,
                (image,),
                file,
                dynamo=False,
                opset_version=OPSET,
                input_names=["images"],
                do_constant_folding=True,
            )
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise WeightsError(
            f"{weights.path} was read, but its model cannot be converted for OpenVINO ({first}); export it as .onnx "
            "with Ultralytics and use that."
        ) from None
    data: bytes = file.getvalue()
    return data


def _take_whole_numbers(model: Any) -> None:
    import torch

    first = next(module for module in model.modules() if isinstance(module, torch.nn.Conv2d))
    with torch.no_grad():
        first.weight /= 255


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _read_facts(path: Path) -> Facts | None:
    try:
        values = json.loads(path.read_bytes())
        return Facts(**(values | {"names": tuple(values["names"])}))
    except (OSError, ValueError, KeyError, TypeError):
        return None
