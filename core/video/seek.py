"""Exact random access: one frame, or a window of frames, by ordinal. Exact or an error, never a neighbour."""

from __future__ import annotations

from types import TracebackType

from core.errors import DecodeError
from core.video.decoder import Decoder
from core.video.frame import Frame
from core.video.probe import Video


class FrameReader:
    """Reads single frames and windows of one video; keeps the file open between calls. Use it from one thread."""

    def __init__(self, video: Video) -> None:
        self._video = video
        self._decoder = Decoder(video)

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._decoder.close()

    def frame(self, ordinal: int) -> Frame:
        """Returns the frame with this 0-based ordinal.

        Raises:
            DecodeError: there is no such frame, or its data are damaged or missing.
        """
        return self.window(ordinal, ordinal + 1)[0]

    def window(self, start: int, stop: int) -> list[Frame]:
        """Returns the frames with ``start <= ordinal < stop``, all of them.

        Raises:
            DecodeError: the window reaches beyond the video, or a frame of it cannot be decoded soundly.
        """
        count = len(self._video.ledger)
        if not 0 <= start < stop <= count:
            raise DecodeError(
                f"frames {start} to {stop - 1} were asked for; the video has frames 0 to {count - 1}.", code="no_frame"
            )
        frames = list(self._decoder.frames(start, stop))
        damaged = {frame.ordinal: frame.damaged for frame in frames}
        for ordinal in range(start, stop):
            if ordinal not in damaged:
                raise DecodeError(
                    f"frame {ordinal} cannot be decoded: its data in the file are damaged or missing.",
                    code="damaged_frame",
                    frame=ordinal,
                )
            if damaged[ordinal]:
                raise DecodeError(with_damage(ordinal), code="damaged_frame", frame=ordinal)
        return frames


def with_damage(ordinal: int) -> str:
    """Returns the sentence about a frame that has a picture, but not surely the one that was recorded."""
    return (
        f"frame {ordinal} is decoded only with damage: data in the file are damaged or missing, so its picture "
        "cannot be trusted."
    )
