"""``python -m core.pipeline.look FILE STREAM [ROOT ...]``: a child process that says what a video is, in JSON lines.

They go to standard output. In a child, because a damaged file may end the process that reads it, and because a look can
be given up. First what the header claims, then what was counted, then a poster. STREAM is ``-`` for the film; with
folders it reads in these only. The parent is ``core.ui.looks``.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from core import inside
from core.errors import FramesieveError
from core.pipeline.counting import kept_to
from core.video import colour, cut_off, images
from core.video.container import open_chosen
from core.video.frame import Frame
from core.video.probe import Video, probe
from core.video.stream import FrameStream

POSTER_HEIGHT, POSTER_QUALITY = 480, 85
POSTER_AT = 0.1
"""Which part of the video has passed at the poster: the first frame is often black."""


def main() -> int:
    """Looks at the file that is named; an error is a line too."""
    path, stream, *roots = sys.argv[1:]
    inside.confine(roots or None)
    try:
        for event in look(Path(path), None if stream == "-" else int(stream)):
            print(json.dumps(event, allow_nan=False), flush=True)
    except FramesieveError as error:
        print(json.dumps({"error": str(error)}), flush=True)
    return 0


def look(path: Path, stream_index: int | None = None) -> Iterator[dict[str, Any]]:
    """Yields plain JSON values: header claims, counted facts, a poster (JPEG in base64).

    Args:
        path: the file.
        stream_index: FFmpeg's index of the video stream; the film if ``None``.

    Raises:
        SourceError: it is not a video that can be read.
    """
    container, stream, choice = open_chosen(path, stream_index)
    with closing(container):
        context, length = stream.codec_context, container.duration
        yield {
            "size_bytes": path.stat().st_size,
            "codec": context.name,
            "width": context.width,
            "height": context.height,
            "rate": float(stream.average_rate) if stream.average_rate else None,
            "duration_s": length / 1e6 if length else None,
            "stream": choice.index,
            "streams": [{"index": one.index, "text": str(one)} for one in choice.streams],
        }
    yield from kept_to(probe(path, stream=choice.index), _counted)


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
        "cut_off": cut_off.said_of(info),
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
    sys.exit(main())
