"""Films of the masked frames: H.264 before a colour, or with transparency where the encoder is there."""

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
from core.video import alpha_film
from core.video.encode import encode

USUAL_RATE = Fraction(30)
"""Of a folder of pictures, which tells none."""


def write_mp4(home: Home, place: Place, settings: MaskExport) -> Generator[int, None, Path]:
    """Writes ``<name>_masked.mp4``: the frames of finished shots one after another, before the colour.

    Raises:
        StorageError, MissingDependency: as ``encode``. DecodeError, RunError: as ``each_frame``.
    """
    files.make_folder(place.folder)
    path = place.folder / f"{home.path.name}_masked.mp4"

    def shown(frame: MaskedFrame) -> NDArray[np.uint8]:
        alpha = alpha_of(frame.subject, settings.grow, settings.feather)
        return _even(over(frame.rgb, alpha, settings.background))

    yield from _written(home, place, shown, lambda frames: encode(frames, path, _rate(home)))
    return path


def write_alpha_film(home: Home, place: Place, settings: MaskExport) -> Generator[int, None, Path]:
    """Writes ``<name>_alpha.mov`` (ProRes 4444) or ``.webm`` (VP9). Raises as ``alpha_film.write_film``."""
    files.make_folder(place.folder)
    path = place.folder / f"{home.path.name}_alpha{alpha_film.KINDS[settings.film].suffix}"

    def shown(frame: MaskedFrame) -> NDArray[np.uint8]:
        return cut_out(frame.rgb, alpha_of(frame.subject, settings.grow, settings.feather))

    yield from _written(
        home, place, shown, lambda frames: alpha_film.write_film(frames, path, _rate(home), settings.film)
    )
    return path


def _rate(home: Home) -> Fraction:
    return (home.rate or USUAL_RATE).limit_denominator(1001)


def _even(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """With a last row or column repeated where the encoder wants even sides."""
    height, width = rgb.shape[:2]
    return rgb if height % 2 == width % 2 == 0 else np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


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
