"""Films of the masked frames at the times of the source: H.264 before a colour, or with transparency."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from queue import Queue

import numpy as np
from numpy.typing import NDArray

from core import files
from core.metrics.matte import alpha_of, cut_out, over
from core.pipeline.masks.export import Place
from core.pipeline.masks.frames_out import MaskedFrame, each_frame
from core.pipeline.masks.home import Home
from core.settings.masks import MaskExport
from core.video import film

USUAL_RATE = Fraction(30)
"""Of a folder of pictures, which tells none."""


def write_mp4(home: Home, place: Place, settings: MaskExport) -> Generator[int, None, Path]:
    """Writes ``<name>_masked.mp4``: the frames of finished shots one after another, before the colour.

    Raises:
        StorageError, MissingDependency: as ``film.write_film``. DecodeError, RunError: as ``each_frame``.
    """

    def shown(frame: MaskedFrame) -> NDArray[np.uint8]:
        alpha = alpha_of(frame.subject, settings.grow, settings.feather)
        return _even(over(frame.rgb, alpha, settings.background))

    return (yield from _film(home, place, shown, "masked", "mp4"))


def write_alpha_film(home: Home, place: Place, settings: MaskExport) -> Generator[int, None, Path]:
    """Writes ``<name>_alpha.mov`` (ProRes 4444) or ``.webm`` (VP9). Raises as ``write_mp4``."""

    def shown(frame: MaskedFrame) -> NDArray[np.uint8]:
        return cut_out(frame.rgb, alpha_of(frame.subject, settings.grow, settings.feather))

    return (yield from _film(home, place, shown, "alpha", settings.film))


def _even(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """With a last row or column repeated where the encoder wants even sides."""
    height, width = rgb.shape[:2]
    return rgb if height % 2 == width % 2 == 0 else np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _film(
    home: Home, place: Place, shown: Callable[[MaskedFrame], NDArray[np.uint8]], word: str, kind: str
) -> Generator[int, None, Path]:
    """Writes the film and yields how many frames it was given; each is shown for as long as in the source."""
    files.make_folder(place.folder)
    path = place.folder / f"{home.path.name}_{word}{film.KINDS[kind].suffix}"
    ordinals = np.sort(np.concatenate([np.zeros(0, np.int64), *(shot.ordinals for shot in place.shots(home))]))
    video = home.video()
    times = film.even_times(len(ordinals), USUAL_RATE) if video is None else film.times(video.ledger, ordinals)
    yield from _written(
        home, place, shown, lambda frames: film.write_film(zip(times.tolist(), frames, strict=False), path, kind)
    )
    return path


def _written(
    home: Home,
    place: Place,
    shown: Callable[[MaskedFrame], NDArray[np.uint8]],
    write: Callable[[Iterator[NDArray[np.uint8]]], object],
) -> Generator[int, None, None]:
    """Feeds an encoder that takes an iterator, in a thread of its own, and yields how many frames it was given."""
    given: Queue[NDArray[np.uint8] | BaseException | None] = Queue(4)
    failed: list[BaseException] = []
    taken = threading.Event()

    def frames() -> Iterator[NDArray[np.uint8]]:
        while (frame := given.get()) is not None:
            if isinstance(frame, BaseException):
                taken.set()
                raise frame
            yield frame
        taken.set()

    def run() -> None:
        try:
            write(frames())
        except BaseException as error:
            failed.append(error)
            while not taken.is_set() and isinstance(given.get(), np.ndarray):
                pass  # whoever gives must not wait for an encoder that is gone

    thread = threading.Thread(target=run, name="film", daemon=True)
    thread.start()
    end: BaseException | None = _Stopped()
    try:
        with closing(each_frame(home, place.shots(home), shown)) as found:
            for done, (_, frame) in enumerate(found, 1):
                given.put(frame)
                yield done
                if failed:
                    break
        end = None
    finally:
        given.put(end)
        thread.join()
    if failed:
        raise failed[0]


class _Stopped(Exception):
    """Nobody wants the film any more: the encoder leaves nothing behind."""
