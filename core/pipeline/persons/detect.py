"""Stage 1: every person of every frame and a crop of each, in one pass over the video.

The boxes are those of a detection cache, which is used where there is one and written where there is none, so that both
ways give the same boxes. A pass that was killed goes on: frames whose boxes are recorded are only decoded for crops.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import WeightsError
from core.geometry import suppressed
from core.models import Detector
from core.pipeline.batcher import Batcher
from core.pipeline.counting import kept_to
from core.pipeline.detect import DOWNLOADS, OpenDetector, folders_for, frame_size, open_yolo, recorded, write_cache
from core.records import Detections
from core.settings.detect import DetectSettings
from core.settings.model import in_digest
from core.settings.persons import PersonDetect
from core.settings.refusal import nearest
from core.step import Notice
from core.store import detections, selection
from core.store.detections import CacheMeta, DetectionCache
from core.store.detections_part import Row, detections_of, row_of
from core.store.person_crops import CropWriter, write_offsets
from core.store.person_dir import PersonDir
from core.store.persons import RawDetections, write_detections
from core.video import images
from core.video.frame import Frame
from core.video.probe import Video
from core.video.shots import DELAY, ShotFinder, shot_of, small_picture
from core.video.stream import map_frames, threads_to_use
from core.weights import Weights

CROP_WIDTH, CROP_HEIGHT, CROP_QUALITY = 128, 256, 92
"""Pixels and JPEG quality: part of the format."""
PERSON = "person"
GB = 1_000_000_000
WAITING = 4
"""Pictures that a thread keeps while a GPU looks for boxes in them."""


@dataclass
class Detecting:
    """How far stage 1 is, and what to say of it."""

    done: int = 0
    total: int = 0
    before: int = 0
    notices: list[Notice] = field(default_factory=list)


def key_of(video: Video, weights: Weights, settings: PersonDetect) -> str:
    """Returns 16 hex digits of what stage 1 depends on."""
    said = {name: list(v) if isinstance(v, tuple) else v for name, v in in_digest(settings).items()}
    values = said | {"fingerprint": video.info.fingerprint, "weights": weights.sha256, "frames": len(video.ledger)}
    values |= video.info.view | {"rendering": video.info.rendering}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def detector_settings(settings: PersonDetect) -> DetectSettings:
    """Returns how the detector runs: as ``precompute`` does, with a lower floor where persons are wanted below it."""
    usual = DetectSettings()
    return DetectSettings(
        device=settings.device,
        precision=settings.precision,
        imgsz=settings.imgsz,
        conf_floor=min(usual.conf_floor, settings.confidence),
        nms_iou=max(usual.nms_iou, settings.overlap),
        stream=settings.stream,
    )


def detect_persons(
    folder: PersonDir,
    video: Video,
    weights: Weights,
    settings: PersonDetect,
    *,
    run: Path | None = None,
    downloads: Path = DOWNLOADS,
    unsafe: bool = False,
    opener: OpenDetector = open_yolo,
) -> Generator[Detecting, None, RawDetections]:
    """Finds persons and cuts crops; writes ``detections_raw.npz`` last, so that it is there when all of stage 1 is.

    Args:
        folder: where the files go; it exists and nobody else works in it.
        video: from ``probe``.
        weights: from ``weights.identify``.
        settings: of the stage.
        run: the run folder, whose cuts are used where they are known and which may hold the cache.
        downloads: the folder of runs, for what an interrupted pass leaves.
        unsafe: load weights that may run code.
        opener: makes the detector.

    Raises:
        WeightsError: they cannot be used, or know no persons. StorageError: no folder can be written.
    """

    def work(counted: Video) -> Generator[Detecting, None, RawDetections]:
        how, state = detector_settings(settings), Detecting(total=len(counted.ledger))
        made = _Pass(folder, counted, weights, settings, how, run, state)
        cache = usable_cache(counted, weights, how, run, state)
        if cache is not None:
            return (yield from made.from_cache(cache))
        with recorded(counted, weights, how, run, downloads) as (part, preds, done):
            state.before = int(done.sum())
            rows = {row.ordinal: row for row in part.rows() if row.ordinal < len(done)}
            info = counted.info
            detector = opener(weights, how, info.width, info.height, callers=threads_to_use(), unsafe=unsafe)
            found = yield from made.detected(detector, rows, part.append)
            counted.check_unchanged()
            write_cache(part, preds, counted, weights, how, detector)
            part.remove()
            return found

    return (yield from kept_to(video, work))


def usable_cache(
    video: Video, weights: Weights, how: DetectSettings, run: Path | None, state: Detecting
) -> DetectionCache | None:
    """Returns a cache that gives the same boxes as detecting now; says why one that is there does not."""
    found = detections.find(video.info, weights, folders_for(video.path, run))
    state.notices += [Notice("cache_refused", sentence) for sentence in found.refused]
    if found.cache is None:
        return None
    meta = found.cache.meta
    if not meta.ours:
        text = f"{found.cache.path.name} does not say which boxes it left out; its boxes are taken as they are."
        state.notices.append(Notice("cache_unsaid", text))
        return found.cache
    if (why := _unfit(meta, how)) is None:
        return found.cache
    text = f"{found.cache.path.name} is not used ({why}); all frames are looked at anew."
    state.notices.append(Notice("cache_unfit", text, {"cache": str(found.cache.path)}))
    return None


def _unfit(meta: CacheMeta, how: DetectSettings) -> str | None:
    if (meta.conf_floor or 0.0) > how.conf_floor:
        return f"it keeps boxes from a confidence of {meta.conf_floor:g} only, {how.conf_floor:g} is wanted"
    if meta.imgsz != how.imgsz:
        return f"its model saw pictures of {meta.imgsz} pixels, {how.imgsz} are wanted"
    if meta.nms_iou is not None and meta.nms_iou != how.nms_iou:
        return f"it dropped boxes from an overlap of {meta.nms_iou:g}, {how.nms_iou:g} is wanted"
    return None


def wanted_classes(names: tuple[str, ...], settings: PersonDetect, weights: str) -> NDArray[np.int64]:
    """Returns the ids of the classes that count as persons: those named, else ``person``, else the only one.

    Raises:
        WeightsError: the weights have no such class.
    """
    wanted = settings.classes or ((PERSON,) if len(names) != 1 else names)
    lower = [name.lower() for name in names]
    for name in wanted:
        if name.lower() not in lower:
            shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
            hint = nearest(name, names) if len(names) <= 20 else ""
            raise WeightsError(
                f'{weights} knows no class "{name}"{hint}; name one of its own with --classes ({shown}).',
                code="no_class",
                field="classes",
            )
    return np.array([lower.index(name.lower()) for name in wanted], np.int64)


@dataclass
class _Found:
    """What a thread found in a frame; ``shown`` where the cuts are looked for."""

    size: tuple[int, int]
    detections: Detections
    kept: Detections
    crops: list[bytes | None]
    shown: NDArray[np.uint8] | None


class _Pass:
    """One pass over the video, whose boxes come from a detector, a part file or a cache."""

    def __init__(
        self,
        folder: PersonDir,
        video: Video,
        weights: Weights,
        settings: PersonDetect,
        how: DetectSettings,
        run: Path | None,
        state: Detecting,
    ) -> None:
        self.folder, self.video, self.weights = folder, video, weights
        self.settings, self.how, self.state = settings, how, state
        known = selection.read_shots(run / "shots.json") if run is not None else None
        self.known_shots = known if known is not None and _covers(known, len(video.ledger)) else None
        self.classes = np.zeros(0, np.int64)

    def from_cache(self, cache: DetectionCache) -> Generator[Detecting, None, RawDetections]:
        self.classes = wanted_classes(cache.meta.names, self.settings, self.weights.name)
        return (yield from self._run(lambda ordinal, picture: cache.frame(ordinal), lambda rows: None))

    def detected(
        self, detector: Detector, rows: dict[int, Row], append: Callable[[list[Row]], None]
    ) -> Generator[Detecting, None, RawDetections]:
        self.classes = wanted_classes(detector.names, self.settings, self.weights.name)
        with contextlib.ExitStack() as stack:
            batcher = stack.enter_context(Batcher(detector)) if detector.batch > 1 else None

            def find(ordinal: int, picture: NDArray[np.uint8]) -> Detections | Future[Detections]:
                if (row := rows.get(ordinal)) is not None:
                    return detections_of(row, *frame_size(picture))
                prepared = detector.prepare(picture)
                return batcher.submit(prepared) if batcher else detector.detect([prepared])[0]

            def note(new: list[Row]) -> None:
                append([row for row in new if row.ordinal not in rows])

            return (yield from self._run(find, note))

    def _run(
        self,
        find: Callable[[int, NDArray[np.uint8]], Detections | Future[Detections]],
        note: Callable[[list[Row]], None],
    ) -> Generator[Detecting, None, RawDetections]:
        everything = np.arange(len(self.video.ledger), dtype=np.int64)
        columns: list[tuple[int, Detections]] = []
        finder = ShotFinder(self.video.info.rate) if self.known_shots is None else None
        starts = set() if self.known_shots is None else set(self.known_shots[:, 0].tolist())
        with files.atomic(self.folder.crops) as file:
            writer = CropWriter(file, int(self.settings.crops_max_gb * GB))
            late: deque[tuple[int, _Found]] = deque()

            def write(least: int) -> None:
                while len(late) > least:
                    ordinal, found = late.popleft()
                    cut = ordinal in starts or (finder is not None and finder.is_cut(ordinal))
                    writer.add(ordinal, found.kept.xyxy, found.kept.confidence, found.crops, cut)
                    columns.append((ordinal, found.kept))

            with closing(map_frames(self.video, everything, lambda: _Work(self, find))) as chunks:
                for chunk in chunks:
                    if any(found is None for _, found in chunk):
                        self.video.check_unchanged()
                    rows = []
                    for ordinal, waiting in chunk:
                        found = None if waiting is None else waiting.finish()
                        size, boxes = (found.size, found.detections) if found else ((1, 1), None)
                        rows.append(row_of(ordinal, boxes, *size, self.how.max_det))
                        if found is not None:
                            if finder is not None and found.shown is not None:
                                finder.push(ordinal, found.shown)
                            late.append((ordinal, found))
                    note(rows)
                    write(DELAY)
                    self.state.done += len(chunk)
                    yield self.state
            write(0)
            offsets = writer.finish()
            for path in (self.folder.detections, self.folder.crop_offsets):  # what is there now is of other crops
                path.unlink(missing_ok=True)
        frames = len(self.video.ledger)
        shots = self.known_shots
        if shots is None:
            assert finder is not None
            shots = np.array(finder.shots(frames), np.int64).reshape(-1, 2)
        raw = _joined(columns, shots, key_of(self.video, self.weights, self.settings))
        write_offsets(self.folder.crop_offsets, offsets)
        write_detections(self.folder.detections, raw)
        return raw

    def persons_of(self, found: Detections, size: tuple[int, int]) -> Detections:
        """The persons among the boxes, in whole numbers of the cache's precision, the surest first."""
        same = detections_of(row_of(0, found, *size, self.how.max_det), *size)
        kept = same[np.isin(same.class_id, self.classes) & (same.confidence >= self.settings.confidence)]
        kept = kept[np.argsort(-kept.confidence, kind="stable")]
        return kept[~suppressed(kept.xyxy, self.settings.overlap)]


class _Work:
    """The work of one thread: boxes, then crops while the picture is in memory.

    A GPU answers later: then a few pictures wait with their futures, and a picture goes when its crops are cut.
    """

    def __init__(self, owner: _Pass, find: Callable[[int, NDArray[np.uint8]], Detections | Future[Detections]]) -> None:
        self._owner, self._find = owner, find
        self._waiting: deque[_Waiting] = deque()
        info = owner.video.info
        self._stored = (info.height, info.width) if info.rotation % 180 else (info.width, info.height)

    def __call__(self, frame: Frame) -> _Waiting:
        picture = frame.rgb()
        shown = small_picture(frame, *self._stored) if self._owner.known_shots is None else None
        found = _Waiting(self._owner, picture, self._find(frame.ordinal, picture), shown)
        if not isinstance(found.boxes, Future):
            found.finish()
            return found
        self._waiting.append(found)
        if len(self._waiting) > WAITING:
            self._waiting.popleft().finish()
        return found


class _Waiting:
    """A frame whose boxes may not be there yet."""

    def __init__(
        self,
        owner: _Pass,
        picture: NDArray[np.uint8],
        boxes: Detections | Future[Detections],
        shown: NDArray[np.uint8] | None,
    ) -> None:
        self._owner, self._picture, self.boxes, self._shown = owner, picture, boxes, shown
        self._found: _Found | None = None

    def finish(self) -> _Found:
        """Waits for the boxes and cuts the crops, once; two threads that come together may both do so, to one end."""
        if (done := self._found) is not None:
            return done
        picture = self._picture
        boxes = self.boxes.result() if isinstance(self.boxes, Future) else self.boxes
        size = frame_size(picture)
        kept = self._owner.persons_of(boxes, size)
        crops = [crop_of(picture, box) for box in kept.xyxy.tolist()]
        info = self._owner.video.info
        if size != (info.width, info.height):  # a video may change its size on the way: boxes are of the first one
            scale = np.array([info.width / size[0], info.height / size[1]] * 2, np.float32)
            kept = Detections(kept.xyxy * scale, kept.confidence, kept.class_id)
        self._found = _Found(size, boxes, kept, crops, self._shown)
        self._picture = self._picture[:0]
        return self._found


def crop_of(picture: NDArray[np.uint8], box: list[float]) -> bytes | None:
    """Returns the JPEG of a box, plainly resized to ``CROP_WIDTH`` x ``CROP_HEIGHT``; ``None`` = it is empty."""
    x1, y1, x2, y2 = (round(v) for v in box)
    part = picture[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
    if not part.size:
        return None
    return images.encode_jpeg(images.resized(part, CROP_WIDTH, CROP_HEIGHT), CROP_QUALITY)


def _joined(columns: list[tuple[int, Detections]], shots: NDArray[np.int64], made_by: str) -> RawDetections:
    def joined(parts: Iterator[NDArray[Any]], empty: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([empty, *parts])

    return RawDetections(
        np.repeat([o for o, _ in columns], [len(d) for _, d in columns]).astype(np.int64),
        joined((d.xyxy for _, d in columns), np.zeros((0, 4), np.float32)),
        joined((d.confidence for _, d in columns), np.zeros(0, np.float32)),
        joined((d.class_id for _, d in columns), np.zeros(0, np.int64)),
        shots,
        made_by,
    )


def _covers(shots: NDArray[np.int64], frames: int) -> bool:
    return bool(len(shots)) and int(shots[0, 0]) == 0 and int(shots[-1, 1]) == frames


def shots_of(detections: RawDetections, ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the number of the shot of each ordinal, (W,) int64 from 0."""
    return shot_of([(int(a), int(b)) for a, b in detections.shots], ordinals)
