"""``python -m core.pipeline.patches.preview``: the child process that makes sample windows.

First what there would be, told by the configuration alone; then a strip of pictures for each of about twelve windows;
last how many bytes all of it would take. Nothing is written. Its parent is ``core.ui.patches_looks``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.parent import Parent, serve
from core.pipeline.patches.config import FORM, Config, from_values
from core.pipeline.patches.estimate import SAMPLES, estimating, free_at
from core.pipeline.patches.outcome import Estimated
from core.pipeline.patches.planned import planned
from core.pipeline.patches.samples import Sample, sample_count
from core.video import images

TILES = 12
SIDE = 240
"""Of the longer side of a picture in a strip, pixels."""
QUALITY = 82


def answer(parent: Parent) -> None:
    """Looks at the ``values`` of a configuration whose patches would go to ``out``. Raises as ``preview``."""
    for event in preview(from_values(parent.request["values"], FORM), Path(parent.request["out"])):
        parent.send(event)


def preview(config: Config, folder: Path) -> Iterator[dict[str, Any]]:
    """Yields plain JSON values: ``planned``; for each sample ``done`` and ``of``, with some a ``tile``; ``estimate``.

    Raises:
        SourceError: a video cannot be opened.
    """
    windows, patches = planned(config)
    files = sum(patches.values()) * (1 + len(config.settings.lr_versions))
    yield {"planned": {"windows": windows, "patches": patches, "files": files, "free": free_at(folder)}}
    total, tiles = sample_count(config, SAMPLES), 0
    with closing(estimating(config, folder)) as found:
        done = 0
        while True:
            try:
                sample = next(found)
            except StopIteration as end:
                estimated: Estimated = end.value
                yield {"estimate": {"bytes": estimated.bytes, "files": estimated.files, "free": estimated.free}}
                return
            shown = tiles < TILES and done * TILES >= tiles * max(total, TILES)
            yield {"done": done + 1, "of": total} | ({"tile": _tile(sample, tiles)} if shown else {})
            done, tiles = done + 1, tiles + int(shown)


def _tile(sample: Sample, number: int) -> dict[str, Any]:
    """What is told of a window; of its patches one is shown, of the next window that of the next category."""
    cut = sample.cuts[number % len(sample.cuts)] if sample.cuts else None
    told: dict[str, Any] = {
        "video": sample.video.name,
        "window": sample.placed.window.index,
        "first": sample.placed.first,
        "last": sample.placed.ordinals[-1],
        "category": cut and cut.category,
        "format": cut and cut.format.name,
        "size": list(cut.rectangle[2:]) if cut else None,
        "at": list(cut.rectangle[:2]) if cut else None,
        "categories": list(sample.placed.window.categories),
        "fault": sample.fault,
        "missed": sorted(set(sample.missed)),
    }
    if not sample.pixels:
        return told | {"strip": None}
    pictures = [_eight_bit(one) for one in sample.pixels]
    if cut is not None:
        x, y, width, height = cut.rectangle
        pictures = [one[y : y + height, x : x + width] for one in pictures]
    small = [images.fitted(one, SIDE) for one in pictures]
    strip = images.encode_jpeg(np.concatenate(small, axis=1), QUALITY)
    return told | {"strip": base64.b64encode(strip).decode(), "wide": small[0].shape[1], "high": small[0].shape[0]}


def _eight_bit(rgb: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(rgb >> 8, np.uint8) if rgb.dtype == np.uint16 else np.asarray(rgb, np.uint8)


if __name__ == "__main__":
    serve(answer)
