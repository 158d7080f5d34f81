"""Carries objects through a shot with SAM 2, in memory that does not grow with the shot.

The package's own predictor wants all frames as one float tensor and keeps what came of each. Here a frame is read when
its turn comes, and what no later frame can look at is dropped. A frame looks at the memories of ``reach_memory`` frames
before it and the object pointers of ``reach_pointers`` frames, in the direction in which it is carried, and at all
marked frames. So going forward the first frames after the start are kept too, for the way back begins with them. The
masks are those of the package's predictor to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.models import Frames
from core.models.frames_ahead import ahead
from core.models.masking import by_frame, says_where
from core.prompts import FrameMasks, Prompt

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, 0-1, as the network was trained."""
LARGEST_LOGIT = 32.0

State = dict[str, Any]
Output = dict[str, Any]


@dataclass
class ObjectState:
    """What is remembered of one object."""

    marked: dict[int, Output] = field(default_factory=dict)
    """Frame -> output, of frames on which it was marked; all frames look at these."""
    others: dict[int, Output] = field(default_factory=dict)
    """Likewise of frames to which it was carried."""

    def forget(self, pointers: Callable[[int], bool], memories: Callable[[int], bool]) -> None:
        """Drops what no frame to come looks at: whole outputs, and the memories of those that stay as pointers."""
        for index in list(self.others):
            output = self.others[index]
            if not pointers(index):
                del self.others[index]
                continue
            output["pred_masks"] = None
            if not memories(index):
                output["maskmem_features"] = output["maskmem_pos_enc"] = None


class Network:
    """The package's predictor, one frame at a time."""

    def __init__(self, model: Any, computing: Callable[[], AbstractContextManager[Any]]) -> None:
        """Wraps a ``SAM2VideoPredictor``.

        Args:
            model: the predictor.
            computing: what every computation is done in: number format, no gradients, errors.
        """
        self._model, self._computing = model, computing
        self._sure: Any = None
        model.sam_mask_decoder.register_forward_hook(self._hear)
        stride, memories = model.memory_temporal_stride_for_eval, model.num_maskmem
        self.reach_memory = max(1, (memories - 2) * stride + 1)
        """How many frames back a frame may look at memories."""
        self.reach_pointers = max(self.reach_memory, model.max_obj_ptrs_in_encoder - 1)

    def _hear(self, _module: Any, _inputs: Any, outputs: Any) -> None:
        """Notes how good the decoder thinks its best mask is: the predictor drops that."""
        self._sure = outputs[1].max()

    def state(self, length: int, width: int, height: int) -> State:
        """Returns what the predictor keeps of a video, without its frames: ``images`` holds those whose turn it is."""
        device = self._model.device
        return {
            "images": {},
            "cached_features": {},
            "constants": {},
            "num_frames": length,
            "device": device,
            "storage_device": device,
            "size": (height, width),
        }

    def picture(self, rgb: NDArray[np.uint8]) -> Any:
        """Returns a (3, S, S) float32 tensor of an (H, W, 3) picture, scaled and normalised as the package does."""
        import torch
        from torch.nn import functional

        side, device = self._model.image_size, self._model.device
        with self._computing():
            pixels = torch.from_numpy(np.ascontiguousarray(rgb)).to(device).permute(2, 0, 1)[None]
            if device.type != "cpu":
                pixels = pixels.float()  # 8-bit pixels are scaled on the CPU only
            scaled = functional.interpolate(pixels, (side, side), mode="bicubic", antialias=True, align_corners=False)
            whole = scaled[0].float().round().clamp(0, 255)
            mean, deviation = (torch.tensor(one, device=device)[:, None, None] for one in (MEAN, DEVIATION))
            return (whole / 255 - mean) / deviation

    def encode(self, state: State, index: int) -> None:
        """Runs the image encoder on a frame of ``images``; its output is kept until that of another frame."""
        with self._computing():
            self._model._get_image_feature(state, index, 1)
            self._wait()

    def mark(self, state: State, one: ObjectState, prompt: Prompt, remember: bool = True) -> Output:
        """Returns what the network makes of points and a box alone, without memory of other frames."""
        return self._run(state, one, prompt.index, self._said(state, prompt), initial=True, remember=remember)

    def carry(self, state: State, one: ObjectState, index: int, reverse: bool) -> Output:
        """Returns what the network makes of a frame by its memory."""
        return self._run(state, one, index, None, reverse=reverse)

    def refine(self, state: State, one: ObjectState, prompt: Prompt, before: Output, reverse: bool) -> Output:
        """Returns the mask that was carried to a frame, changed by points."""
        logits = before["pred_masks"].clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
        said = self._said(state, prompt)
        return self._run(state, one, prompt.index, said, reverse=reverse, previous=logits)

    def masks(self, state: State, outputs: Sequence[Output | None]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Returns (O, H, W) masks at source size and (O,) scores; an output of ``None`` is an empty mask."""
        import torch
        from torch.nn import functional

        masks = np.zeros((len(outputs), *state["size"]), np.bool_)
        scores = np.full(len(outputs), np.nan, np.float32)
        there = [row for row, output in enumerate(outputs) if output is not None]
        if there:
            with self._computing():
                small = torch.cat([outputs[row]["pred_masks"] for row in there])  # type: ignore[index]
                large = functional.interpolate(small, state["size"], mode="bilinear", align_corners=False)
                masks[there] = (large[:, 0] > 0).cpu().numpy()
                sure = torch.stack([outputs[row]["sure"] for row in there])  # type: ignore[index]
                scores[there] = sure.float().clamp(0, 1).cpu().numpy()
        scores[~masks.any(axis=(1, 2))] = np.nan
        return masks, scores

    def _said(self, state: State, prompt: Prompt) -> dict[str, Any]:
        """Returns points in pixels of the network's square; a box is two points of their own kinds, and comes first."""
        import torch

        height, width = state["size"]
        points, labels = prompt.points.astype(np.float32), prompt.labels.astype(np.int32)
        if prompt.box is not None:
            points = np.concatenate([prompt.box.astype(np.float32).reshape(2, 2), points])
            labels = np.concatenate([np.array([2, 3], np.int32), labels])
        scaled = points / np.array([width, height], np.float32) * np.float32(self._model.image_size)
        device = self._model.device
        return {
            "point_coords": torch.from_numpy(scaled)[None].to(device),
            "point_labels": torch.from_numpy(labels)[None].to(device),
        }

    def _run(
        self,
        state: State,
        one: ObjectState,
        index: int,
        said: dict[str, Any] | None,
        *,
        initial: bool = False,
        reverse: bool = False,
        remember: bool = True,
        previous: Any = None,
    ) -> Output:
        with self._computing():
            output, _ = self._model._run_single_frame_inference(
                inference_state=state,
                output_dict={"cond_frame_outputs": one.marked, "non_cond_frame_outputs": one.others},
                frame_idx=index,
                batch_size=1,
                is_init_cond_frame=initial,
                point_inputs=said,
                mask_inputs=None,
                reverse=reverse,
                run_mem_encoder=remember,
                prev_sam_mask_logits=previous,
            )
        output["sure"] = self._sure
        result: Output = output
        return result

    def _wait(self) -> None:
        import torch

        if self._model.device.type == "cuda":
            torch.cuda.synchronize()


class Carried:
    """The objects of one shot.

    Memory: for each object at most ``reach_pointers`` + ``reach_memory`` outputs in each direction and one for each
    marked frame (half a megabyte each at 1024 px), and four pictures that are read ahead (12 MB each at 1024 px).
    """

    prunes = True
    """Whether what is not needed any more is dropped; without it the masks are the same."""

    def __init__(self, network: Network, frames: Frames, prompts: Sequence[Prompt]) -> None:
        """Takes the prompts of a shot."""
        self._network, self._frames, self._said = network, frames, by_frame(prompts)
        self._object_ids = tuple(sorted({prompt.object_id for prompt in prompts}))
        self._objects = {prompt.object_id: ObjectState() for prompt in prompts if says_where(prompt)}
        self._first = min((prompt.index for prompt in prompts if says_where(prompt)), default=0)

    def masks(self) -> Iterator[FrameMasks]:
        """Yields the masks of each frame once, as ``Masker.shot``."""
        if not self._objects:
            return
        first, length = self._first, len(self._frames)
        height, width = self._frames[first].shape[:2]
        self._state = self._network.state(length, width, height)
        self._mark()
        reach, near = self._network.reach_pointers, self._network.reach_memory

        def forward(index: int) -> None:
            self._forget(
                lambda t: t > index - reach or (first > 0 and t < first + reach),
                lambda t: t > index - near or (first > 0 and t < first + near),
            )

        def backward(index: int) -> None:
            self._forget(lambda t: t < index + reach, lambda t: t < index + near)

        yield from self._through(range(first, length), False, forward)
        yield from self._through(range(first - 1, -1, -1), True, backward)

    def _mark(self) -> None:
        for index, here in self._said.items():
            marks = [prompt for prompt in here.values() if says_where(prompt)]
            if marks:
                self._state["images"] = {index: self._network.picture(self._frames[index])}
            for prompt in marks:
                one = self._objects[prompt.object_id]
                one.marked[index] = self._network.mark(self._state, one, prompt)

    def _through(self, order: range, reverse: bool, forget: Callable[[int], None]) -> Iterator[FrameMasks]:
        steps = ahead(self._frames, order, self._network.picture, _itself, 1)
        with closing(steps):  # type: ignore[type-var]
            for index, picture in steps:
                self._state["images"] = {index: picture}
                outputs = [self._output(object_id, index, reverse) for object_id in self._object_ids]
                masks, scores = self._network.masks(self._state, outputs)
                forget(index)
                yield FrameMasks(index, self._object_ids, masks, scores, np.zeros(len(outputs), np.bool_))

    def _output(self, object_id: int, index: int, reverse: bool) -> Output | None:
        one = self._objects.get(object_id)
        if one is None:
            return None
        if index in one.marked:
            return one.marked[index]
        output = self._network.carry(self._state, one, index, reverse)
        prompt = self._said.get(index, {}).get(object_id)
        if prompt is not None:
            output = self._network.refine(self._state, one, prompt, output, reverse)
        one.others[index] = output
        return output

    def _forget(self, pointers: Callable[[int], bool], memories: Callable[[int], bool]) -> None:
        if self.prunes:
            for one in self._objects.values():
                one.forget(pointers, memories)


def _itself(picture: Any) -> Any:
    return picture
