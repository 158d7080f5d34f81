"""Which maskers there are, why one cannot run here, and how one is opened; what is wrong with prompts.

Not here: the maskers (``sam2``, ``yolo_seg_masker``), which are imported only when one is opened.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import FramesieveError, MissingDependency, SettingsError, WeightsError
from core.models import Masker
from core.models.yolo_run import cuda_name
from core.prompts import FrameMasks, Prompt
from core.settings.refusal import nearest
from core.weights import identify

PACKAGES = {"sam2": ("sam2", "torch", "torchvision"), "yolo-seg": ("ultralytics", "torch", "lap")}
"""Kind -> the packages that it needs."""
KINDS = tuple(PACKAGES)
LABELS = {"sam2": "SAM2", "yolo-seg": "YOLO segmentation"}
DEVICE_IMGSZ = {"sam2": {"cpu": 512, "cuda": 1024}, "yolo-seg": {"cpu": 640, "cuda": 640}}
"""Kind -> device -> longest side of the picture that the network sees, where none is asked for.

SAM2 was trained at 1024 px; at 512 px a CPU needs an eighth of the time.
"""

WeightsOf = Mapping[str, "str | Path | None"]
"""Kind -> its file of weights; ``None`` or absent: none was named."""


@dataclass(frozen=True)
class MaskerKind:
    """A masker that there is, whether or not it can run here."""

    name: str
    """``"sam2"`` or ``"yolo-seg"``."""
    label: str
    """For people."""
    reason: FramesieveError | None
    """Why it cannot run: one sentence, with a code; ``None`` = it can."""


def masker_kinds(weights: WeightsOf, device: str = "auto") -> tuple[MaskerKind, ...]:
    """Returns every masker; those that cannot run with the reason. Loads no network and imports none of the packages.

    Args:
        weights: which files were named.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
    """
    return tuple(MaskerKind(name, LABELS[name], _reason(name, weights.get(name), device)) for name in KINDS)


def open_masker(
    kind: str,
    weights: str | Path | None,
    *,
    device: str = "auto",
    imgsz: int | None = None,
    model_variant: str | None = None,
    model_config: str | None = None,
    unsafe: bool = False,
) -> Masker:
    """Opens a masker: loads its network.

    Args:
        kind: one of ``KINDS``.
        weights: a checkpoint of SAM2, or Ultralytics weights for segmentation.
        device: ``"auto"`` takes CUDA if it is there.
        imgsz: longest side of the picture that the network sees, pixels; ``None``: ``DEVICE_IMGSZ``.
        model_variant: SAM2 only: ``"tiny"``, ``"small"``, ``"base_plus"``, ``"large"``, or a whole name such as
            ``"sam2.1_hiera_tiny"``; ``None``: that of the weights.
        model_config: SAM2 only: a configuration of the package, such as ``"configs/sam2.1/sam2.1_hiera_l.yaml"``.
        unsafe: yolo-seg only: load weights that may run code; in a child process.

    Raises:
        SettingsError: there is no such masker, variant or configuration.
        MissingDependency: a package is not installed.
        WeightsError: there are no weights, they are of something else, or there is no CUDA device where one is wanted.
        ModelError: the GPU has too little memory.
    """
    if kind not in KINDS:
        sentence = f'there is no masker "{kind}"{nearest(kind, KINDS)}.'
        raise SettingsError(sentence, code="setting_choice", field="masker", value=kind, choices=list(KINDS))
    lacking = _lacking(kind) or _without_device(kind, device) or (_no_weights(kind) if weights is None else None)
    if lacking is not None or weights is None:
        raise lacking or _no_weights(kind)
    size = imgsz or DEVICE_IMGSZ[kind]["cuda" if device != "cpu" and cuda_name() else "cpu"]
    if kind == "sam2":
        from core.models.sam2 import open_sam2

        file = identify(weights, wanted="a .pt checkpoint of SAM2, such as sam2.1_hiera_tiny.pt")
        return open_sam2(file, device=device, imgsz=size, variant=model_variant, config=model_config)
    from core.models.yolo_seg_masker import open_yolo_seg

    file = identify(weights, wanted="Ultralytics weights for segmentation, such as yolov8n-seg.pt")
    return open_yolo_seg(file, device=device, imgsz=size, unsafe=unsafe)


def _reason(kind: str, weights: str | Path | None, device: str) -> FramesieveError | None:
    lacking = _lacking(kind) or _without_device(kind, device)
    if lacking is not None or weights is None:
        return lacking or _no_weights(kind)
    if not Path(weights).exists():
        sentence = f"there are no weights at {weights}; check the path, or copy them there."
        return WeightsError(sentence, code="no_weights")
    return None


def _lacking(kind: str) -> FramesieveError | None:
    names = [name for name in PACKAGES[kind] if importlib.util.find_spec(name) is None]
    if not names:
        return None
    sentence = f"{LABELS[kind]} needs the package {names[0]}, which is not installed; python make.py setup installs it."
    return MissingDependency(sentence, package=names[0])


def _without_device(kind: str, device: str) -> FramesieveError | None:
    if device != "cuda" or cuda_name():
        return None
    sentence = f"{LABELS[kind]} cannot run on CUDA: no CUDA device can be used here; choose the device auto or cpu."
    return WeightsError(sentence, code="no_cuda", field="device")


def _no_weights(kind: str) -> FramesieveError:
    example = {"sam2": "a checkpoint such as sam2.1_hiera_tiny.pt", "yolo-seg": "a file such as yolov8n-seg.pt"}[kind]
    sentence = f"{LABELS[kind]} has no weights yet; name {example}, or have one downloaded."
    return WeightsError(sentence, code="no_weights")


# --- prompts


def check_prompts(prompts: Sequence[Prompt], length: int, width: int, height: int) -> None:
    """Refuses prompts of which no mask can come.

    Args:
        prompts: of one shot.
        length: frames of the shot.
        width: of the displayed picture, pixels.
        height: likewise.

    Raises:
        SettingsError: there is none; a frame, point or box lies outside; a box is empty; include and exclude points are
            on the same pixel; an object has neither an include point nor a box.
    """
    if not prompts:
        sentence = "nothing is marked in this shot; click on the subject in one of its frames."
        raise SettingsError(sentence, code="no_prompt", field="points")
    for prompt in prompts:
        if not 0 <= prompt.index < length:
            sentence = (
                f"frame {prompt.index} is marked, and the shot has the frames 0 to {length - 1}; mark another one."
            )
            raise SettingsError(sentence, code="no_frame", field="points", frame=prompt.index)
        _check_points(prompt, width, height)
        _check_box(prompt, width, height)
    for object_id in sorted({prompt.object_id for prompt in prompts}):
        if not any(says_where(prompt) for prompt in prompts if prompt.object_id == object_id):
            sentence = (
                f"object {object_id} has exclude points only; click on the object itself, or draw a box around it."
            )
            raise SettingsError(sentence, code="no_include", field="points", object_id=object_id)


def says_where(prompt: Prompt) -> bool:
    """Whether the prompt alone says where the object is: it has an include point or a box."""
    return prompt.box is not None or bool((prompt.labels == 1).any())


def by_frame(prompts: Sequence[Prompt]) -> dict[int, dict[int, Prompt]]:
    """Returns frame -> object -> what is said of it there, both ascending; prompts of one place united."""
    found: dict[int, dict[int, Prompt]] = {}
    for prompt in sorted(prompts, key=lambda one: (one.index, one.object_id)):
        objects = found.setdefault(prompt.index, {})
        before = objects.get(prompt.object_id)
        objects[prompt.object_id] = prompt if before is None else _both(before, prompt)
    return found


def _both(one: Prompt, other: Prompt) -> Prompt:
    points, labels = np.concatenate([one.points, other.points]), np.concatenate([one.labels, other.labels])
    return replace(other, points=points, labels=labels, box=one.box if other.box is None else other.box)


def nothing_chosen(masks: FrameMasks) -> SettingsError | None:
    """Returns the error of the first object whose mask of a frame that was marked is empty; ``None`` = all have one."""
    for object_id, mask in zip(masks.object_ids, masks.masks, strict=True):
        if not mask.any():
            sentence = (
                f"the mask of object {object_id} is empty: its points contradict each other, or nothing was found "
                "under them; move them, or take some away."
            )
            return SettingsError(sentence, code="empty_mask", field="points", object_id=object_id)
    return None


def _check_points(prompt: Prompt, width: int, height: int) -> None:
    for x, y in prompt.points.tolist():
        if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
            sentence = (
                f"the point {x:g}, {y:g} of object {prompt.object_id} is outside of the picture of {width} x {height} "
                "pixels; put it into the picture."
            )
            raise SettingsError(
                sentence, code="point_outside", field="points", object_id=prompt.object_id, point=[x, y]
            )
    pixels = np.round(prompt.points)
    included = {tuple(point) for point in pixels[prompt.labels == 1].tolist()}
    both = [point for point in pixels[prompt.labels == 0].tolist() if tuple(point) in included]
    if both:
        x, y = both[0]
        sentence = (
            f"object {prompt.object_id} has an include and an exclude point on the same pixel ({x:g}, {y:g}); "
            "take one of them away."
        )
        raise SettingsError(
            sentence, code="points_contradict", field="points", object_id=prompt.object_id, point=both[0]
        )


def _check_box(prompt: Prompt, width: int, height: int) -> None:
    if prompt.box is None:
        return
    left, top, right, bottom = prompt.box.tolist()
    if not (left < right and top < bottom and left < width and top < height and right > 0 and bottom > 0):
        sentence = (
            f"the box {left:g}, {top:g}, {right:g}, {bottom:g} of object {prompt.object_id} covers nothing of the "
            f"picture of {width} x {height} pixels; draw it anew."
        )
        raise SettingsError(sentence, code="box_outside", field="points", object_id=prompt.object_id)
