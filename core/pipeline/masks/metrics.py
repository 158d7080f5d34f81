"""Quality of the subject alone: measures inside the masks, and what the masks say, into the records of a run.

An atomic rewrite. A frame whose subject is not there has null in its columns and no error: it stays exportable.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError, SettingsError
from core.metrics.quality import MASK_MIN_PIXELS, Stats, measure_masked
from core.metrics.scratch import Scratch
from core.pipeline.masks import mask_files
from core.pipeline.masks.home import Home
from core.pipeline.masks.identity import Likeness, looks_of_subject
from core.pipeline.measure import score_of
from core.records import FrameRecord
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.settings.model import from_mapping
from core.store import jsonl, masks, run_file, table
from core.store.masks import DECIDED, ShotMasks
from core.store.run import RunDir, mask_name
from core.video.frame import Frame
from core.video.stream import map_frames

SUBJECT = tuple(f"subject_{name}" for name in (*METRIC_NAMES, "quality_score"))
LIKENESS = ("reid_similarity", "reid_by")
COLUMNS = ("mask_path", "mask_area_pct", "mask_score", "reid_decided", *LIKENESS, *SUBJECT)
TOLD = "told.json"
"""In the folder of masks: start of a shot -> of which masks the records tell."""


def write_columns(home: Home, *, by_looks: bool = False) -> Generator[int, None, int]:
    """Brings the columns of masks in the records up to date; yields how many frames are measured, returns how many.

    ``by_looks``: whether the subject is compared by what it looks like where no face tells.
    Only frames whose masks are others than those that their records tell of are decoded. The caller holds the lock.

    Raises:
        RunError: a file is damaged, or the video is gone. StorageError: the records cannot be written.
    """
    run = home.run
    if run is None or not run.metadata.exists():
        return 0
    shots = masks.finished(home.dir)
    if not home.dir.masks.is_dir():
        return 0
    settings = _settings(run)
    records = list(table.records(run))
    likeness = Likeness(home, _looks(home) if by_looks and shots else None)
    told, now = _told(home), {str(shot.start): _digest(shot, settings, likeness) for shot in shots}
    fresh = {shot.start for shot in shots if told.get(str(shot.start)) == now[str(shot.start)]}
    todo = [r for r in records if (s := _shot_of(shots, r.frame_number)) and not (s.start in fresh and _is_told(r))]
    found = yield from _measured(home, shots, todo, settings, likeness)
    before = [dict(record.more) for record in records]
    for record in records:
        _tell(record, _shot_of(shots, record.frame_number), found, settings)
    if before != [record.more for record in records]:
        jsonl.rewrite(run.metadata, records)
    if now != told:
        files.write_json(home.dir.masks / TOLD, now, indent=None)
    return len(todo)


def _digest(shot: ShotMasks, settings: ExtractSettings, likeness: Likeness) -> str:
    decided = shot.decided.tobytes().hex()
    return masks.digest_of(
        shot.digest, decided, repr(settings.sharpness_scale), repr(settings.edge_scale), likeness.key()
    )


def _looks(home: Home) -> NDArray[np.float32] | None:
    with home.pictures() as pictures:
        return looks_of_subject(home, pictures)


class Measured(NamedTuple):
    """What a frame with a subject says."""

    stats: Stats | None
    similarity: float
    by: str


def _settings(run: RunDir) -> ExtractSettings:
    try:
        return from_mapping(ExtractSettings, run_file.read(run.run_json).settings)
    except SettingsError as error:
        raise RunError(f"{run.run_json} is damaged ({error}); restore it from a copy.", code="damaged") from error


def _told(home: Home) -> dict[str, Any]:
    with contextlib.suppress(RunError, FileNotFoundError):
        values = files.read_json(home.dir.masks / TOLD)
        return values if isinstance(values, dict) else {}
    return {}


def _is_told(record: FrameRecord) -> bool:
    return record.more.get("mask_path") is not None


def _shot_of(shots: list[ShotMasks], ordinal: int) -> ShotMasks | None:
    return next((shot for shot in shots if shot.start <= ordinal < shot.end), None)


def _measured(
    home: Home, shots: list[ShotMasks], todo: list[FrameRecord], settings: ExtractSettings, likeness: Likeness
) -> Generator[int, None, dict[int, Measured]]:
    """Yields how many are done; returns the measures of frames whose mask is large enough."""
    wanted = [r.frame_number for r in todo if r.error is None and _area(shots, r.frame_number) >= MASK_MIN_PIXELS]
    video = home.video() if wanted else None
    found: dict[int, Measured] = {}
    if video is None:
        return found
    ids = {shot.start: shot.object_ids.tolist() for shot in shots}

    def make_work() -> Callable[[Frame], list[Measured]]:
        scratch = Scratch()

        def work(frame: Frame) -> list[Measured]:
            shot = _shot_of(shots, frame.ordinal)
            pixels = mask_files.read_mask(home.dir.mask(frame.ordinal))
            if shot is None or pixels is None:
                return []
            mask = mask_files.of_object(pixels, ids[shot.start], ids[shot.start][0])
            alike = likeness.of(frame.ordinal, frame.rgb() if likeness.needs_pictures else None, mask)
            return [Measured(measured(frame, mask, settings, scratch), *alike)]

        return work

    done = 0
    with closing(map_frames(video, np.array(wanted, np.int64), make_work)) as chunks:
        for chunk in chunks:
            found |= {ordinal: one[0] for ordinal, one in chunk if one}
            done += len(chunk)
            yield done
    return found


def measured(
    frame: Frame, mask: NDArray[np.bool_], settings: ExtractSettings, scratch: Scratch | None = None
) -> Stats | None:
    """Returns the five metrics inside an (H, W) mask; ``None`` where it is smaller than 100 pixels."""
    if np.count_nonzero(mask) < MASK_MIN_PIXELS:
        return None
    luma = frame.luma()
    return measure_masked(
        luma.plane,
        mask.astype(np.uint8) * np.uint8(255),
        luma.width,
        full_range=luma.full_range,
        scratch=scratch,
        sharpness_scale=settings.sharpness_scale,
        edge_scale=settings.edge_scale,
    )


def _area(shots: list[ShotMasks], ordinal: int) -> int:
    shot = _shot_of(shots, ordinal)
    return 0 if shot is None else int(shot.area[0, ordinal - shot.start])


def _tell(record: FrameRecord, shot: ShotMasks | None, found: dict[int, Measured], settings: ExtractSettings) -> None:
    """Sets the columns of a record; those of a frame without masks become null where an earlier mask filled them."""
    more = record.more
    if shot is None:
        more |= {name: None for name in COLUMNS if name in more}
        return
    at = record.frame_number - shot.start
    width, height = shot.size
    more["mask_path"] = f"masks/{mask_name(record.frame_number)}"
    more["mask_area_pct"] = 100.0 * float(shot.area[0, at]) / (width * height)
    more["mask_score"] = _plain(float(shot.score[0, at]))
    more["reid_decided"] = DECIDED[int(shot.decided[at])] or None
    one = found.get(record.frame_number)
    if one is None:
        gone = shot.area[0, at] < MASK_MIN_PIXELS or record.error is not None or SUBJECT[0] not in more
        more |= dict.fromkeys((*LIKENESS, *SUBJECT)) if gone else {}
        return
    more["reid_similarity"], more["reid_by"] = _plain(one.similarity), one.by or None
    values = [getattr(one.stats, name) if one.stats is not None else math.nan for name in METRIC_NAMES]
    more |= dict(zip(SUBJECT, map(_plain, values), strict=False))
    more["subject_quality_score"] = None if one.stats is None else _plain(score_of(one.stats, settings.quality_weights))


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
