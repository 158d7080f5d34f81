"""The masker ``sam2``: Meta's SAM 2, which cuts out whatever is clicked and carries it by its memory.

On CUDA it computes in bfloat16, on a CPU in float32. The package's filling of small holes is off: it needs a compiled
part that the wheel does not have. Not here: how a shot is carried in bounded memory (``sam2_shot``).
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import WeightsError
from core.models import Frames
from core.models.gpu_memory import gpu_memory
from core.models.masking import by_frame, says_where
from core.models.sam2_shot import Carried, Network, ObjectState
from core.models.sam2_weights import Variant, chosen_variant, load_state
from core.models.yolo_run import cpu_name, cuda_name
from core.prompts import FrameMasks, Prompt
from core.weights import Weights

VERSION = 1
"""Part of the digest; raised when masks change."""
STRIDE = 32
"""The picture size is rounded up to a multiple of it."""
KEPT_STILLS = 4
LIKE_THE_PACKAGE = (
    "++model.sam_mask_decoder_extra_args.dynamic_multimask_via_stability=true",
    "++model.sam_mask_decoder_extra_args.dynamic_multimask_stability_delta=0.05",
    "++model.sam_mask_decoder_extra_args.dynamic_multimask_stability_thresh=0.98",
    "++model.binarize_mask_from_pts_for_mem_enc=true",
)
"""What ``build_sam2_video_predictor`` changes of a configuration by itself, but for the filling of holes."""


class Sam2Masker:
    """See ``core.models.Masker``. The memory of a shot does not depend on its length: see ``Carried``."""

    name = "sam2"

    def __init__(self, model: Any, variant: Variant, imgsz: int, device: str, digest: str) -> None:
        """Takes a network of the package that is on its device."""
        self.variant, self.digest, self.imgsz = variant, digest, imgsz
        self._model, self._cuda = model, device == "cuda"
        where = f"CUDA ({cuda_name()}), PyTorch bfloat16" if self._cuda else f"{cpu_name()}, PyTorch float32"
        self.backend = f"{variant.name}, {where}, {imgsz}x{imgsz}"
        self.network = Network(model, self._computing)
        self._stills: OrderedDict[str, Any] = OrderedDict()

    def seconds_per_frame(self, width: int, height: int, objects: int = 1) -> float:
        """Returns how long a frame takes once the memory of a shot is full, measured on a grey one."""
        network = self.network
        state = network.state(1000, width, height)
        one = ObjectState()
        middle = Prompt(500, 1, np.array([[width / 2, height / 2]], np.float32), np.ones(1, np.int8))
        grey = np.full((height, width, 3), 114, np.uint8)
        state["images"] = {500: network.picture(grey), 530: network.picture(grey)}
        one.marked[500] = marked = network.mark(state, one, middle)
        for index in range(530 - network.reach_pointers, 530):
            one.others[index] = marked
        seconds = 0.0
        for _ in range(2 if self._cuda else 1):  # the first run on a GPU chooses kernels
            state["cached_features"] = {}
            began = time.perf_counter()
            network.encode(state, 530)
            encoded = time.perf_counter()
            network.masks(state, [network.carry(state, one, 530, reverse=False)])
            seconds = encoded - began + objects * (time.perf_counter() - encoded)
        return seconds

    def still(self, rgb: NDArray[np.uint8], prompts: Sequence[Prompt], key: str = "") -> FrameMasks:
        """Returns the masks of a single (H, W, 3) picture; the embedding of one ``key`` is kept."""
        height, width = rgb.shape[:2]
        said = by_frame(prompts)
        index = min(said, default=0)
        state = self.network.state(1, width, height)
        if key in self._stills:
            state["cached_features"] = {index: self._stills[key]}
        else:
            state["images"] = {index: self.network.picture(rgb)}
            self.network.encode(state, index)
        if key:
            self._stills[key] = state["cached_features"][index]
            self._stills.move_to_end(key)
            if len(self._stills) > KEPT_STILLS:
                self._stills.popitem(last=False)
        asked = {object_id: prompt for here in said.values() for object_id, prompt in here.items()}
        object_ids = sorted(asked)
        outputs = [self._marked(state, index, asked[object_id]) for object_id in object_ids]
        masks, scores = self.network.masks(state, outputs)
        return FrameMasks(index, tuple(object_ids), masks, scores, np.zeros(len(object_ids), np.bool_))

    def _marked(self, state: dict[str, Any], index: int, prompt: Prompt) -> Any:
        if not says_where(prompt):
            return None
        at_once = Prompt(index, prompt.object_id, prompt.points, prompt.labels, prompt.box)
        return self.network.mark(state, ObjectState(), at_once, remember=False)

    def shot(self, frames: Frames, prompts: Sequence[Prompt]) -> Iterator[FrameMasks]:
        """Yields the masks of each frame of a shot once: forward from the first prompted frame, then backward from it.

        All prompts with an include point or a box are given to the network before it begins, so that a correction also
        helps the frames before it. One with exclude points only refines the mask that was carried to its frame. Objects
        that are marked later than the first one are carried from there by the memory of their own frame.
        """
        yield from Carried(self.network, frames, prompts).masks()

    def _computing(self) -> AbstractContextManager[Any]:
        import torch

        stack = ExitStack()
        stack.enter_context(gpu_memory(self.variant.name, self.imgsz))
        stack.enter_context(torch.inference_mode())
        if self._cuda:
            stack.enter_context(torch.autocast("cuda", dtype=torch.bfloat16))
        return stack


def build(variant: Variant, imgsz: int, device: str = "cpu") -> Any:
    """Builds the package's video predictor with random weights."""
    from sam2.build_sam import build_sam2_video_predictor

    return build_sam2_video_predictor(
        variant.config,
        None,
        device=device,
        mode="eval",
        apply_postprocessing=False,
        hydra_overrides_extra=[*LIKE_THE_PACKAGE, f"++model.image_size={imgsz}"],
    )


def open_sam2(weights: Weights, *, device: str, imgsz: int, variant: str | None, config: str | None) -> Sam2Masker:
    """Opens a checkpoint.

    Args:
        weights: the file.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        imgsz: side of the square that a picture is scaled to, pixels.
        variant: what the weights must be of; ``None``: whatever they are of.
        config: likewise, a configuration of the package.

    Raises:
        SettingsError: there is no such variant or configuration.
        WeightsError: the weights are of another variant or network, damaged, or unsafe.
        ModelError: the GPU has too little memory.
    """
    state = load_state(weights)
    chosen = chosen_variant(state, weights.path, variant, config)
    size = -(-imgsz // STRIDE) * STRIDE
    where = "cuda" if device != "cpu" and cuda_name() else "cpu"
    with gpu_memory(chosen.name, size):
        model = build(chosen, size)
        try:
            model.load_state_dict(state)
        except RuntimeError as error:
            raise _unfit(weights, chosen, error) from None
        model = model.to(where)
    parts = ("sam2", str(VERSION), weights.sha256, str(size))
    return Sam2Masker(model, chosen, size, where, hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16])


def _unfit(weights: Weights, variant: Variant, error: Exception) -> WeightsError:
    lines = [line.strip() for line in str(error).splitlines()]
    first = (lines[1] if len(lines) > 1 else lines[0])[:160].rstrip(". ")
    return WeightsError(
        f"{weights.path} is not a whole checkpoint of {variant.name} ({first}); get it from elsewhere.",
        code="weights_unfit",
    )
