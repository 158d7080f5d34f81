"""Rewrites a face detector of fixed input size (ONNX) to a dynamic one, so that a small picture costs little.

Many SCRFD files were exported for 640 x 640. They are fully convolutional: only the shapes that they state, and the
sizes to which their Resize nodes enlarge feature maps, are bound to the square.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core import log

SMALL_PX = 96
"""Side of the picture on which the new detector is tested."""
TOLERANCE = 1e-3


def of_any_size(detector: Any, open_session: Callable[[bytes, list[str]], Any]) -> Any | None:
    """Returns a detector with the outputs of ``detector`` for pictures of any size.

    ``detector`` itself where its input is dynamic already; ``None`` where the network cannot be rewritten.

    Args:
        detector: one of insightface, ready to run.
        open_session: makes an ONNX Runtime session of the bytes of a network, for these providers.
    """
    if detector.static_input_size is None:
        return detector
    try:
        other = _rewritten(detector, open_session)
        same = _agree(detector, other)
    except Exception as error:  # files of strangers: whatever is odd about one, faces are found without this
        log.get().debug("the face detector cannot be made to take other sizes (%s)", error)
        return None
    return other if same else None


def _rewritten(detector: Any, open_session: Callable[[bytes, list[str]], Any]) -> Any:
    session = open_session(_without_sizes(detector.model_file), detector.session.get_providers())
    other = type(detector)(session=session)
    other.prepare(0, det_thresh=detector.det_thresh)
    return other


def _without_sizes(path: str) -> bytes:
    """The network with symbolic height and width, and Resize nodes by a factor instead of to a size."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {v.name: _shape(v) for v in (*graph.value_info, *graph.input, *graph.output)}
    for axis, name in ((2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[-2].dim_param = f"{output.name}_anchors"
    for node in [n for n in model.graph.node if n.op_type == "Resize" and len(n.input) == 4]:
        factor = np.array(shapes[node.output[0]], np.float32) / np.array(shapes[node.input[0]], np.float32)
        name = f"{node.output[0]}_factor"
        model.graph.initializer.append(numpy_helper.from_array(factor, name))
        node.input[2] = name
        del node.input[3]
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())


def _shape(value: Any) -> list[int]:
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]


def _agree(detector: Any, other: Any) -> bool:
    """Whether both give the same for noise, at every anchor, and the other takes a small picture too."""
    width, height = detector.static_input_size
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    other.forward(noise[:SMALL_PX, :SMALL_PX], 0.0)
    ours, theirs = ([np.vstack(part) for part in d.forward(noise, 0.0)] for d in (other, detector))
    return all(
        a.shape == b.shape and np.allclose(a, b, TOLERANCE, TOLERANCE) for a, b in zip(ours, theirs, strict=True)
    )
