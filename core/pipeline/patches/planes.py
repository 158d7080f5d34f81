"""The pictures that patches are cut from: native pixels, or what was asked for instead, and where they may be cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.shrink import scaled
from core.pipeline.patches.config import Config, PatchVideo
from core.pipeline.patches.cutting import Cut, Rectangle, cut_of
from core.pipeline.patches.reading import Picture
from core.pipeline.patches.windows import MIDDLE, Placed
from core.settings.patches import PatchSettings
from core.video.frame import Frame

FULL_HD = (1920, 1080)


class Converter:
    """Makes the pictures of windows of one video."""

    def __init__(self, settings: PatchSettings, active: Rectangle) -> None:
        """``active``: inside the black bars, pixels of the frames as they are shown."""
        self._settings, self._active = settings, active

    def pixels(self, pictures: Sequence[Picture]) -> list[NDArray[Any]]:
        """Returns the pictures of a window, (H, W, 3) uint8 or uint16 RGB each; a shared frame is converted once."""
        return [picture.pixels(self._convert) for picture in pictures]

    def cuts(
        self, config: Config, about: PatchVideo, one: Placed, pictures: Sequence[Picture]
    ) -> tuple[list[Cut], list[str]]:
        """Returns the patches of a window, and why categories get none."""
        middle = pictures[MIDDLE].luma
        assert middle is not None
        active = self._active
        if self._settings.scale_to_1080:
            active = _scaled_rectangle(active, middle.shape)
            middle = np.asarray(scaled(middle, FULL_HD), np.uint8)
        found = [
            cut_of(middle, active, config.categories[name], self._settings, about.stem, one.window.index)
            for name in one.window.categories
        ]
        return [c for c in found if isinstance(c, Cut)], [why for why in found if isinstance(why, str)]

    @property
    def around(self) -> int:
        """Frames around a window that its pictures are made from."""
        return int(self._settings.deinterlace)

    def _convert(self, picture: Picture) -> NDArray[Any]:
        frame = picture.frame
        assert frame is not None
        if self._settings.deinterlace and frame.interlaced:
            frame = frame.deinterlaced(picture.before, picture.after)
        pixels = self._pixels(frame)
        return scaled(pixels, FULL_HD) if self._settings.scale_to_1080 else pixels

    def _pixels(self, frame: Frame) -> NDArray[Any]:
        if self._settings.deep and frame.bits > 8:
            return frame.rgb16()
        return frame.mobius() if self._settings.tone_mapping == "mobius" else frame.rgb()


def _scaled_rectangle(active: Rectangle, shape: tuple[int, ...]) -> Rectangle:
    across, down = FULL_HD[0] / shape[1], FULL_HD[1] / shape[0]
    left, top = math.ceil(active[0] * across), math.ceil(active[1] * down)
    right, bottom = math.floor((active[0] + active[2]) * across), math.floor((active[1] + active[3]) * down)
    return left, top, right - left, bottom - top
