"""Reads and writes ledger.npz: every frame's pts and key-frame flag. How a ledger is made: core/video/ledger.py."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from core import files
from core.errors import RunError
from core.records import FrameLedger
from core.store import npz

MOST_FRAMES = 50_000_000
"""Of a video: 230 hours at 60 frames per second."""
COLUMNS = {"pts": MOST_FRAMES, "key": MOST_FRAMES, "time_base": 2, "clock": 1, "decoded": 1}
COLUMNS |= {"names": MOST_FRAMES, "repaired": MOST_FRAMES}
CLOCKS = ("pts", "dts", "order")
"""Which time stamp of a decoded frame names it: see ``records.FrameLedger``."""


OPTIONAL = {"names": np.int64, "repaired": np.bool_}
"""Columns that are there only where time stamps are missing, repeated or out of line."""


def save(path: Path, ledger: FrameLedger) -> None:
    """Writes the ledger atomically. Raises ``StorageError`` when it cannot."""
    time_base = np.array([ledger.time_base.numerator, ledger.time_base.denominator], dtype=np.int64)
    columns = {"pts": ledger.pts, "key": ledger.key, "time_base": time_base, "clock": np.array(ledger.clock)}
    for name in OPTIONAL:
        if (column := getattr(ledger, name)) is not None:
            columns[name] = column
    if ledger.decoded:
        columns["decoded"] = np.array(ledger.decoded, dtype=np.int64)
    files.write_npz(path, columns)


def load(path: Path) -> FrameLedger:
    """Reads a ledger; without ``clock`` it is ``pts``. Columns that older programs did not write may be absent.

    Raises:
        RunError: the file is absent, damaged, or holds something else.
    """
    try:
        file = npz.read(path, COLUMNS, ("clock", "decoded", *OPTIONAL))
        numerator, denominator = (int(n) for n in file["time_base"])
        clock = str(file["clock"]) if "clock" in file else "pts"
        if clock not in CLOCKS:
            raise ValueError(f'clock is "{clock[:40]}"')
        pts, key = file["pts"].astype(np.int64, copy=False), file["key"].astype(np.bool_, copy=False)
        more: dict[str, Any] = {n: file[n].astype(t, copy=False) for n, t in OPTIONAL.items() if n in file}
        decoded = int(file["decoded"]) if "decoded" in file else 0
        return FrameLedger(pts, key, Fraction(numerator, denominator), clock, decoded=decoded, **more)
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing; run extract again to make it.", code="missing") from error
    except (OSError, *npz.DAMAGED) as error:
        raise RunError(
            f"{path} is not a ledger ({error}); delete it and run extract again to make it.", code="damaged"
        ) from error
