"""Gathers pictures of many decoding threads into batches for a detector that wants them (CUDA)."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from types import TracebackType

from core.models import Detector, Prepared
from core.records import Detections

WORKERS = 2
"""While one turns the output of a batch into boxes, the other keeps the device busy."""
WAIT_S = 0.005

Item = tuple[Prepared, "Future[Detections]"]


class Batcher:
    """Answers every picture with a future. The queue is bounded: decoders wait for the device. Use it with ``with``."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._queue: queue.Queue[Item | None] = queue.Queue(2 * detector.batch)
        self._threads = [threading.Thread(target=self._run, name=f"batch-{i}", daemon=True) for i in range(WORKERS)]

    def __enter__(self) -> Batcher:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, picture: Prepared) -> Future[Detections]:
        """Queues a picture; waits while the queue is full."""
        future: Future[Detections] = Future()
        self._queue.put((picture, future))
        return future

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            try:
                found = self._detector.detect([picture for picture, _ in batch])
            except BaseException as error:
                for _, future in batch:
                    future.set_exception(error)
            else:
                for (_, future), detections in zip(batch, found, strict=True):
                    future.set_result(detections)

    def _next(self) -> list[Item] | None:
        """The next pictures, as many as come soon; ``None`` at the end."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < self._detector.batch:
            try:
                item = self._queue.get(timeout=WAIT_S)
            except queue.Empty:
                break
            if item is None:
                self._queue.put(None)
                break
            batch.append(item)
        return batch
