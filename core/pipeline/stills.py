"""One frame to one file: JPEG or PNG of the SDR picture, or 16-bit PNG in the video's own colours."""

from __future__ import annotations

from typing import Any, BinaryIO

from numpy.typing import NDArray

from core.records import VideoInfo
from core.settings.extract import ExtractSettings
from core.video import images
from core.video.frame import Frame


def encoded(frame: Frame, settings: ExtractSettings, rgb: NDArray[Any] | None = None) -> tuple[str, bytes]:
    """Returns suffix and bytes of the picture that is saved of a frame.

    Args:
        frame: decoded.
        settings: format and quality, and what is saved of HDR and wide gamut.
        rgb: ``frame.rgb()``, where it is there already.
    """
    coding = frame.coding if settings.hdr == "keep" else None
    if coding is not None:
        return ".png", images.encode_deep(frame.deep(), coding)
    picture = frame.rgb() if rgb is None else rgb
    return settings.image_suffix, images.encode(picture, settings.image_suffix, settings.jpeg_quality)


def bytes_per_pixel(info: VideoInfo, settings: ExtractSettings) -> float:
    """Returns about how many bytes a pixel takes in a file, more than most pictures need."""
    if settings.hdr == "keep" and info.rendering is not None:
        return DEEP_BYTES_PER_PIXEL
    return PNG_BYTES_PER_PIXEL if settings.png else JPEG_BYTES_PER_PIXEL


JPEG_BYTES_PER_PIXEL, PNG_BYTES_PER_PIXEL, DEEP_BYTES_PER_PIXEL = 0.25, 2.0, 6.0


def is_kept(picture: BinaryIO) -> bool:
    """Whether a saved picture is in the video's own colours, not in those that previews and scores are of.

    The file is open, and stands at its beginning again afterwards.
    """
    head = picture.read(images.CODING_BYTES)
    picture.seek(0)
    return images.coding_of(head) is not None
