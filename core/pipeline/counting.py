"""Frames counted anew: where a decoder disproves a ledger, and where a ledger was counted by an older program.

What was numbered by one count is never gone on with by another. Not here: how frames are counted (``video.ledger``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np

from core import log
from core.errors import LedgerMismatch, RunError
from core.records import FrameLedger, VideoInfo, shown_otherwise
from core.store.run import RunDir
from core.video import colour
from core.video.ledger import RULES, build_by_decoding
from core.video.probe import OpenedVideo, Video, probe

T = TypeVar("T")
R = TypeVar("R")
RECOUNTS = 2
"""Times a ledger is counted anew: once with the names that decoded frames carry, once by their order alone."""


def counted_again(video: Video, error: LedgerMismatch) -> Video:
    """Returns the video with the ledger that decoding all of it gives; says so once.

    Raises:
        SourceError: the file is not the one that was probed, or no frame can be decoded.
    """
    video.check_unchanged()
    log.get().warning("%s Counting its frames again by decoding all of them.", error)
    return _counted_by_decoding(video.path, video.info.stream_index, video.ledger)


def kept_to(video: Video, work: Callable[[Video], Generator[T, None, R]]) -> Generator[T, None, R]:
    """Runs ``work(video)``; where the decoder disproves the ledger, once more with one that was counted anew.

    ``work`` has to throw away, at its beginning, what it numbered by another count.

    Raises:
        LedgerMismatch: the decoder shows other frames at each decode.
    """
    for _ in range(RECOUNTS):
        try:
            return (yield from work(video))
        except LedgerMismatch as error:
            video = counted_again(video, error)
    return (yield from work(video))


@contextlib.contextmanager
def numbered_by(run: RunDir) -> Iterator[None]:
    """Turns a disproved ledger of a run, which cannot be counted anew under its records, into a sentence.

    Raises:
        RunError: the decoder disproves the run's ledger.
    """
    try:
        yield
    except LedgerMismatch as error:
        raise RunError(
            f"the frames of {run.path} were counted otherwise than its video shows them ({str(error).rstrip('.')}); "
            "the run stays as it is: extract the video again, which makes a run of its own.",
            code="miscounted",
        ) from error


def _counted_by_decoding(path: str | Path, stream: int | None, disproved: FrameLedger | None = None) -> Video:
    return probe(path, build_by_decoding(str(path), disproved, stream), stream)


def counted(file: OpenedVideo, stored: FrameLedger | None) -> Video:
    """Returns a video as this program counts its frames now; ``stored`` spares the counting where it can be trusted.

    A ledger that was counted by decoding under today's rules is taken as it is. Any other is compared with the packets;
    where these say otherwise, the frames are decoded once to find out.
    """
    if stored is not None and stored.decoded == RULES:
        return file.video(stored)
    video = file.video()
    if stored is not None and not video.ledger.decoded and ledger_difference(stored, video.ledger) is not None:
        exact = _counted_by_decoding(file.path, video.info.stream_index)
        if ledger_difference(stored, exact.ledger) is None:
            return exact
    return video


def difference(ledger: FrameLedger, info: VideoInfo, video: Video) -> str | None:
    """Returns what makes earlier frames others than those of now, as the end of "was made ..."; ``None`` = nothing.

    Whatever changes which picture an ordinal means, or how it is shown, is compared here and nowhere else.

    Args:
        ledger: of the earlier count.
        info: of the same video, as it was noted then.
        video: as it is counted and shown now.
    """
    if otherwise := shown_difference(info, video.info):
        return otherwise
    if counted := ledger_difference(ledger, video.ledger):
        return f"when the frames of its video were counted otherwise ({counted})"
    return None


def shown_difference(before: VideoInfo, now: VideoInfo) -> str | None:
    """Returns what shows the pictures of one video otherwise, as the end of "was made ..."; ``None`` = nothing."""
    if otherwise := shown_otherwise(before, now):
        return otherwise
    if colours := colour.shown_otherwise(before, now):
        return f"when its video was shown in other colours ({colours})"
    return None


def ledger_difference(before: FrameLedger, now: FrameLedger) -> str | None:
    """Returns in words what differs between two counts of one video; ``None`` = nothing."""
    if len(before) != len(now):
        return f"it has {len(before)} frames, now {len(now)} are counted"
    if before.time_base != now.time_base or not np.array_equal(before.pts, now.pts):
        return "its frames have another order or other times than are counted now"
    if not np.array_equal(before.key, now.key):
        return "its key frames are others than are counted now"
    return None
