"""Films of chosen frames: times of the source, colours, odd sides, and what is not written."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import FramesieveError, StorageError
from core.records import FrameLedger
from core.video import film
from core.video.probe import probe
from tests import videos
from tests.reference import ffmpeg_frame

COLOURS = ((0, 255, 0), (200, 30, 40), (20, 60, 210), (240, 240, 240))
STEPS = (1, 2, 4)
"""Ticks of 1/60 s that frames of the clip of variable rate last, in turn."""


def plain(colours: tuple[tuple[int, int, int], ...] = COLOURS, size: tuple[int, int] = (48, 64)) -> list[np.ndarray]:
    return [np.full((*size, 3), colour, np.uint8) for colour in colours]


def timed(pictures: list[np.ndarray], step: int = 3600) -> Iterator[film.Timed]:
    return ((i * step, picture) for i, picture in enumerate(pictures))


def times_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        return sorted(float(p.pts * stream.time_base) for p in container.demux(stream) if p.size and p.pts is not None)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> FrameLedger:
    return probe(videos.build("h264-vfr", tmp_path_factory.mktemp("clips"))).ledger


@pytest.mark.parametrize("chosen", [range(120), range(10, 31), (0, 1, 2, 50, 51, 52, 53, 119), (7,)])
def test_each_frame_is_shown_for_as_long_as_in_its_source(
    ledger: FrameLedger, chosen: tuple[int, ...], tmp_path: Path
) -> None:
    ordinals = np.array(chosen, np.int64)
    lasts = [STEPS[ordinal % 3] / 60 for ordinal in ordinals.tolist()]
    wanted = np.concatenate([[0], np.cumsum(lasts)[:-1]])
    times = film.times(ledger, ordinals)
    assert times * float(film.CLOCK) == pytest.approx(wanted, abs=1e-4)
    pictures = [np.full((48, 64, 3), ordinal, np.uint8) for ordinal in ordinals.tolist()]
    film.write_film(zip(times.tolist(), pictures, strict=True), tmp_path / "some.mp4", "mp4")
    assert times_of(tmp_path / "some.mp4") == pytest.approx(wanted, abs=1e-4)


def test_pictures_without_times_come_steadily() -> None:
    found = film.even_times(7, Fraction(30000, 1001)) * float(film.CLOCK)
    assert found == pytest.approx([i * 1001 / 30000 for i in range(7)], abs=1e-5)


@pytest.mark.parametrize("kind", film.KINDS)
def test_colours_are_those_that_were_given(kind: str, tmp_path: Path) -> None:
    if not film.can_write(kind):
        pytest.skip(f"FFmpeg's libraries have no encoder for {kind} here")
    path = tmp_path / f"film{film.KINDS[kind].suffix}"
    pictures = plain()
    if kind != "mp4":
        pictures = [np.dstack([p, np.full(p.shape[:2], 255, np.uint8)]) for p in pictures]
    assert film.write_film(timed(pictures), path, kind) == len(COLOURS)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1), "BT.709, and it says so"
    for i, colour in enumerate(COLOURS):
        assert np.abs(ffmpeg_frame(str(path), i)[20, 30].astype(int) - colour).max() <= 4


@pytest.mark.parametrize(("kind", "shape"), [("vp9", (46, 62)), ("prores", (47, 63))])
def test_odd_sides(kind: str, shape: tuple[int, int], tmp_path: Path) -> None:
    if not film.can_write(kind):
        pytest.skip(f"FFmpeg's libraries have no encoder for {kind} here")
    path = tmp_path / f"film{film.KINDS[kind].suffix}"
    film.write_film(timed([np.full((47, 63, 4), 128, np.uint8)] * 3), path, kind)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.height, stream.width) == shape


def test_nothing_is_left_of_a_film_that_fails(tmp_path: Path) -> None:
    def breaking() -> Iterator[film.Timed]:
        yield from timed(plain())
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        film.write_film(breaking(), tmp_path / "film.mp4", "mp4")
    with pytest.raises(FramesieveError, match=r"film\.mp4 was not written: no frame came"):
        film.write_film(iter(()), tmp_path / "film.mp4", "mp4")
    assert not list(tmp_path.iterdir())
    with pytest.raises(StorageError, match="could not be written"):
        film.write_film(timed(plain()), tmp_path / "nowhere" / "film.mp4", "mp4")
