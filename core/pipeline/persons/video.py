"""Stage 6: the video with the boxes, ids and names of its persons."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from core.store.persons import Persons
from core.video import boxes
from core.video.boxes import Box
from core.video.probe import Video
from core.video.proxy import make_proxy, remove_left

ENCODER = {"preset": "veryfast", "crf": "21", "g": "50", "x264-params": "sync-lookahead=0:mbtree=0"}
"""The same bytes each time: x264's macroblock tree gives others in about one of four runs where a processor has AVX-512
(measured at 160 x 120; in none of 2,000 runs without it), its thread for looking ahead in one of 100."""


def write_video(video: Video, persons: Persons, names: Mapping[int, str], path: Path) -> Generator[int, None, None]:
    """Writes ``output_video.mp4``, H.264, the frames and times of the source; yields how many frames are done.

    Args:
        video: from ``probe``.
        persons: of stage 4.
        names: id -> name.
        path: the file; its folder exists, and nobody else works in it.

    Raises:
        StorageError: it cannot be written. SourceError, LedgerMismatch: as ``make_proxy``.
    """
    remove_left(path, older_than_s=0)
    info = video.info
    size = max(2, info.width + info.width % 2), max(2, info.height + info.height % 2)
    scale = np.array([size[0] / info.width, size[1] / info.height] * 2, np.float32)
    order = np.argsort(persons.frame_numbers, kind="stable")
    bounds = np.searchsorted(persons.frame_numbers[order], np.arange(len(video.ledger) + 1)).tolist()
    xyxy = (persons.bboxes[order] * scale).tolist()
    who = persons.person_ids[persons.owner[order]].tolist() if len(order) else []
    labels = {p: f"{p} {names[p]}" if p in names else str(p) for p in persons.person_ids.tolist()}

    def paint(ordinal: int, picture: Any) -> None:
        rows = range(bounds[ordinal], bounds[ordinal + 1])
        boxes.draw(picture, [Box(tuple(xyxy[row]), who[row], labels[who[row]]) for row in rows])

    with closing(make_proxy(video, path, size=size, encoder=ENCODER, paint=paint)) as counts:
        yield from counts
