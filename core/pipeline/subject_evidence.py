"""Where the subject of a frame is, by the best that a run and its video have: mask, person, detection, face.

For ``subject_detail``. Nothing is looked for here: only what earlier stages wrote is read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import CacheError
from core.metrics.subject import Evidence, of_boxes
from core.pipeline.detect import folders_for
from core.pipeline.masks.mask_files import read_mask
from core.records import FrameRecord, VideoInfo
from core.store import detections, jsonl
from core.store.detections import DetectionCache
from core.store.run import RunDir

LEAST_CONFIDENCE = 0.3
"""Of a detection that tells where the subject is."""
NO_BOXES = np.zeros((0, 4), np.float32)
Finder = Callable[[FrameRecord], Evidence | None]


def of_run(run: RunDir, video: Path, info: VideoInfo) -> Finder:
    """Returns what tells the evidence for a frame of a run; ``None`` = there is none.

    Masks and faces are those of the run; persons and detections those of the first cache beside the video, or in the
    run, that is of it: of several the largest box. A cache that is damaged or of another video tells nothing.
    """
    cache = _cache(video, run, info)
    faces: dict[int, list[list[float]]] = {}
    for line in jsonl.read(run.faces) if run.faces.exists() else ():
        faces.setdefault(int(line["frame_number"]), []).append(line["bbox"])

    def find(record: FrameRecord) -> Evidence | None:
        number = record.frame_number
        return _mask(run, record) or _detected(cache, number) or of_boxes("face", faces.get(number, []))

    return find


def _mask(run: RunDir, record: FrameRecord) -> Evidence | None:
    if record.more.get("mask_path") is None:
        return None
    mask = read_mask(run.mask(record.frame_number))
    return None if mask is None or not np.any(mask) else Evidence("mask", NO_BOXES, mask > 0)


def _cache(video: Path, run: RunDir, info: VideoInfo) -> DetectionCache | None:
    for path in detections.listed(video, folders_for(video, run.path), info.stream_suffix):
        try:
            return detections.read(path, info)
        except CacheError:
            continue
    return None


def _detected(cache: DetectionCache | None, ordinal: int) -> Evidence | None:
    """The largest person of a frame, else the largest thing."""
    if cache is None or ordinal >= len(cache):
        return None
    found = cache.frame(ordinal)
    sure = found.confidence >= LEAST_CONFIDENCE
    person = cache.meta.names.index("person") if "person" in cache.meta.names else -1
    for by, which in (("person", sure & (found.class_id == person)), ("detection", sure)):
        if np.any(which):
            return of_boxes(by, found.xyxy[which])
    return None
