"""Small FrameTables for tests."""

import numpy as np

from core.records import FrameTable


def coded(texts):
    """The columns ``discard`` and ``discards`` of a table, for these discard reasons."""
    names = list(dict.fromkeys(["", *texts]))
    return {"discard": np.array([names.index(text) for text in texts], np.int16), "discards": tuple(names)}


def discarded_of(table):
    """The discard reason of each frame, "" without one."""
    return [table.discards[code] for code in table.discard.tolist()]


def table(frames, *, step=1.0, discarded=None, error=(), shot=None, phash=None, colours=None, first=0, **columns):
    """A table of ``frames`` records, ``step`` seconds apart."""
    return FrameTable(
        ordinal=np.arange(first, first + frames),
        pts_s=np.arange(first, first + frames) * step,
        shot=np.array(shot if shot is not None else [-1] * frames, np.int64),
        phash=np.array([h or 0 for h in phash or [0] * frames], np.uint64),
        has_phash=np.array([h is not None for h in phash or [None] * frames], bool),
        colours=np.array([[0] * 36 if c is None else c for c in colours or [None] * frames], np.uint8).reshape(-1, 36),
        has_colours=np.array([c is not None for c in colours or [None] * frames], bool),
        error=np.isin(np.arange(frames), list(error)),
        **coded(discarded or [""] * frames),
        on_disk=np.ones(frames, bool),
        values={name: np.array(column, np.float64) for name, column in columns.items()},
    )
