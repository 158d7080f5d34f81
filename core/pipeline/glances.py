"""``python -m core.pipeline.glances``: a child process that glances at files; its parent is ``core.ui.glances``.

In a child, because a damaged file may end the process that reads it; in one for many, because its start takes longer
than a glance. One file at a time: ``{"path", "kind"}`` in, the facts or an error out.
"""

from __future__ import annotations

import base64
import queue
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FramesieveError
from core.parent import Parent, serve
from core.video.glance import glance, photo_poster
from core.video.images import encode_jpeg

POSTER_HEIGHT, POSTER_QUALITY = 108, 80
"""Of a small picture in a list, twice as fine as it is shown."""

_wishes: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()


def answer(parent: Parent) -> None:
    """Answers one wish after the other; ends with the parent."""
    while True:
        wish = _wishes.get()
        try:
            parent.send(glance_at(Path(wish["path"]), wish["kind"]))
        except FramesieveError as error:
            parent.send(error.to_mapping() | {"kind": type(error).__name__})


def glance_at(path: Path, kind: str) -> dict[str, Any]:
    """Returns plain JSON values: of a video ``width``, ``height``, ``duration_s``; ``poster`` (JPEG in base64).

    Raises:
        SourceError: it is not what its name says.
    """
    if kind == "photo":
        return {"poster": _jpeg(photo_poster(path, POSTER_HEIGHT))}
    found = glance(path, POSTER_HEIGHT)
    facts = {"width": found.width, "height": found.height, "duration_s": found.duration_s}
    return facts | {"poster": None if found.poster is None else _jpeg(found.poster)}


def _jpeg(rgb: NDArray[np.uint8]) -> str:
    return base64.b64encode(encode_jpeg(rgb, POSTER_QUALITY)).decode()


if __name__ == "__main__":
    serve(answer, heard=_wishes.put)
