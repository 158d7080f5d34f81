"""Writes the patches of windows in threads of their own, bounded, and hands them back in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import files
from core.pipeline.patches.cutting import Stacks
from core.video import images

MOST_BYTES = 512_000_000
"""Pixels that may wait to be written."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A patch to be written."""

    line: dict[str, Any]
    """Its line of the manifest; ``gt``, ``lr_5``, ``lr_7`` are paths below the folder."""
    make: Callable[[], Stacks]
    """Makes its pictures from crops that it holds."""
    pixels: int
    """Bytes that it holds."""


@dataclass(frozen=True)
class Written:
    """What became of a patch."""

    line: dict[str, Any] | None
    """Its line of the manifest; ``None``: its ground truth was too small a file."""
    bytes: int


@dataclass(eq=False)
class Batch:
    """The patches of one window, and what is to be done when they are written."""

    patches: list[Patch]
    then: Callable[[list[Written]], None]
    waiting: list[Future[Written]] = field(default_factory=list)

    @property
    def pixels(self) -> int:
        """Bytes that its patches hold."""
        return sum(patch.pixels for patch in self.patches)


class Writer:
    """Writes batches; each is finished in the order in which it came. Use it with ``with``: leaving drops the rest."""

    def __init__(self, folder: Path, least_bytes: int, workers: int) -> None:
        """``least_bytes``: of a ground truth; ``workers``: threads, which ``resize`` changes."""
        self._folder, self._least, self._workers = folder, least_bytes, workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="patches")
        self._batches: deque[Batch] = deque()
        self._held = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def resize(self, workers: int) -> None:
        """Changes the number of threads; what waits is written first."""
        if workers == self._workers:
            return
        self._workers = workers
        self._pool.shutdown(wait=True)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="patches")

    def add(self, batch: Batch) -> Generator[None, None, None]:
        """Takes a batch; yields for each earlier one that is finished now."""
        batch.waiting = [self._pool.submit(self._write, patch) for patch in batch.patches]
        self._batches.append(batch)
        self._held += batch.pixels
        while len(self._batches) > 1 and (
            self._held > MOST_BYTES or len(self._batches) > 2 * self._workers + 1 or self._is_first_done()
        ):
            self._finish()
            yield

    def finish(self) -> Generator[None, None, None]:
        """Waits for all; yields for each."""
        while self._batches:
            self._finish()
            yield

    def _is_first_done(self) -> bool:
        return all(future.done() for future in self._batches[0].waiting)

    def _finish(self) -> None:
        batch = self._batches.popleft()
        self._held -= batch.pixels
        batch.then([future.result() for future in batch.waiting])

    def _write(self, patch: Patch) -> Written:
        stacks = patch.make()
        data = {"gt": images.encode_png(stacks.gt)}
        if len(data["gt"]) < self._least:
            return Written(None, 0)
        data |= {key: images.encode_png(stacks.lr[key]) for key in stacks.lr}
        for key, pixels in data.items():
            path = self._folder / patch.line[key]
            files.make_folder(path.parent)
            files.write_bytes(path, pixels, sync=False)
        return Written(patch.line, sum(map(len, data.values())))
