"""Reads the frames of a shot ahead of the network, in order, in a thread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.models import Frames

Picture = NDArray[np.uint8]
Out = TypeVar("Out")


def ahead(
    frames: Frames, order: Iterable[int], ready: Callable[[Picture], Any], work: Callable[[Any], Out], callers: int
) -> Iterator[tuple[int, Out]]:
    """Yields (index, what became of the frame), in order; a few frames are worked on before they are asked for.

    At most ``2 * callers + 2`` frames are held. Frames are read by one other thread, one at a time.

    Args:
        frames: of a shot.
        order: indices.
        ready: done to a picture by the thread that read it.
        work: done to what comes of that, by ``callers`` threads.
        callers: how many.
    """
    reader, workers = ThreadPoolExecutor(1), ThreadPoolExecutor(callers)
    waiting: deque[tuple[int, Future[Out]]] = deque()

    def read(index: int) -> Any:
        return ready(frames[index])

    def run(picture: Future[Any]) -> Out:
        return work(picture.result())

    try:
        for index in order:
            waiting.append((index, workers.submit(run, reader.submit(read, index))))
            if len(waiting) >= 2 * callers + 2:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        reader.shutdown(wait=True, cancel_futures=True)
        workers.shutdown(wait=True, cancel_futures=True)
