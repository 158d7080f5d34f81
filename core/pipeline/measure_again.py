"""The five metrics inside the bars of a whole shot, where a frame's own bars were others: it is decoded once more.

Which bars a shot has is known when its last frame was read; until then a frame is measured inside its own. A dark
picture or a fade is black at the sides beyond the bars, a bright one is not: each would be measured in a part of its
own. Only frames whose rectangle turned out to be another are read again, so that a film without bars costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import numpy as np

from core import log
from core.metrics.quality import Stats
from core.pipeline.measure import Measurer
from core.records import FrameRecord
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.video.frame import Frame
from core.video.probe import Video
from core.video.stream import map_frames
from core.wording import plural

Box = list[int] | None
"""A ``letterbox``: x, y, width, height; ``None`` = no bars."""


def measure_again(
    video: Video, settings: ExtractSettings, records: list[FrameRecord], before: dict[int, Box]
) -> list[FrameRecord]:
    """Measures the frames whose rectangle is not the one in which they were measured; returns their records.

    Args:
        video: theirs.
        settings: those of the run, which take the five metrics inside bars.
        records: with the ``letterbox`` of their shots; the five metrics of some are written.
        before: the rectangles in which they were measured.
    """
    sound = (record for record in records if record.error is None and record.sharpness is not None)
    moved = [record for record in sound if before[record.frame_number] != record.more.get("letterbox")]
    if not moved:
        return []
    log.get().info("%s measured once more, inside the bars of their shots", plural(len(moved), "frame"))
    by_number = {record.frame_number: record for record in moved}

    def make_work() -> Callable[[Frame], Stats]:
        measurer = Measurer(settings, hashes=False)
        return lambda frame: measurer.inside(frame, by_number[frame.ordinal].more.get("letterbox"))

    with closing(map_frames(video, np.array(sorted(by_number), np.int64), make_work)) as chunks:
        for chunk in chunks:
            for number, stats in chunk:
                if stats is not None:
                    write(by_number[number], stats)
    return moved


def write(record: FrameRecord, stats: Stats) -> None:
    """Writes the five metrics into a record; its score is another matter."""
    for name in METRIC_NAMES:
        setattr(record, name, getattr(stats, name))
