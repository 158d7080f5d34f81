"""The masker ``yolo-seg``: instances of an Ultralytics segmentation network, chosen by clicks, carried by ByteTrack.

It knows only the classes of its weights, and runs on a CPU. Not here: what clicks mean (``yolo_seg_choice``), how an
instance is followed (``yolo_seg_follow``).
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from core.models import Frames
from core.models.frames_ahead import ahead
from core.models.masking import by_frame, says_where
from core.models.yolo import open_detector
from core.models.yolo_decode import input_size
from core.models.yolo_run import cores, cuda_name
from core.models.yolo_seg import Instances, Part, Segmenter, YoloSegmenter
from core.models.yolo_seg_choice import choose, drawn
from core.models.yolo_seg_follow import Followed, Look
from core.models.yolo_weights import STRIDE
from core.prompts import FrameMasks, Prompt
from core.records import Detections
from core.settings.detect import DetectSettings
from core.weights import Weights

VERSION = 1
"""Part of the digest; raised when masks change."""
CONFIDENCE, OVERLAP, MOST = 0.1, 0.7, 300
"""Instances from this confidence on, of which ones that overlap more are one, and how many of a picture at most."""
KEPT_STILLS = 8
WIDTH, HEIGHT = 1920, 1080
"""Pictures of this shape are expected when weights are opened; others cost a second when the first one comes."""

Said = dict[int, dict[int, Prompt]]
Drawn = tuple[Part, float, bool]


class YoloSegMasker:
    """See ``core.models.Masker``. Holds 10 frames' masks at most, however long a shot is; see ``shot``."""

    name = "yolo-seg"

    def __init__(self, open_for: Callable[[int, int], Segmenter], backend: str, digest: str) -> None:
        """Makes a masker.

        Args:
            open_for: (width, height) of pictures -> what finds the instances in them.
            backend: for people.
            digest: 16 hex digits.
        """
        self._open_for, self.backend, self.digest = open_for, backend, digest
        self._stills: OrderedDict[str, Instances] = OrderedDict()

    def seconds_per_frame(self, width: int, height: int, objects: int = 1) -> float:
        """Returns how long a frame takes, measured on a few grey ones."""
        segmenter = self._open_for(width, height)
        grey = np.full((height, width, 3), 114, np.uint8)
        count = 3 * segmenter.callers
        began = time.perf_counter()
        for _ in ahead([grey] * count, range(count), segmenter.prepare, segmenter.find, segmenter.callers):
            np.zeros((objects, height, width), np.bool_)
        return (time.perf_counter() - began) / count

    def still(self, rgb: NDArray[np.uint8], prompts: Sequence[Prompt], key: str = "") -> FrameMasks:
        """Returns the masks of a single (H, W, 3) picture; what was found in one of ``key`` is kept."""
        instances = self._stills.get(key) if key else None
        if instances is None:
            height, width = rgb.shape[:2]
            segmenter = self._open_for(width, height)
            instances = segmenter.find(segmenter.prepare(rgb))
        if key:
            self._stills[key] = instances
            self._stills.move_to_end(key)
            if len(self._stills) > KEPT_STILLS:
                self._stills.popitem(last=False)
        masks: dict[int, Drawn] = {}
        for index in (said := by_frame(prompts)):
            for object_id, prompt in said[index].items():
                choice = choose(instances, prompt)
                part = drawn(instances, choice)
                sure = min((float(instances.confidences[row]) for row in choice.rows), default=float("nan"))
                masks[object_id] = part, sure, False
        return frame_masks(min(said, default=0), masks, sorted(masks), instances.width, instances.height)

    def objects(self, rgb: NDArray[np.uint8]) -> Detections:
        """Returns what the network sees in an (H, W, 3) picture: persons where its weights know them, else all."""
        height, width = rgb.shape[:2]
        segmenter = self._open_for(width, height)
        found = segmenter.find(segmenter.prepare(rgb))
        names = [name.lower() for name in getattr(segmenter, "names", ())]
        seen = Detections(found.boxes, found.confidences, found.class_ids)
        return seen[found.class_ids == names.index("person")] if "person" in names else seen

    def shot(self, frames: Frames, prompts: Sequence[Prompt]) -> Iterator[FrameMasks]:
        """Yields the masks of each frame of a shot once: forward from the first prompted frame, then backward from it.

        A prompt on a later frame counts from there on. An object that is marked later than another one is followed back
        to that one's frame beforehand: its masks between the two, some hundred bytes a frame, are all that grows.
        """
        said = by_frame(prompts)
        starts = {
            object_id: min(p.index for p in prompts if p.object_id == object_id and says_where(p))
            for object_id in sorted({p.object_id for p in prompts if says_where(p)})
        }
        if not starts:
            return
        first = min(starts.values())
        height, width = frames[first].shape[:2]
        run = _Run(frames, self._open_for(width, height), sorted({p.object_id for p in prompts}), width, height)
        before = run.before(said, starts, first)
        for index, masks in run.forward(said, starts, first):
            masks |= {i: unpacked(packed) for i, packed in before.pop(index, {}).items()}
            yield frame_masks(index, masks, run.object_ids, width, height)
        for index, masks in run.backward(said, starts, first):
            yield frame_masks(index, masks, run.object_ids, width, height)


class _Run:
    """One shot."""

    def __init__(self, frames: Frames, segmenter: Segmenter, object_ids: list[int], width: int, height: int) -> None:
        self.object_ids = object_ids
        self._frames, self._segmenter, self._size = frames, segmenter, (width, height)
        self._back: dict[int, Followed] = {}

    def before(self, said: Said, starts: dict[int, int], first: int) -> dict[int, dict[int, bytes]]:
        """Follows objects that are marked later than the first one back to its frame: index -> object -> mask."""
        late = {i: Followed() for i, start in starts.items() if start > first}
        found: dict[int, dict[int, bytes]] = {}
        if late:
            order = range(max(starts[i] for i in late), first - 1, -1)
            begins = {start: {i: said[start][i] for i in late if starts[i] == start} for start in starts.values()}
            for index, masks in self._pass(order, late, begins, starts, -1):
                found[index] = {i: packed(one) for i, one in masks.items() if index < starts[i]}
        self._back = late
        return found

    def forward(self, said: Said, starts: dict[int, int], first: int) -> Iterator[tuple[int, dict[int, Drawn]]]:
        """Yields index and masks from the first prompted frame to the end of the shot."""
        objects = {i: Followed() for i in starts}
        yield from self._pass(range(first, len(self._frames)), objects, said, starts, 1)

    def backward(self, said: Said, starts: dict[int, int], first: int) -> Iterator[tuple[int, dict[int, Drawn]]]:
        """Yields index and masks from the frame before the first prompted one to the beginning."""
        if first == 0:
            return
        objects = {i: self._back.get(i) or Followed() for i in starts}
        since = {i: first - 1 if i in self._back else first for i in starts}
        for index, masks in self._pass(range(first, -1, -1), objects, {first: said[first]}, since, -1):
            if index != first:
                yield index, masks

    def _pass(
        self, order: Iterable[int], objects: dict[int, Followed], said: Said, since: dict[int, int], step: int
    ) -> Iterator[tuple[int, dict[int, Drawn]]]:
        """Follows objects through frames; each takes part from its own frame on."""
        pending: deque[tuple[int, dict[int, Look]]] = deque()
        segmenter = self._segmenter
        steps = ahead(self._frames, order, segmenter.prepare, segmenter.find, segmenter.callers)
        with closing(steps):  # type: ignore[type-var]
            for index, instances in steps:
                here = said.get(index, {})
                looks = {
                    i: one.next(instances, here.get(i)) for i, one in objects.items() if (index - since[i]) * step >= 0
                }
                pending.append((index, looks))
                while pending and not any(look.open for look in pending[0][1].values()):
                    yield _ready(pending.popleft())
        for one in objects.values():
            one.end()
        yield from map(_ready, pending)


def _ready(frame: tuple[int, dict[int, Look]]) -> tuple[int, dict[int, Drawn]]:
    index, looks = frame
    return index, {i: look.drawn() for i, look in looks.items()}


def frame_masks(index: int, masks: dict[int, Drawn], object_ids: Sequence[int], width: int, height: int) -> FrameMasks:
    """Returns the masks of a frame at source size; an object without one has an empty mask."""
    full = np.zeros((len(object_ids), height, width), np.bool_)
    scores, filled = np.full(len(object_ids), np.nan, np.float32), np.zeros(len(object_ids), np.bool_)
    for row, object_id in enumerate(object_ids):
        if object_id in masks:
            part, scores[row], filled[row] = masks[object_id]
            left, top, right, bottom = part.box
            full[row, max(0, top) : bottom, max(0, left) : right] = part.mask[max(0, -top) :, max(0, -left) :][
                : max(0, height - max(0, top)), : max(0, width - max(0, left))
            ]
    return FrameMasks(index, tuple(object_ids), full, scores, filled)


def packed(one: Drawn) -> bytes:
    """Returns a mask as few bytes."""
    part, score, filled = one
    part = part.tight()
    head = np.array([part.left, part.top, *part.mask.shape, filled], np.int32).tobytes()
    return head + np.float32(score).tobytes() + zlib.compress(np.packbits(part.mask).tobytes(), 1)


def unpacked(data: bytes) -> Drawn:
    """Returns what ``packed`` made few bytes of."""
    left, top, height, width, filled = np.frombuffer(data[:20], np.int32).tolist()
    score = float(np.frombuffer(data[20:24], np.float32)[0])
    bits = np.unpackbits(np.frombuffer(zlib.decompress(data[24:]), np.uint8), count=height * width)
    return Part(left, top, bits.reshape(height, width).astype(np.bool_)), score, bool(filled)


def open_yolo_seg(weights: Weights, *, device: str, imgsz: int, unsafe: bool = False) -> YoloSegMasker:
    """Opens Ultralytics weights for segmentation.

    Raises:
        WeightsError: the weights are of something else, or cannot run here.
    """
    settings = DetectSettings(device=device, imgsz=imgsz, conf_floor=CONFIDENCE, nms_iou=OVERLAP, max_det=MOST)
    on_cuda = device != "cpu" and cuda_name() is not None and weights.path.lower().endswith(".pt")
    callers = 1 if on_cuda else cores()
    opened: dict[tuple[int, int], Segmenter] = {}

    def open_for(width: int, height: int) -> Segmenter:
        shape = input_size(width, height, imgsz, STRIDE)
        if shape not in opened:
            detector = open_detector(weights, settings, width, height, callers=callers, unsafe=unsafe)
            opened[shape] = YoloSegmenter(detector, weights.path, callers if detector.batch == 1 else 1)
        return opened[shape]

    open_for(WIDTH, HEIGHT)
    backend = getattr(next(iter(opened.values())), "backend", "")
    parts = ("yolo-seg", str(VERSION), weights.sha256, str(imgsz))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return YoloSegMasker(open_for, f"{weights.name}, {backend}", digest)
