"""``detect``: runs a detector over a whole video, once, and leaves a detection cache. Goes on where it stopped.

Not here: the cache (``store/detections``), the networks (``models``), inference that follows a player (``live``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core import files, log
from core.errors import StorageError
from core.models import Detector
from core.pipeline.batcher import Batcher
from core.pipeline.counting import kept_to
from core.records import Detections
from core.settings.detect import DetectSettings
from core.settings.model import in_digest
from core.store import detections, detections_part, parts_left
from core.store.detections import CacheMeta, DetectionCache
from core.store.detections_part import HOME, PartFile, Row, row_of
from core.video import cut_off
from core.video.frame import Frame
from core.video.probe import Video
from core.video.stream import map_frames, threads_to_use
from core.weights import Weights

DOWNLOADS = Path("downloads")


class OpenDetector(Protocol):
    """Opens a detector for pictures of one size; ``models.yolo.open_detector`` is one."""

    def __call__(
        self, weights: Weights, settings: DetectSettings, width: int, height: int, *, callers: int, unsafe: bool
    ) -> Detector:
        """``callers``: threads that will call it at once."""


def open_yolo(
    weights: Weights, settings: DetectSettings, width: int, height: int, *, callers: int = 1, unsafe: bool = False
) -> Detector:
    """Opens Ultralytics weights; imports their libraries only now."""
    from core.models.yolo import open_detector

    return open_detector(weights, settings, width, height, callers=callers, unsafe=unsafe)


@dataclass
class Detection:
    """A pass of a detector over a video: what is done, and the way to the rest."""

    video: Video
    weights: Weights
    settings: DetectSettings
    detector: Detector
    part: PartFile
    preds: Path
    """Where the cache will be."""
    done: NDArray[np.bool_]
    """(F,) bool: frames that are recorded."""

    @property
    def total(self) -> int:
        """Frames of the video."""
        return len(self.done)

    def frames(self) -> Generator[int, None, None]:
        """Yields how many frames are recorded, whenever more are, until all are.

        Raises:
            StorageError: the disk is full; what is recorded stays.
            LedgerMismatch: the file's packets promised other frames; ``detect`` can rebuild the ledger.
        """
        left = np.flatnonzero(~self.done).astype(np.int64)
        count = int(self.done.sum())
        with (
            contextlib.ExitStack() as stack,
            closing(map_frames(self.video, left, self._make_work(stack))) as chunks,
        ):
            for chunk in chunks:
                if any(found is None for _, found in chunk):
                    self.video.check_unchanged()
                rows = [self._row(ordinal, found) for ordinal, found in chunk]
                self.part.append(rows)
                self.done[[row.ordinal for row in rows]] = True
                count += len(rows)
                yield count

    def finish(self) -> DetectionCache:
        """Writes the cache once every frame is recorded, and removes what was in the way to it."""
        self.video.check_unchanged()
        cache = write_cache(self.part, self.preds, self.video, self.weights, self.settings, self.detector)
        self.part.remove()
        return cache

    def _make_work(self, stack: contextlib.ExitStack) -> Callable[[], Callable[[Frame], Any]]:
        detector = self.detector
        if detector.batch > 1:
            batcher = stack.enter_context(Batcher(detector))
            return lambda: lambda frame: (frame_size(picture := frame.rgb()), batcher.submit(detector.prepare(picture)))

        def work(frame: Frame) -> tuple[tuple[int, int], Detections]:
            picture = frame.rgb()
            return frame_size(picture), detector.detect([detector.prepare(picture)])[0]

        return lambda: work

    def _row(self, ordinal: int, found: Any) -> Row:
        if found is None:
            return row_of(ordinal, None, 1, 1, self.settings.max_det)
        (width, height), boxes = found
        if not isinstance(boxes, Detections):
            boxes = boxes.result()
        return row_of(ordinal, boxes, width, height, self.settings.max_det)


def frame_size(picture: NDArray[np.uint8]) -> tuple[int, int]:
    """Returns (width, height): pictures of one file may differ, so boxes are divided by their own."""
    return picture.shape[1], picture.shape[0]


def folders_for(video: str | Path, run: Path | None = None) -> tuple[Path, Path]:
    """Returns where the cache of a video may lie: beside it, else in its run folder."""
    return Path(video).absolute().parent, run or DOWNLOADS / Path(video).stem


@contextlib.contextmanager
def open_detection(
    video: Video,
    weights: Weights,
    settings: DetectSettings,
    *,
    run: Path | None = None,
    downloads: Path = DOWNLOADS,
    unsafe: bool = False,
    opener: OpenDetector = open_yolo,
) -> Iterator[Detection]:
    """Opens the detector and what an earlier, interrupted pass and live inference have recorded.

    Args:
        video: from ``probe``.
        weights: from ``weights.identify``.
        settings: how.
        run: the run folder, for a cache whose video lies in a folder that cannot be written.
        downloads: the folder of runs; what is found lies in its ``.parts`` until it is all.
        unsafe: load weights that hold more than weights; only in a process of its own.
        opener: makes the detector.

    Raises:
        WeightsError: the weights cannot be used. StorageError: no folder can be written.
    """
    info = video.info
    detector = opener(weights, settings, info.width, info.height, callers=threads_to_use(), unsafe=unsafe)
    with recorded(video, weights, settings, run, downloads) as (part, preds, done):
        yield Detection(video, weights, settings, detector, part, preds, done)


@contextlib.contextmanager
def recorded(
    video: Video, weights: Weights, settings: DetectSettings, run: Path | None, downloads: Path = DOWNLOADS
) -> Iterator[tuple[PartFile, Path, NDArray[np.bool_]]]:
    """Opens the part file of a video and says where its cache will be and which frames are recorded."""
    folders = folders_for(video.path, run)
    folder = detections.writable(folders)
    preds = detections.path_to_write(video.info, weights, folder)
    about = {"video": str(video.path), "weights": weights.name}
    old = parts_left.beside(video.info, weights, folders)
    with PartFile(_home(downloads, folder), _key(video, weights, settings), about, old) as part:
        if part.others:
            log.get().warning(
                "%s holds frames of this video and these weights with other settings, or from another count or view of "
                "its frames; they are not gone on with, all frames are looked at anew.",
                part.others[0],
            )
        done = np.zeros(len(video.ledger), bool)
        for row in part.rows():
            if row.ordinal < len(done):
                done[row.ordinal] = True
        yield part, preds, done


def _home(downloads: Path, beside: Path) -> Path:
    """Where part files lie: in the folder of runs, or beside the cache where that one cannot be written."""
    with contextlib.suppress(StorageError):
        files.make_folder(downloads / HOME)
    return detections.writable([downloads / HOME, beside])


def detect(
    video: Video,
    weights: Weights,
    settings: DetectSettings,
    *,
    run: Path | None = None,
    downloads: Path = DOWNLOADS,
    unsafe: bool = False,
    opener: OpenDetector = open_yolo,
) -> Generator[int, None, DetectionCache]:
    """Yields how many frames are recorded and returns the cache; arguments and errors as ``open_detection``."""
    if (said := cut_off.sentence_of(video.info)) is not None:
        log.get().warning("%s: %s", video.path, said)

    def work(counted: Video) -> Generator[int, None, DetectionCache]:
        opened = open_detection(counted, weights, settings, run=run, downloads=downloads, unsafe=unsafe, opener=opener)
        with opened as detection:
            yield int(detection.done.sum())
            with closing(detection.frames()) as counts:
                yield from counts
            return detection.finish()

    return (yield from kept_to(video, work))


def write_cache(
    part: PartFile, preds: Path, video: Video, weights: Weights, settings: DetectSettings, detector: Detector
) -> DetectionCache:
    """Writes the cache from what is recorded of every frame."""
    info = video.info
    columns, flags = detections_part.columns(part.rows(), len(video.ledger))
    meta = CacheMeta(
        fps=float(info.rate) if info.rate else None,
        total_frames=len(video.ledger),
        width=info.width,
        height=info.height,
        weights=weights.name,
        names=detector.names,
        conf_floor=settings.conf_floor,
        nms_iou=None if detector.end_to_end else settings.nms_iou,
        imgsz=settings.imgsz,
        fingerprint=info.fingerprint,
        weights_sha256=weights.sha256,
        end_to_end=detector.end_to_end,
        backend=detector.backend,
        saturated_frames=int(np.count_nonzero(flags & detections_part.SATURATED)),
        undecoded_frames=int(np.count_nonzero(flags & detections_part.UNDECODED)),
        ledger_digest=info.ledger_digest,
        stream_index=info.stream_index,
        mirrored=info.mirrored,
        rendering=info.rendering,
    )
    return detections.write(preds, meta, columns)


def _key(video: Video, weights: Weights, settings: DetectSettings) -> dict[str, Any]:
    """What the records of a frame depend on."""
    return in_digest(settings) | {
        "fingerprint": video.info.fingerprint,
        "frames": len(video.ledger),
        "weights_sha256": weights.sha256,
        **({} if (colours := video.info.rendering) is None else {"rendering": colours}),
        **video.info.view,
    }


def summary_of(cache: DetectionCache) -> str:
    """Returns what a person should know of a cache beyond its size, as the end of a sentence; "" for nothing."""
    notes: Sequence[tuple[int | None, str]] = (
        (cache.meta.undecoded_frames, "could not be decoded"),
        (cache.meta.saturated_frames, "had more boxes than are kept; raise max_det"),
    )
    return "".join(f"; {count} {'frame' if count == 1 else 'frames'} {text}" for count, text in notes if count)
