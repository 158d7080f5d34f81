"""A few windows of a configuration, made in memory as they would be written: for estimates and previews."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.pipeline.patches.active import active_picture
from core.pipeline.patches.config import Config, PatchVideo
from core.pipeline.patches.cutting import Cut
from core.pipeline.patches.planes import Converter
from core.pipeline.patches.reading import read_windows
from core.pipeline.patches.stability import compare, fault
from core.pipeline.patches.windows import Instants, Placed, spread, windows_of
from core.settings.patches import WINDOW
from core.video import mobius
from core.video.probe import probe


@dataclass(frozen=True, eq=False)
class Sample:
    """One window of a video, and the patches that it would give."""

    video: PatchVideo
    placed: Placed
    fault: str | None
    """Why it would not be taken; it has no cuts then."""
    cuts: tuple[Cut, ...]
    missed: tuple[str, ...]
    pixels: tuple[NDArray[Any], ...]
    """Its seven pictures, (H, W, 3) RGB each; none where a frame cannot be decoded."""


def samples(config: Config, number: int) -> Generator[Sample, None, None]:
    """Yields about ``number`` windows, evenly spread over the videos and over each of them; first tries only.

    Memory: one window at a time.

    Raises:
        SourceError: a video cannot be opened. MissingDependency: FFmpeg lacks the filters of a tone mapping.
    """
    if config.settings.tone_mapping == "mobius":
        mobius.check()
    each = max(1, -(-number // len(config.videos)))
    for about in config.videos[:number]:
        yield from _of_video(config, about, each)


def sample_count(config: Config, number: int) -> int:
    """Returns how many windows ``samples`` yields where every video has seven frames."""
    each = max(1, -(-number // len(config.videos)))
    windows = (len(windows_of(config.settings, about.weights)) for about in config.videos[:number])
    return sum(min(each, many) for many in windows)


def _of_video(config: Config, about: PatchVideo, number: int) -> Generator[Sample, None, None]:
    video = probe(about.path)
    if len(video.ledger) < WINDOW:
        return
    converter = Converter(config.settings, active_picture(video, deinterlace=config.settings.deinterlace))
    windows = windows_of(config.settings, about.weights)
    instants = Instants(video.ledger, config.settings, len(windows))
    chosen = np.unique(np.linspace(0, len(windows) - 1, min(number, len(windows)) + 2)[1:-1].round().astype(int))
    placed = spread([instants.place(windows[at], 0) for at in chosen.tolist()])
    with closing(read_windows(video, placed, compare, around=converter.around)) as found:
        for one, pictures in found:
            why = fault(pictures, config.settings)
            if any(picture.frame is None for picture in pictures):
                yield Sample(about, one, why, (), (), ())
                continue
            cuts, missed = ([], []) if why else converter.cuts(config, about, one, pictures)
            yield Sample(about, one, why, tuple(cuts), tuple(missed), tuple(converter.pixels(pictures)))
