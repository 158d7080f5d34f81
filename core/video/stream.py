"""Frames for consumers: a bounded, ordered, closable stream, and its segment-parallel form for whole-video work."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.video.decoder import Decoder
from core.video.frame import Frame
from core.video.plan import Piece, plan_pieces, plan_tasks
from core.video.probe import Video

T = TypeVar("T")
DEPTH = 8
"""Frames that may wait in a queue: 1080p frames of about 3 MB each."""
CHUNK = 32
CHUNK_S = 0.2
"""Results travel to the consumer when this many, or the oldest this old, have come together."""
POLL_S = 0.1


def threads_to_use() -> int:
    """Returns how many threads decode: the cores that this process may use."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@dataclass(frozen=True)
class Gap:
    """A frame that the ledger knows and that could not be decoded."""

    ordinal: int


class FrameStream:
    """Decodes ahead in a thread of its own and yields wanted frames in order: ``Frame``, or ``Gap`` where none came.

    Bounded: the producer waits when ``DEPTH`` frames are not yet taken. Use it with ``with``, or close it.

    Raises while iterating:
        LedgerMismatch: see ``Decoder.frames``.
    """

    def __init__(self, video: Video, ordinals: NDArray[np.int64] | None = None, threads: int | None = None) -> None:
        """Starts decoding.

        Args:
            video: from ``probe``.
            ordinals: (W,) int64 ascending; all frames if ``None``.
            threads: of the decoder; all cores if ``None``.
        """
        wanted = np.arange(len(video.ledger), dtype=np.int64) if ordinals is None else ordinals
        self._queue: queue.Queue[Frame | Gap | BaseException | None] = queue.Queue(DEPTH)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._produce, args=(video, wanted, threads or threads_to_use()), name="frame-stream", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> FrameStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame | Gap]:
        while not self._stop.is_set():
            item = self._queue.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        """Stops decoding, waits for the thread and closes the file. May be called twice."""
        self._stop.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=POLL_S)
            except queue.Empty:
                continue
        self._thread.join()

    def _put(self, item: Frame | Gap | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=POLL_S)
                return True
            except queue.Full:
                continue
        return False

    def _produce(self, video: Video, wanted: NDArray[np.int64], threads: int) -> None:
        try:
            with closing(Decoder(video, threads)) as decoder:
                for piece in plan_pieces(video.ledger, wanted, longest=None):
                    with closing(decode_piece(decoder, piece)) as found:
                        for item in found:
                            if not self._put(item):
                                return
            self._put(None)
        except BaseException as error:
            self._put(error)


def decode_piece(decoder: Decoder, piece: Piece) -> Generator[Frame | Gap, None, None]:
    """Yields each wanted ordinal of a piece in order, as a frame or a gap."""
    wanted = deque(piece.wanted.tolist())
    with closing(decoder.frames(piece.start, piece.stop)) as frames:
        for frame in frames:
            while wanted and wanted[0] < frame.ordinal:
                yield Gap(wanted.popleft())
            if wanted and wanted[0] == frame.ordinal:
                wanted.popleft()
                yield frame
    for ordinal in wanted:
        yield Gap(ordinal)


Work = Callable[[Frame], T]
"""Applied to each frame in the thread that decoded it."""


def map_frames(
    video: Video, ordinals: NDArray[np.int64], make_work: Callable[[], Work[T]], workers: int | None = None
) -> Generator[list[tuple[int, T | None]], None, None]:
    """Applies work to every wanted frame on all cores; yields results in ordinal order.

    Each thread owns a single-threaded decoder and takes whole groups of pictures, and the work runs on the decoder's
    own memory right after the frame was decoded: 0.93 of the bare decoder's speed, where a queue between reader and
    workers reached 0.74 (docs/architecture.md). Videos of very few key frames are read by one decoder with frame
    threads instead. Close the iterator to stop.

    Args:
        video: from ``probe``.
        ordinals: (W,) int64, ascending.
        make_work: called once per thread; returns the function that is applied to each frame.
        workers: threads; all cores if ``None``.

    Yields:
        Lists of ``(ordinal, result)``, never empty, in order; the result is ``None`` where no frame could be decoded.

    Raises:
        LedgerMismatch: see ``Decoder.frames``; whatever the work raises.
    """
    workers = workers or threads_to_use()
    tasks = plan_tasks(video.ledger, ordinals)
    costs = [sum(piece.cost for piece in task) for task in tasks]
    if workers > 1 and costs and max(costs) > TOO_LONG * sum(costs) / workers and sum(costs) > MIN_SHARED:
        return _one_reader(video, ordinals, make_work, workers)
    return _Segments(video, tasks, make_work, workers).results()


TOO_LONG = 0.6
"""A task that costs more than this share of one thread's part would leave the other threads idle."""
MIN_SHARED = 60
"""Below so many decoded frames sharing does not matter."""


def _one_reader(
    video: Video, ordinals: NDArray[np.int64], make_work: Callable[[], Work[T]], workers: int
) -> Generator[list[tuple[int, T | None]], None, None]:
    own = threading.local()

    def apply(frame: Frame) -> T:
        if not hasattr(own, "work"):
            own.work = make_work()
        result: T = own.work(frame)
        return result

    waiting: deque[tuple[int, Future[T] | None]] = deque()
    with FrameStream(video, ordinals, workers) as stream, ThreadPoolExecutor(workers) as pool:
        for item in stream:
            waiting.append((item.ordinal, pool.submit(apply, item) if isinstance(item, Frame) else None))
            del item
            if len(waiting) >= DEPTH:
                ordinal, future = waiting.popleft()
                yield [(ordinal, future.result() if future else None)]
        for ordinal, future in waiting:
            yield [(ordinal, future.result() if future else None)]


class _Segments(Generic[T]):
    """The threads of one ``map_frames`` call. Results leave in the order of the tasks."""

    def __init__(self, video: Video, tasks: list[list[Piece]], make_work: Callable[[], Work[T]], workers: int) -> None:
        self._video = video
        self._tasks = tasks
        self._make_work = make_work
        self._workers = min(workers, len(tasks))
        self._results: list[queue.SimpleQueue[list[tuple[int, T | None]] | BaseException | None]] = [
            queue.SimpleQueue() for _ in tasks
        ]
        self._next = iter(range(len(tasks)))
        self._taking = threading.Lock()
        self._room = threading.Semaphore(2 * self._workers + 1)
        self._stop = threading.Event()

    def results(self) -> Generator[list[tuple[int, T | None]], None, None]:
        threads = [threading.Thread(target=self._run, name=f"segment-{i}", daemon=True) for i in range(self._workers)]
        for thread in threads:
            thread.start()
        try:
            for done in self._results:
                while (chunk := done.get()) is not None:
                    if isinstance(chunk, BaseException):
                        raise chunk
                    yield chunk
                self._room.release()
        finally:
            self._stop.set()
            for _ in threads:
                self._room.release()
            for thread in threads:
                thread.join()

    def _run(self) -> None:
        with closing(Decoder(self._video)) as decoder:
            work: Work[T] | None = None
            while True:
                self._room.acquire()
                with self._taking:
                    index = next(self._next, None)
                if index is None or self._stop.is_set():
                    return
                try:
                    work = work or self._make_work()
                    self._one(decoder, work, index)
                    self._results[index].put(None)
                except BaseException as error:
                    self._results[index].put(error)
                    return

    def _one(self, decoder: Decoder, work: Work[T], index: int) -> None:
        chunk: list[tuple[int, T | None]] = []
        since = perf_counter()
        for piece in self._tasks[index]:
            with closing(decode_piece(decoder, piece)) as found:
                for item in found:
                    if self._stop.is_set():
                        return
                    chunk.append((item.ordinal, work(item) if isinstance(item, Frame) else None))
                    if len(chunk) >= CHUNK or perf_counter() - since > CHUNK_S:
                        self._results[index].put(chunk)
                        chunk, since = [], perf_counter()
        if chunk:
            self._results[index].put(chunk)
