"""Converts a ``.pt`` to ONNX for OpenVINO, once for each input size, and keeps it under its SHA-256.

The division of pixels by 255 is folded into the weights of the first convolution: its input is then whole numbers from
0 to 255, which bfloat16 holds exactly, as it does not hold fractions of 255. That takes a fifth of the error away
(measured: mean error of scores 0.0091 -> 0.0072).
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core import files
from core.errors import StorageError, WeightsError
from core.models.yolo_weights import Facts, load_pt
from core.weights import Weights

VERSION = 1
"""Part of the file name; raised when the conversion changes, so that older files are not used."""
OPSET = 17
KEY_DIGITS = 32

Size = tuple[int, int]


def converted(
    weights: Weights, max_det: int, size_for: Callable[[Facts], Size], folder: Path, unsafe: bool
) -> tuple[Any, Facts, Size]:
    """Returns the network for OpenVINO's ``read_model`` (a path; bytes where it cannot be kept), its facts, its size.

    Args:
        weights: a ``.pt``.
        max_det: boxes for each picture that an end-to-end model gives.
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
        files.write_bytes(path, data, sync=False)
        files.write_bytes(start.with_name(f"{start.name}.json"), json.dumps(asdict(facts)).encode(), sync=False)
    except (OSError, StorageError):
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
        _fold_scale(model)
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
            "with Ultralytics and use that.",
            code="cannot_run",
        ) from None
    data: bytes = file.getvalue()
    return data


def _fold_scale(model: Any) -> None:
    """Divides the weights of the first convolution by 255, instead of the pixels."""
    import torch

    first = next(module for module in model.modules() if isinstance(module, torch.nn.Conv2d))
    with torch.no_grad():
        first.weight /= 255


def _read_facts(path: Path) -> Facts | None:
    try:
        values = json.loads(path.read_bytes())
        return Facts(**(values | {"names": tuple(values["names"])}))
    except (OSError, ValueError, KeyError, TypeError):
        return None
