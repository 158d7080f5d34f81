"""The crops of stage 1: concatenated JPEGs, and where each lies. Thinned while they are written: disk is bounded.

Boxes are chained online by IoU; each chain (it ends at a cut) keeps its most confident crop, and of the rest those stay
whose frame a step divides, which doubles whenever the file gets too large. Not here: how a crop is cut.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from core import files, inside
from core.errors import RunError
from core.geometry import iou
from core.store import npz

CHAIN_IOU = 0.5
CHAIN_GAP = 5
"""Frames for which a chain waits for its next box."""
FILLED = 0.7
"""Share of the limit to which a file is thinned."""
MOST_STEP = 1 << 20


class CropWriter:
    """Writes the crops of frames in their order to an open file, and rewrites it in place when it gets too large."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        """Takes a file that can be read and written, empty; ``most_bytes`` is passed only by the best of all chains."""
        self._file, self._most = file, most_bytes
        self._rows: list[int] = []
        self._frames: list[int] = []
        self._lengths: list[int] = []
        self._size = 0
        self._count = 0
        self.step = 1
        """Of the frames whose crops stay whatever they show."""
        self._best: dict[int, tuple[float, int]] = {}
        """Chain -> confidence and row of its best crop."""
        self._best_rows: set[int] = set()
        self._active: list[tuple[int, int, NDArray[np.float32]]] = []
        """Chain, frame and box of what may go on."""
        self._chains = 0

    def add(
        self,
        frame: int,
        boxes: NDArray[np.float32],
        confidences: NDArray[np.float32],
        jpegs: Sequence[bytes | None],
        cut: bool,
    ) -> None:
        """Adds the boxes of the next frame, the next rows of the detections.

        Args:
            frame: ordinal.
            boxes: (N, 4) float32 xyxy.
            confidences: (N,) float32.
            jpegs: a crop for each box; ``None`` = none could be cut.
            cut: whether a shot begins here.
        """
        chains = self._chained(frame, boxes, cut)
        for chain, confidence, jpeg in zip(chains, confidences.tolist(), jpegs, strict=True):
            row, self._count = self._count, self._count + 1
            if jpeg is None:
                continue
            before = self._best.get(chain)
            if before is None or confidence > before[0]:
                self._best[chain] = confidence, row
                self._best_rows.add(row)
                if before is not None:
                    self._best_rows.discard(before[1])
            elif frame % self.step:
                continue
            self._file.write(jpeg)
            self._rows.append(row)
            self._frames.append(frame)
            self._lengths.append(len(jpeg))
            self._size += len(jpeg)
        if self._size > self._most:
            self._thin()

    def finish(self) -> NDArray[np.int64]:
        """Drops what was replaced and returns (D + 1,) int64 offsets; equal neighbours = no crop."""
        if self.step > 1:
            self._keep(self._wanted())
        lengths = np.zeros(self._count, np.int64)
        lengths[self._rows] = self._lengths
        return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    def _chained(self, frame: int, boxes: NDArray[np.float32], cut: bool) -> list[int]:
        """The chain of each box: of the box before that overlaps it most, taken once; else a new one."""
        active = [] if cut else [one for one in self._active if frame - one[1] <= CHAIN_GAP]
        chains = [-1] * len(boxes)
        taken: set[int] = set()
        if active and len(boxes):
            near = iou(boxes, np.stack([box for _, _, box in active]))
            for at in np.argsort(-near, axis=None, kind="stable").tolist():
                new, old = divmod(at, len(active))
                if near[new, old] < CHAIN_IOU:
                    break
                if chains[new] < 0 and old not in taken:
                    chains[new] = active[old][0]
                    taken.add(old)
        for new, chain in enumerate(chains):
            if chain < 0:
                chains[new], self._chains = self._chains, self._chains + 1
        waiting = [one for old, one in enumerate(active) if old not in taken]
        self._active = [*((c, frame, box) for c, box in zip(chains, boxes, strict=True)), *waiting]
        alive = {chain for chain, _, _ in self._active}
        if len(self._best) > 2 * len(alive) + 1000:
            self._best = {chain: best for chain, best in self._best.items() if chain in alive}
        return chains

    def _wanted(self) -> list[int]:
        return [i for i, row in enumerate(self._rows) if self._frames[i] % self.step == 0 or row in self._best_rows]

    def _thin(self) -> None:
        wanted = self._wanted()
        while self.step < MOST_STEP and sum(self._lengths[i] for i in wanted) > FILLED * self._most:
            self.step *= 2
            wanted = self._wanted()
        self._keep(wanted)
        if self._size > FILLED * self._most:  # only the best of chains are left: they may take what they need
            self._most = 2 * self._size

    def _keep(self, wanted: Sequence[int]) -> None:
        """Moves what stays to the beginning of the file."""
        starts = np.concatenate([[0], np.cumsum(self._lengths)]).astype(np.int64)
        to = 0
        for i in wanted:
            length = self._lengths[i]
            if int(starts[i]) != to:
                self._file.seek(int(starts[i]))
                data = self._file.read(length)
                self._file.seek(to)
                self._file.write(data)
            to += length
        self._file.seek(to)
        self._file.truncate()
        for name in ("_rows", "_frames", "_lengths"):
            column: list[int] = getattr(self, name)
            setattr(self, name, [column[i] for i in wanted])
        self._size = to


def write_offsets(path: Path, offsets: NDArray[np.int64]) -> None:
    """Writes ``crops_cache.npz`` atomically. Raises ``StorageError``."""
    files.write_npz(path, {"offsets": offsets})


class Crops:
    """The crops that are there, read where they lie. Use it with ``with``."""

    def __init__(self, jpegs: Path, offsets: Path, rows: int) -> None:
        """Opens both files.

        Args:
            jpegs: ``crops_cache.jpg``.
            offsets: ``crops_cache.npz``.
            rows: D, of the detections.

        Raises:
            RunError: one is absent, damaged, or of other detections.
        """
        try:
            found = npz.read(offsets, {"offsets": 200_000_000})["offsets"].astype(np.int64)
            self._file = inside.open_in(jpegs, inside.beside(jpegs))
        except FileNotFoundError as error:
            raise RunError(f"{error.filename} is missing: run stage 1 first.", code="no_stage", stage="1") from None
        except (OSError, *npz.DAMAGED) as error:
            raise RunError(
                f"{offsets} is damaged ({error}): run stage 1 again.", code="damaged_stage", stage="1"
            ) from error
        size = self._file.seek(0, 2)
        if found.shape != (rows + 1,) or found[0] != 0 or int(found[-1]) != size or np.any(np.diff(found) < 0):
            self._file.close()
            sentence = f"{jpegs} and {offsets.name} do not belong together: run stage 1 again."
            raise RunError(sentence, code="damaged_stage", stage="1")
        self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        self.offsets = found
        self.has: NDArray[np.bool_] = np.diff(found) > 0
        """(D,) bool: which rows have a crop."""

    def __enter__(self) -> Crops:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(self._map, mmap.mmap):
            self._map.close()
        self._file.close()

    def jpeg(self, row: int) -> bytes | None:
        """Returns the JPEG of a row; ``None`` = it has no crop."""
        start, end = int(self.offsets[row]), int(self.offsets[row + 1])
        return bytes(self._map[start:end]) if end > start else None

    def nearest(self, rows: NDArray[np.int64], wanted: int) -> int | None:
        """Returns the row nearest to place ``wanted`` in ``rows`` that has a crop; ``None`` = none of them has one."""
        there = np.flatnonzero(self.has[rows])
        return int(rows[there[np.abs(there - wanted).argmin()]]) if len(there) else None
