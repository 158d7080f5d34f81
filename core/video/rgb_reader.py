"""RGB pictures by ordinal in any order: what comes near in order is decoded once, whichever way one walks.

Not here: many frames on all cores (``stream.map_frames``), and frames that must be exact or an error (``seek``).
"""

from __future__ import annotations

from collections import OrderedDict
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from core.errors import DecodeError
from core.video.decoder import Decoder
from core.video.probe import Video
from core.video.stream import threads_to_use

CACHE_BYTES = 96_000_000
"""Pictures that are kept: 15 of 1080p."""
LEAST, MOST = 4, 64


class RgbReader:
    """Reads pictures of one video; use it from one thread. Memory: at most ``CACHE_BYTES`` or ``LEAST`` pictures.

    Forward a single decode goes on from picture to picture. Backward a block is decoded from its key frame and kept.
    """

    def __init__(self, video: Video) -> None:
        self._video = video
        self._decoder = Decoder(video, threads_to_use())
        self._block = int(np.clip(CACHE_BYTES // (video.info.width * video.info.height * 3), LEAST, MOST))
        self._kept: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._forward = self._decoder.frames(0, 0)
        self._next = -1

    def __enter__(self) -> RgbReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._forward.close()
        self._decoder.close()

    def picture(self, ordinal: int) -> NDArray[np.uint8]:
        """Returns the (H, W, 3) uint8 RGB picture of a frame; not to be written to.

        A frame that cannot be decoded is shown as the nearest earlier frame of its block that can, else a later one.

        Raises:
            DecodeError: there is no such frame, or none near it can be decoded.
        """
        if not 0 <= ordinal < len(self._video.ledger):
            raise DecodeError(
                f"frame {ordinal} was asked for; the video has frames 0 to {len(self._video.ledger) - 1}.",
                code="no_frame",
            )
        if ordinal in self._kept:
            self._kept.move_to_end(ordinal)
            return self._kept[ordinal]
        if ordinal == self._next:
            found = self._go_on(ordinal)
        elif self._kept and ordinal + 1 in self._kept:  # backward
            found = self._decode_block(max(0, ordinal + 1 - self._block), ordinal + 1)
        else:
            self._begin(ordinal)
            found = self._go_on(ordinal)
        return found

    def _begin(self, ordinal: int) -> None:
        self._forward.close()
        self._forward, self._next = self._decoder.frames(ordinal, len(self._video.ledger)), ordinal

    def _go_on(self, ordinal: int) -> NDArray[np.uint8]:
        for frame in self._forward:
            picture = frame.rgb()
            for missed in range(self._next, frame.ordinal):
                self._keep(missed, self._kept.get(missed - 1, picture))
            self._keep(frame.ordinal, picture)
            self._next = frame.ordinal + 1
            if frame.ordinal >= ordinal:
                return self._kept.get(ordinal, picture)
        if ordinal - 1 in self._kept:  # no frame behind it can be decoded
            self._keep(ordinal, self._kept[ordinal - 1])
            self._next = ordinal + 1
            return self._kept[ordinal]
        return self._decode_block(max(0, ordinal + 1 - self._block), ordinal + 1)

    def _decode_block(self, start: int, stop: int) -> NDArray[np.uint8]:
        self._forward.close()
        self._next = -1
        found = {frame.ordinal: frame.rgb() for frame in self._decoder.frames(start, stop)}
        if not found:
            raise DecodeError(
                f"frames {start} to {stop - 1} cannot be decoded: their data are damaged or missing.",
                code="damaged_frame",
                frame=stop - 1,
            )
        first, last = found[min(found)], None
        for ordinal in range(start, stop):
            last = found.get(ordinal, first if last is None else last)
            self._keep(ordinal, last)
        assert last is not None
        return last

    def _keep(self, ordinal: int, picture: NDArray[np.uint8]) -> None:
        self._kept[ordinal] = picture
        self._kept.move_to_end(ordinal)
        while len(self._kept) > self._block + 1:
            self._kept.popitem(last=False)
