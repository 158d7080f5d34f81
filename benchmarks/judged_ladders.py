"""Pictures that get worse step by step, for ``benchmarks.judgement``: each kind of harm at four strengths.

A picture is a film of three frames, so that what is told by neighbours (dissolves, combs) is told too: its own
frame is the middle one.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Film = list[Grey]
"""Consecutive frames, (H, W) uint8 full range; the one in the middle is judged."""
SIDE = 15
"""Frames on each side of the middle, for long exposures."""


def of_clip(path: Path, every: int = 60, first: int = 20) -> Iterator[Film]:
    """Yields films of 2 x SIDE + 1 frames around each chosen frame."""
    frames: Film = []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= first + 2 * every + SIDE:
                break
            frames.append(np.ascontiguousarray(frame.to_ndarray(format="gray")))
    for middle in (first, first + every, first + 2 * every):
        if middle + SIDE < len(frames):
            yield frames[middle - SIDE : middle + SIDE + 1]


def of_photo(path: Path) -> Film:
    """A photo as a film in which nothing moves, at most 1280 pixels wide."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    shrink = min(1.0, 1280 / grey.shape[1])
    grey = np.asarray(cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    return [grey] * (2 * SIDE + 1)


def _each(change: Callable[[Grey, Any], Any]) -> Callable[[Film, Any, Film], Film]:
    """A harm of single pictures: each of the three in the middle suffers it."""

    def harm(film: Film, strength: Any, _: Film) -> Film:
        return [_bytes(change(frame, strength)) for frame in film[SIDE - 1 : SIDE + 2]]

    return harm


def _bytes(values: Any) -> Grey:
    return np.ascontiguousarray(np.clip(np.round(values), 0, 255).astype(np.uint8))


def _smear(grey: Grey, length: int) -> Any:
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), 25, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(grey, -1, kernel / kernel.sum())


_rng = np.random.default_rng(1)


def _noise(grey: Grey, sigma: float) -> Any:
    return grey + _rng.normal(0, sigma, grey.shape)


def _jpeg(grey: Grey, quality: int) -> Any:
    return cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def _small(grey: Grey, factor: float) -> Any:
    low = cv2.resize(grey, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    return cv2.resize(low, grey.shape[::-1], interpolation=cv2.INTER_CUBIC)


def _exposed(film: Film, frames: int, _: Film) -> Film:
    """Real motion blur: the mean of consecutive frames."""
    starts = (SIDE - 1, SIDE, SIDE + 1)
    return [_bytes(np.mean(film[start - frames // 2 : start + frames // 2 + 1], axis=0)) for start in starts]


def _coded(film: Film, crf: int, _: Film) -> Film:
    """H.264 at a low bitrate; the judged frame is the fifth of its film."""
    height, width = (side // 2 * 2 for side in film[0].shape)
    with io.BytesIO() as memory:
        with av.open(memory, "w", format="matroska") as container:
            stream: Any = container.add_stream("libx264", Fraction(25))
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"crf": str(crf), "preset": "fast"}
            for grey in film[SIDE - 4 : SIDE + 2]:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(grey[:height, :width]), format="gray")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        memory.seek(0)
        with av.open(memory) as container:
            frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return [np.ascontiguousarray(frame) for frame in frames[-3:]]


def _dissolved(film: Film, frames: int, other: Film) -> Film:
    """The middle of a fade of so many frames into another film."""
    size = film[0].shape[::-1]
    fade = []
    for at in (-1, 0, 1):
        share = 0.5 + at / frames
        second = cv2.resize(other[SIDE + at], size, interpolation=cv2.INTER_AREA)
        fade.append(_bytes(film[SIDE + at] * (1 - share) + second * share))
    return fade


def _woven(film: Film, apart: int, _: Film) -> Film:
    """Interlacing: even rows of one frame, odd rows of one so many frames later."""
    rows = np.arange(film[0].shape[0])[:, None] % 2 == 0
    return [np.where(rows, film[at], film[at + apart]) for at in (SIDE - 1, SIDE, SIDE + 1)]


KINDS: dict[str, tuple[Callable[[Film, Any, Film], Film], tuple[Any, ...]]] = {
    "blur": (_each(lambda grey, sigma: cv2.GaussianBlur(grey, (0, 0), sigma)), (0.8, 1.5, 3, 6)),
    "motion blur": (_each(_smear), (5, 11, 21, 41)),
    "noise": (_each(_noise), (6, 15, 30, 60)),
    "over-exposed": (_each(lambda grey, gain: grey.astype(float) * gain), (1.3, 1.8, 2.5, 4)),
    "dark": (_each(lambda grey, gain: grey * gain), (0.7, 0.45, 0.25, 0.1)),
    "jpeg": (_each(_jpeg), (50, 25, 12, 6)),
    "upscaled": (_each(_small), (1.5, 2, 3, 6)),
    "blur and noise": (_each(lambda grey, s: _noise(cv2.GaussianBlur(grey, (0, 0), s), 8 * s)), (1, 2, 3, 5)),
    "real motion": (_exposed, (3, 5, 9, 15)),
    "h264": (_coded, (30, 36, 42, 50)),
    "dissolve": (_dissolved, (24, 16, 12, 8)),
    "interlaced": (_woven, (1, 2, 3, 5)),
}
"""Kind -> how it is done, and its four strengths, the weakest first."""
UNORDERED = ("dissolve", "interlaced")
"""Kinds whose strengths are not steps: each is only compared with the good picture."""
MOVING = ("real motion", "interlaced")
"""Kinds that do nothing where nothing moves: judged on the films in which enough does."""


def harms(film: Film, harmed: Film) -> bool:
    """Whether a harm changed the judged frame at all: a JPEG that is coded again as it was coded stays as it is."""
    good, bad = film[SIDE], harmed[1]
    return bool(np.mean(cv2.absdiff(good[: bad.shape[0], : bad.shape[1]], bad)) > 0.25)


def moves(film: Film) -> bool:
    """Whether neighbouring frames differ by more than a level on average and the film is no photo."""
    return bool(np.mean(cv2.absdiff(film[SIDE], film[SIDE + 1])) > 1.0)
