"""The masked frames of a video one after another, with pictures: what every export is made from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import DecodeError
from core.pipeline.masks import mask_files
from core.pipeline.masks.home import Home
from core.store.masks import ShotMasks
from core.video.frame import Frame
from core.video.stream import map_frames, threads_to_use

T = TypeVar("T")
Work = Callable[["MaskedFrame"], T]


@dataclass(frozen=True, eq=False, slots=True)
class MaskedFrame:
    """A frame of a finished shot."""

    ordinal: int
    rgb: NDArray[np.uint8]
    """(H, W, 3)."""
    pixels: NDArray[np.uint8]
    """(H, W) as in its mask file."""
    object_ids: tuple[int, ...]

    @property
    def subject(self) -> NDArray[np.bool_]:
        """(H, W): all objects together."""
        found: NDArray[np.bool_] = self.pixels > 0
        return found

    def of(self, object_id: int) -> NDArray[np.bool_]:
        """Returns (H, W): one object."""
        return mask_files.of_object(self.pixels, self.object_ids, object_id)


def each_frame(
    home: Home, shots: list[ShotMasks], work: Work[T], *, pictures: bool = True
) -> Generator[tuple[int, T], None, None]:
    """Yields (ordinal, result) of every frame of some finished shots, in order; the work runs on all cores.

    Args:
        home: of the video.
        shots: finished ones.
        work: done to each frame.
        pictures: whether it looks at them; else nothing is decoded, and ``rgb`` has no pixels.

    Raises:
        DecodeError: a frame has no picture. RunError: the video is gone, or a mask is damaged.
    """
    ids = {o: tuple(s.object_ids.tolist()) for s in shots for o in s.ordinals.tolist()}
    ordinals = sorted(ids)
    if not ordinals:
        return

    def apply(ordinal: int, rgb: NDArray[np.uint8]) -> T:
        pixels = mask_files.read_mask(home.dir.mask(ordinal))
        if pixels is None:
            pixels = np.zeros((home.height, home.width), np.uint8)
        return work(MaskedFrame(ordinal, rgb, pixels, ids[ordinal]))

    video = home.video() if pictures else None
    if video is None:
        yield from _on_all_cores(ordinals, _reader(home, apply) if pictures else lambda at: apply(at, NO_PICTURE))
        return

    def make_work() -> Callable[[Frame], list[T]]:
        return lambda frame: [apply(frame.ordinal, frame.rgb())]

    with closing(map_frames(video, np.array(ordinals, np.int64), make_work)) as chunks:
        for chunk in chunks:
            for ordinal, found in chunk:
                if found is None:
                    raise DecodeError(
                        f"frame {ordinal} cannot be decoded: its data in the file are damaged or missing.",
                        code="damaged_frame",
                        frame=ordinal,
                    )
                yield ordinal, found[0]


NO_PICTURE = np.zeros((0, 0, 3), np.uint8)


def _reader(home: Home, apply: Callable[[int, NDArray[np.uint8]], T]) -> Callable[[int], T]:
    stills = home.stills
    assert stills is not None
    return lambda ordinal: apply(ordinal, stills.picture(ordinal))


def _on_all_cores(ordinals: list[int], work: Callable[[int], T]) -> Iterator[tuple[int, T]]:
    waiting: deque[tuple[int, Future[T]]] = deque()
    with ThreadPoolExecutor(threads_to_use()) as pool:
        try:
            for ordinal in ordinals:
                waiting.append((ordinal, pool.submit(work, ordinal)))
                if len(waiting) > 2 * threads_to_use():
                    at, found = waiting.popleft()
                    yield at, found.result()
            for at, found in waiting:
                yield at, found.result()
        finally:
            pool.shutdown(cancel_futures=True)
