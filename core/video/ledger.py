"""Builds the ledger of a video: every frame's time and key flag, in the order in which a decoder shows them.

Demux only where packets tell the truth about frames (one packet, one frame, a unique pts in a possible order), checked
on the decoded head of the file; otherwise by decoding everything once. Every later decode checks it (``decoder.py``).
"""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.errors import SourceError
from core.records import UNNAMED, FrameLedger
from core.video.container import open_video
from core.video.packets import NAMES_ONLY, Columns, Head, Reading, decode_packets, demux, single_thread
from core.video.timeline import in_line, timeline

TRUSTED = ("mov", "matroska", "mpegts", "ivf", "nut")
"""Demuxers (first name) whose packet pts name frames."""
WITHOUT_PTS = ("avi",)
"""Demuxers of formats that store no pts: what FFmpeg gives instead is no time of a picture where pictures reorder."""
MAX_REORDER = 16
"""A packet further than this from its place in presentation order means that timestamps jump: codecs allow no more."""
RULES = 2
"""Version of the rules by which a full decode is counted; a ledger that notes it need not be counted again."""


def build_ledger(path: str, reading: Reading) -> FrameLedger:
    """Returns the ledger of a video stream of a file.

    Args:
        path: the file.
        reading: of the same file and stream; it is read to the end.

    Raises:
        SourceError: not a video, or no frame can be decoded.
    """
    ledger = _demuxed(reading)
    return ledger if ledger is not None else build_by_decoding(path, None, reading.stream_index)


def _demuxed(reading: Reading) -> FrameLedger | None:
    if reading.demuxer not in TRUSTED:
        return None
    head, packets = reading.head, reading.columns()
    if not packets.complete or not len(packets.pts):
        return None
    order = np.argsort(packets.pts, kind="stable")
    pts, key = packets.pts[order], packets.key[order]
    if np.any(np.diff(pts) <= 0) or not _is_possible(packets, order, reading.reorders):
        return None
    leading = _undecodable_start(packets, pts, head)
    pts, key = pts[leading:], key[leading:]
    if not _head_agrees(pts, head):
        return None
    return FrameLedger(pts=pts, key=key, time_base=reading.time_base, clock="pts")


def _is_possible(packets: Columns, order: NDArray[np.int64], reorders: bool) -> bool:
    """Whether a coder can have put the pictures into this order; else a time stamp is wrong.

    No picture is further from its place than codecs allow; what stands in the file before a key frame is shown before
    it; what stands after it and is shown before it follows it at once (ITU-T H.265, 8.1.3; H.264 and MPEG-2 alike).
    """
    count = len(order)
    moved = np.abs(order - np.arange(count))
    if not reorders or not len(keys := np.flatnonzero(packets.key)):
        return not np.any(moved)
    if np.max(moved) > MAX_REORDER:
        return False
    before = np.maximum.accumulate(packets.pts)[keys[keys > 0] - 1]
    if np.any(before > packets.pts[keys[keys > 0]]):
        return False
    group = np.searchsorted(keys, np.arange(count), side="right") - 1
    leading = (group >= 0) & (packets.pts < packets.pts[keys[group]])
    since = np.arange(count) - keys[group]
    leads = np.bincount(group[leading], minlength=len(keys))
    return not np.any(since[leading] > leads[group[leading]])


def _undecodable_start(packets: Columns, pts: NDArray[np.int64], head: Head) -> int:
    """Counts leading pictures that no decoder shows because the file starts inside an open group of pictures.

    Only pictures shown before the first key frame can be such; a damaged frame later on keeps its ordinal.
    """
    keys = np.flatnonzero(packets.key)
    if not len(keys) or not head.pts:
        return 0
    first_key = int(packets.pts[keys[0]])
    first_shown = min(int(np.searchsorted(pts, head.pts[0])), int(np.searchsorted(pts, first_key)))
    return first_shown


def _head_agrees(pts: NDArray[np.int64], head: Head) -> bool:
    """Whether the decoded head is what the packets promise: increasing, known, and without systematic holes."""
    shown = np.array(head.pts, np.int64)
    if np.any(np.diff(shown) <= 0):
        return False
    at = np.searchsorted(pts, shown)
    if np.any(at >= len(pts)) or np.any(pts[np.minimum(at, len(pts) - 1)] != shown):
        return False
    return 2 * int(at[-1] - at[0] + 1) <= 3 * len(shown)


def build_by_decoding(path: str, disproved: FrameLedger | None = None, stream_index: int | None = None) -> FrameLedger:
    """Returns the ledger by decoding the whole stream (as ``build_ledger``) once with one thread.

    Names and times are the frames' pts if they increase; in a file without pts their dts, which names them in decode
    output order. Else the order names them, and ``timeline`` makes times of what stamps there are.

    Args:
        path: the file.
        disproved: a ledger that a decoder did not keep to. Where names give the same again, the order has to name.

    Raises:
        SourceError: no frame can be decoded.
    """
    container, stream = open_video(path, stream_index)
    pts: list[int | None] = []
    dts: list[int | None] = []
    key: list[bool] = []
    with closing(container):
        single_thread(stream)
        stream.codec_context.options = NAMES_ONLY
        for frame in decode_packets(demux(container, stream), stream):
            pts.append(frame.pts)
            dts.append(frame.dts)
            key.append(bool(frame.key_frame))
        time_base = stream.time_base or Fraction(1, 1000)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        stored = container.format.name.split(",")[0] not in WITHOUT_PTS
    if not key:
        raise SourceError(f"no frame of {path} can be decoded; the file is damaged, get it again.", code="undecodable")
    keys = np.array(key, bool)
    step = max(1, round(1 / (rate * time_base)))
    by_pts = stored and _mostly_in_line(pts)
    found = _named(pts, dts, by_pts, keys, time_base, step)
    if found is not None and (disproved is None or not np.array_equal(found.pts, disproved.pts)):
        return found
    stamps = pts if by_pts or not _mostly_in_line(dts) else dts
    times, repaired = timeline(stamps, step)
    names = np.array([UNNAMED if t is None else t for t in pts], np.int64)
    return FrameLedger(
        pts=times,
        key=keys,
        time_base=time_base,
        clock="order",
        names=names if stored and np.any(names != UNNAMED) else None,
        repaired=repaired if np.any(repaired) else None,
        decoded=RULES,
    )


def _named(
    pts: list[int | None], dts: list[int | None], by_pts: bool, key: NDArray[np.bool_], time_base: Fraction, step: int
) -> FrameLedger | None:
    """The ledger of frames that their stamps name; ``None`` where stamps are missing, repeated or out of line."""
    for clock, column in (("pts", pts), ("dts", dts)):
        known = [t for t in column if t is not None]
        if not known or any(t is None for t in column[: len(known)]):
            continue
        if (clock == "pts" and len(known) < len(column)) or (clock == "dts" and by_pts):
            continue
        times = np.array(known, np.int64)
        if np.any(np.diff(times) <= 0):
            continue
        usual = int(np.median(np.diff(times))) if len(times) > 1 else step
        tail = times[-1] + usual * np.arange(1, len(column) - len(known) + 1, dtype=np.int64)
        return FrameLedger(np.concatenate([times, tail]), key, time_base, clock, decoded=RULES)
    return None


def _mostly_in_line(stamps: list[int | None]) -> bool:
    """Whether stamps are in line for at least half of the frames."""
    known = np.array([t for t in stamps if t is not None], np.int64)
    return 2 * len(in_line(known)) >= len(stamps)
