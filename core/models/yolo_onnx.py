"""Reads the metadata of an ``.onnx`` of a YOLO model, and corrects it by the shape of its first output. Runs nothing.

People export with a fixed batch, in half precision, without class names, for other pictures than RGB: what can be run
is run, anything else is refused with one sentence.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path
from typing import Any

from core.errors import WeightsError
from core.models.yolo_weights import MOST_STRIDE, STRIDE, TASKS, Facts, _first, _names, fitted, other_task
from core.weights import Weights

ERRORS_ONLY = 3
MOST_AT_ONCE = 64
"""Largest fixed batch that is run."""
BOX, ROW = 4, 6
"""Values of a box (xywh); of a row of an end-to-end model (xyxy, confidence, class)."""
MOST_NAMES_LETTERS = 4_000_000
"""Characters of the metadata's class names that are read."""
MOST_SIDE_PX = 8192
FLOATS = ("tensor(float)", "tensor(float16)")


def read_onnx(weights: Weights) -> Facts:
    """Returns the facts in the metadata of an ``.onnx`` that Ultralytics exported.

    Raises:
        WeightsError: it is damaged, was not exported by Ultralytics, or is of another task or for other pictures.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(ERRORS_ONLY)
    try:
        session = onnxruntime.InferenceSession(weights.path, providers=["CPUExecutionProvider"])
        metadata = session.get_modelmeta().custom_metadata_map
        inputs = session.get_inputs()
    except Exception as error:
        raise _unreadable(weights, error) from None
    if "names" not in metadata:
        raise WeightsError(
            f"{weights.path} was not exported by Ultralytics (it names no classes); export it from a .pt.",
            code="weights_of_other_program",
        )
    if metadata.get("task") not in TASKS:
        raise other_task(weights, metadata.get("task", "unknown"))
    batch, fixed = _input(weights, inputs)
    rows = metadata.get("end2end") == "True" or "'nms': True" in metadata.get("args", "")
    data = Path(weights.path).read_bytes()
    int8 = b"ConvInteger" in data or b"DynamicQuantizeLinear" in data
    stride = _parsed_stride(weights, metadata.get("stride", str(STRIDE)))
    return Facts(_parsed_names(weights, metadata["names"]), rows, stride, fixed, int8, batch)


def _unreadable(weights: Weights, error: Exception) -> WeightsError:
    """ONNX Runtime has one error class for all of this: only its words tell apart that the second file is missing."""
    if "external data" in str(error).lower() or "external_data" in str(error).lower():
        return WeightsError(
            f"{weights.path} has its weights in a second file that is not beside it ({_first(error)}); copy that file "
            "there too.",
            code="weights_apart",
        )
    sentence = f"{weights.path} cannot be read as ONNX weights ({_first(error)}); it may be cut off: copy it again."
    return WeightsError(sentence, code="weights_unreadable")


def cannot_run(weights: Weights, error: Exception) -> WeightsError:
    """Returns the error of a network that was read and does not run."""
    return WeightsError(
        f"{weights.path} cannot be run here ({_first(error)}); export it anew with Ultralytics (format=onnx), or use "
        "the .pt itself.",
        code="cannot_run",
    )


def _input(weights: Weights, inputs: list[Any]) -> tuple[int, tuple[int, int] | None]:
    """Returns how many pictures the network takes at once, and (w, h) where only one size is taken."""
    if len(inputs) != 1:
        raise _unfit(f"{weights.path} has {len(inputs)} inputs; a model that takes a picture alone is wanted.")
    image = inputs[0]
    anew = "export it with Ultralytics (format=onnx)"
    if len(image.shape) != 4:
        raise _unfit(f"{weights.path} takes an input of {len(image.shape)} axes, not 4; {anew}.")
    batch, channels, height, width = image.shape
    if channels != 3:
        shape = " x ".join(map(str, image.shape))
        raise _unfit(
            f"{weights.path} takes {channels} channels (input {shape}); a model of RGB pictures (3) in the order "
            f"batch, channels, height, width is wanted: {anew}."
        )
    if image.type not in FLOATS:
        raise _unfit(f"{weights.path} takes pixels as {image.type}; float32 or float16 is wanted: {anew}.")
    if isinstance(batch, int) and not 1 <= batch <= MOST_AT_ONCE:
        raise _unfit(
            f"{weights.path} takes batches of {batch} pictures; 1 to {MOST_AT_ONCE} can be run: export it with batch=1."
        )
    fixed = (width, height) if isinstance(width, int) and isinstance(height, int) else None
    if fixed is not None and not all(1 <= side <= MOST_SIDE_PX for side in fixed):
        raise _unfit(f"{weights.path} takes pictures of {width} x {height}; 1 to {MOST_SIDE_PX} pixels are wanted.")
    return batch if isinstance(batch, int) else 1, fixed


def _unfit(sentence: str) -> WeightsError:
    return WeightsError(sentence, code="weights_unfit")


def _parsed_names(weights: Weights, text: str) -> tuple[str, ...]:
    """Parses class names as an ``.onnx`` has them: a Python dict or list of texts. Raises ``WeightsError``."""
    if len(text) > MOST_NAMES_LETTERS:
        raise _unfit(f"{weights.path} says {len(text)} characters of its classes; get the weights from elsewhere.")
    try:
        names = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError, OverflowError):
        raise _unfit(_unreadable_names(weights, text)) from None
    numbered = (
        all(str(key).isdecimal() for key in names) if isinstance(names, dict) else isinstance(names, (list, tuple))
    )
    if not numbered:
        raise _unfit(_unreadable_names(weights, text))
    return _names(weights, names)


def _unreadable_names(weights: Weights, text: str) -> str:
    return f"the class names of {weights.path} cannot be read ({text[:60]!r}); export it anew with Ultralytics."


def _parsed_stride(weights: Weights, text: str) -> int:
    """The largest number in the text: exports write one, or one for each scale."""
    stride = max((int(number) for number in re.findall(r"[0-9]{1,9}", text[:100])), default=STRIDE)
    if not 1 <= stride <= MOST_STRIDE:
        raise _unfit(f'{weights.path} says that its stride is "{text[:20]}"; 1 to {MOST_STRIDE} is wanted.')
    return stride


def with_output(weights: Weights, facts: Facts, shapes: list[tuple[int, ...]], size: tuple[int, int]) -> Facts:
    """Returns the facts, completed and corrected by the shapes of the network's real outputs.

    Args:
        weights: the file.
        facts: from ``read_onnx``.
        shapes: of all outputs for pictures of this size, the batch first.
        size: (w, h) of the input.

    Raises:
        WeightsError: the first output has not the form of boxes.
    """
    if not shapes or len(shapes[0]) != 3:
        raise _unfit(_no_boxes(weights, shapes))
    masks = next((shape[1] for shape in shapes[1:] if len(shape) == 4), 0)
    first, second = shapes[0][1:]
    anchors = sum((size[0] // stride) * (size[1] // stride) for stride in (8, 16, 32))
    rows = second == ROW + masks and (
        facts.end_to_end or (first != BOX + len(facts.names) + masks and first != anchors)
    )
    if rows:
        return dataclasses.replace(facts, end_to_end=True)
    transposed = first == anchors or (second != anchors and second == BOX + len(facts.names) + masks)
    classes = (second if transposed else first) - BOX - masks
    if classes < 1 or (second if not transposed else first) < classes // 4:
        raise _unfit(_no_boxes(weights, shapes))
    names = fitted(facts.names, classes, weights.path)
    return dataclasses.replace(facts, names=names, end_to_end=False, transposed=transposed)


def _no_boxes(weights: Weights, shapes: list[tuple[int, ...]]) -> str:
    form = " x ".join(map(str, shapes[0])) if shapes else "nothing"
    return (
        f"{weights.path} gives {form}, which is not how YOLO models give boxes (batch x (4 + classes) x anchors, or "
        "batch x boxes x 6); export it anew with Ultralytics (format=onnx)."
    )
