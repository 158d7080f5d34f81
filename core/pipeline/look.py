"""``python -m core.pipeline.look``: a child process that says what a video is; its parent is ``core.ui.looks``.

In a child, because a damaged file may end the process that reads it, and because a look can be given up. First what the
header claims, then what was counted, then a poster. How it speaks with its parent is in ``core.parent``.
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.parent import Parent, serve
from core.pipeline.counting import kept_to
from core.video import colour, cut_off, images
from core.video.frame import Frame
from core.video.probe import Video, opened
from core.video.stream import FrameStream

POSTER_HEIGHT, POSTER_QUALITY = 480, 85
POSTER_AT = 0.1
"""Which part of the video has passed at the poster: the first frame is often black."""


def answer(parent: Parent) -> None:
    """Looks at the file ``path`` of the request, at its video ``stream``. Raises as ``look``."""
    for event in look(Path(parent.request["path"]), parent.request["stream"]):
        parent.send(event)


def look(path: Path, stream_index: int | None = None) -> Iterator[dict[str, Any]]:
    """Yields plain JSON values: header claims, counted facts, a poster (JPEG in base64).

    Args:
        path: the file.
        stream_index: FFmpeg's index of the video stream; the film if ``None``.

    Raises:
        SourceError: it is not a video that can be read.
    """
    with opened(path, stream_index) as file:
        header = file.header
        yield {
            "size_bytes": path.stat().st_size,
            "codec": header.codec,
            "width": header.width,
            "height": header.height,
            "rate": float(header.rate) if header.rate else None,
            "duration_s": header.duration_s,
            "stream": file.choice.index,
            "streams": [{"index": one.index, "text": str(one)} for one in file.choice.streams],
        }
        video = file.video()
    yield from kept_to(video, _counted)


def _counted(video: Video) -> Generator[dict[str, Any], None, None]:
    """What was counted, then the poster: the first frame that is decoded beyond the head."""
    info = video.info
    yield {
        "width": info.width,
        "height": info.height,
        "rate": float(info.rate) if info.rate else None,
        "duration_s": info.duration_s,
        "frames": info.frames,
        "keyframes": len(video.ledger.keys),
        "audio": info.audio,
        "cut_off": cut_off.sentence_of(info),
        "repaired_times": info.repaired_times,
        "colours": colour.described(info),
    }
    poster = _poster(video)
    if poster is not None:
        yield {"poster": base64.b64encode(poster).decode()}


def _poster(video: Video) -> bytes | None:
    keys = video.ledger.keys
    ordinal = int(keys[np.searchsorted(keys, len(video.ledger) * POSTER_AT)]) if len(keys) > 1 else 0
    with FrameStream(video, np.array([ordinal], np.int64), 1) as stream:
        for item in stream:
            if isinstance(item, Frame):
                return bytes(images.encode_jpeg(item.thumb(POSTER_HEIGHT), POSTER_QUALITY))
    return None


if __name__ == "__main__":
    serve(answer)
