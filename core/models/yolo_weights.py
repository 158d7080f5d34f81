"""Loads ``.pt`` weights of Ultralytics with a restricted unpickler, and says why others are refused.

No code in a ``.pt`` runs: the unpickler builds known classes only. A file that needs more is refused, unless the caller
says that it is trusted; do that in a child process. Not here: ``.onnx`` (``yolo_onnx``).
"""

from __future__ import annotations

import os
import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import log
from core.errors import WeightsError
from core.weights import Weights

TASKS = ("detect", "segment")
STRIDE = 32


@dataclass(frozen=True)
class Facts:
    """The facts of a model that running and decoding it need."""

    names: tuple[str, ...]
    end_to_end: bool
    stride: int = STRIDE
    fixed_size: tuple[int, int] | None = None
    """(w, h) of the only input that it takes; ``None`` = any."""
    dynamic_int8: bool = False
    """Dynamically quantised (scales computed for each picture), which only ONNX Runtime runs well."""
    batch: int = 1
    """Fixed batch size of the network."""
    transposed: bool = False
    """Whether the raw output is (anchors, values) instead of Ultralytics' (values, anchors)."""


def prepare_environment() -> None:
    """Forbids Ultralytics to install, to go online and to load code; call it before anything imports it."""
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"
    os.environ.setdefault("YOLO_OFFLINE", "1")
    os.environ.setdefault("YOLO_VERBOSE", "false")


def load_pt(weights: Weights, unsafe: bool = False) -> tuple[Any, Facts]:
    """Loads a ``.pt`` and returns the fused float32 model in eval mode, its head set for export, and its facts.

    Args:
        weights: the file.
        unsafe: load whatever it holds, code included.

    Raises:
        WeightsError: the file is unsafe, damaged, or of another task.
    """
    prepare_environment()
    from ultralytics.nn import tasks
    from ultralytics.nn.modules.head import Detect

    if weights.path.lower().endswith(".torchscript"):
        sentence = f"{weights.path} is a TorchScript archive; name the .pt it was exported from."
        raise WeightsError(sentence, code="other_suffix")
    task: str
    try:
        checkpoint, _ = _untyped(tasks.torch_safe_load)(weights.path, safe_only=not unsafe)
        model = checkpoint.get("ema") or checkpoint["model"]
        task = getattr(model, "task", None) or _task_of(model)
    except Exception as error:
        raise _refusal(weights, error, unsafe) from None
    head = model.model[-1] if hasattr(model, "model") else None
    if task not in TASKS or not isinstance(head, Detect):
        raise other_task(weights, task or type(model).__name__)
    options: Any = head
    if getattr(head, "one2one_cv2", None) is not None and (getattr(model, "yaml", None) or {}).get("end2end"):
        options.end2end = True  # it was trained to need no NMS; Ultralytics would take its other head unless told
    end_to_end = bool(head.end2end)
    model = model.float().fuse().eval()
    for parameter in model.parameters():
        parameter.requires_grad = False
    options.export, options.format, options.dynamic = True, "onnx", False
    stride = int(max(model.stride)) if hasattr(model, "stride") else STRIDE
    if not 1 <= stride <= MOST_STRIDE:
        sentence = f"{weights.path} says that its stride is {stride}; 1 to {MOST_STRIDE} is wanted."
        raise WeightsError(sentence, code="weights_unfit")
    names = fitted(_names(weights, model.names), int(options.nc), weights.path)
    return model, Facts(names, end_to_end, max(stride, STRIDE))


def _task_of(model: Any) -> str:
    from ultralytics.nn import tasks

    return str(_untyped(tasks.guess_model_task)(model))


def _untyped(function: Any) -> Any:
    """A function of a library that has no types."""
    return function


def _names(weights: Weights, names: Any) -> tuple[str, ...]:
    """Class names from a list, or a dict whose keys are class ids. Raises ``WeightsError`` for anything else."""
    if isinstance(names, (list, tuple)):
        names = dict(enumerate(names))
    if isinstance(names, dict):
        names = {int(key) if str(key).isdecimal() and len(str(key)) < 20 else key: name for key, name in names.items()}
    if not isinstance(names, dict) or not all(type(key) is int for key in names):
        sentence = f"{weights.path} does not number its classes from 0; export it anew from a .pt."
        raise WeightsError(sentence, code="weights_unfit")
    last = max(names, default=-1)
    if last >= MOST_CLASSES or min(names, default=0) < 0:
        raise WeightsError(
            f"{weights.path} names class {last if last >= MOST_CLASSES else min(names)}; classes from 0 to "
            f"{MOST_CLASSES - 1} are wanted: get the weights from elsewhere.",
            code="weights_unfit",
        )
    return tuple(str(names.get(i, f"class {i}"))[:MOST_NAME] for i in range(last + 1))


MOST_CLASSES, MOST_NAME = 1 << 16, 200
"""A cache stores classes in 16 bits."""
MOST_STRIDE = 1024


def fitted(names: tuple[str, ...], classes: int, path: str) -> tuple[str, ...]:
    """Returns one name for each class of the network; warns where the file lists fewer or more."""
    if len(names) == classes:
        return names
    use = "the others are called by their numbers" if len(names) < classes else "the last names are never used"
    log.notice(
        "class_names",
        f"{path} lists {len(names)} class names and tells {classes} classes apart; {use}.",
        loud=True,
        names=len(names),
        classes=classes,
    )
    return (*names, *(f"class {i}" for i in range(len(names), classes)))[:classes]


def _refusal(weights: Weights, error: Exception, unsafe: bool) -> WeightsError:
    """The refusals of torch and Ultralytics have no error classes of their own: only their words tell them apart."""
    words = " ".join(str(e) for e in (error, error.__cause__, error.__context__) if e is not None)
    foreign = re.search(r"GLOBAL (\S+)", words)
    if not unsafe and (foreign or ("references types outside" in words and zipfile.is_zipfile(weights.path))):
        what = f" ({foreign[1].rstrip('.')})" if foreign else ""
        return WeightsError(
            f"{weights.path} holds more than the weights of an Ultralytics model{what}, and loading that could run any "
            "code; get the weights from elsewhere, or allow it if you trust whoever made them.",
            code="unsafe_weights",
            path=weights.path,
        )
    if isinstance(error, ModuleNotFoundError) or "YOLOv5" in words:
        return WeightsError(
            f"{weights.path} was made by another program than today's Ultralytics ({_first(error)}); train or export "
            "it anew.",
            code="weights_of_other_program",
        )
    return WeightsError(  # what the libraries say advises to use other programs
        f"{weights.path} cannot be read as weights: it may be cut off, damaged, or something else than a .pt of "
        "Ultralytics; copy it again, or name another file.",
        code="weights_unreadable",
    )


def other_task(weights: Weights, task: str) -> WeightsError:
    """Returns the error of a model whose task is neither detection nor segmentation."""
    return WeightsError(
        f"{weights.path} is a model for another task ({task}); weights for detection or segmentation are wanted, "
        "as in yolov8n.pt or yolov8n-seg.pt.",
        code="other_task",
        task=task,
    )


def _first(error: Exception) -> str:
    text = re.sub(r"[^\x20-\x7e]+", " ", str(error).strip().splitlines()[0] if str(error).strip() else "")
    return re.sub(r"^ERROR\s+", "", text).split(" Recommended")[0][:160].rstrip(". ") or type(error).__name__


def download(name: str, folder: Path) -> Path:
    """Lets Ultralytics download weights that it knows by name, ``yolo11n.pt`` for one. For a child process only.

    Raises:
        WeightsError: it does not know the name, or its server cannot be reached.
    """
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"
    if "ultralytics" not in sys.modules:
        os.environ.pop("YOLO_OFFLINE", None)
    from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES, attempt_download_asset

    if Path(name).name != name or name not in GITHUB_ASSETS_NAMES:
        raise WeightsError(
            f'Ultralytics offers no weights called "{name}"; known are yolo11n.pt, yolo26n.pt and others.',
            code="not_offered",
            field="name",
        )
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        attempt_download_asset(str(target))
    except Exception as error:
        raise _no_download(name, folder, _first(error)) from None
    if not target.is_file():
        raise _no_download(name, folder, "nothing came")
    return target


def _no_download(name: str, folder: Path, why: str) -> WeightsError:
    return WeightsError(
        f"{name} could not be downloaded ({why}); check the connection, or download it on another machine and copy it "
        f"to {folder}.",
        code="no_download",
        field="name",
    )
