"""One decoded picture: its ordinal and its planes, in display orientation. The only owner of FFmpeg's frame object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

FULL_RANGE = 2  # AVCOL_RANGE_JPEG
UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
RGB_MATRIX = 0  # AVCOL_SPC_RGB
BT709, BT601 = 1, 6  # AVCOL_SPC_BT709, AVCOL_SPC_SMPTE170M
HD_HEIGHT = 720
"""Pictures at least this high that name no colour matrix are taken as BT.709, as browsers do."""
PLANAR_8 = {f"yuv{layout}" for layout in ("420p", "422p", "444p", "410p", "411p", "440p")}
PLANAR_8 |= {f"yuvj{layout}" for layout in ("420p", "422p", "444p", "440p")}
PLANAR_8 |= {"yuva420p", "yuva422p", "yuva444p", "nv12", "nv21", "nv16", "nv24", "gray"}
"""Pixel formats whose first plane is 8-bit luma."""
PLANAR_DEEP = {
    f"{layout}{bits}le": bits
    for layout in ("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuva420p", "yuva422p", "yuva444p", "gray")
    for bits in (9, 10, 12, 14, 16)
} | {"p010le": 16, "p016le": 16, "p210le": 16}
"""Pixel formats whose first plane is luma of 9-16 bits in little-endian words: significant bits of a word."""
FULL_RANGE_FORMATS = ("yuvj", "gray", "rgb", "bgr", "gbr", "pal8", "argb", "abgr")


class Frame:
    """A decoded frame. Valid until dropped; use it from one thread (two threads reformatting one frame crashed)."""

    __slots__ = ("_av", "_turns", "damaged", "ordinal", "pts")

    def __init__(self, source: VideoFrame, ordinal: int, pts: int, rotation: int, damaged: bool = False) -> None:
        self._av = source
        self._turns = rotation // 90
        self.ordinal = ordinal
        """0-based index in presentation order of the source."""
        self.pts = pts
        """Presentation time in units of the ledger's time base."""
        self.damaged = damaged
        """Decoded from damaged data, or from a frame that was: the picture may not be what was recorded."""

    @property
    def full_range(self) -> bool:
        """Whether luma goes from 0 to 255 (else 16 to 235)."""
        return is_full_range(self._av.format.name, self._av.color_range)

    def luma(self) -> tuple[NDArray[np.uint8], int]:
        """Returns the 8-bit luma plane, (H, stride) uint8 C-contiguous, and its width W <= stride.

        A view of the decoder's memory (no copy) for upright 8-bit planar video; deeper video keeps its 8 high bits;
        video without a luma plane is converted to full-range grey.
        """
        plane, width = self._stored_luma()
        if not self._turns:
            return plane, width
        upright = np.ascontiguousarray(np.rot90(plane[:, :width], -self._turns))
        return upright, upright.shape[1]

    def _stored_luma(self) -> tuple[NDArray[np.uint8], int]:
        source = self._av
        name = source.format.name
        if name in PLANAR_8:
            return _bytes_of(source), source.width
        if name in PLANAR_DEEP:
            words = _bytes_of(source).view("<u2")[:, : source.width]
            return (words >> (PLANAR_DEEP[name] - 8)).astype(np.uint8), source.width
        grey = source.reformat(format="gray", dst_color_range="JPEG", threads=1)
        return _bytes_of(grey), grey.width

    def rgb(self, width: int | None = None, height: int | None = None) -> NDArray[np.uint8]:
        """Returns the picture, (H, W, 3) uint8 RGB, converted by the matrix and range that the video states.

        Args:
            width: of the stored picture after scaling, before rotation; with ``height``, for small previews.
            height: likewise.
        """
        options: dict[str, Any] = {"format": "rgb24", "threads": 1}
        if width and height:
            options |= {"width": width, "height": height, "interpolation": "AREA"}
        picture = self._av.reformat(**options, **self._color())
        plane = _bytes_of(picture)[:, : picture.width * 3]
        image = plane.reshape(picture.height, picture.width, 3)
        return np.ascontiguousarray(np.rot90(image, -self._turns)) if self._turns else image

    def thumb(self, height: int) -> NDArray[np.uint8]:
        """Returns a preview, (height, w, 3) uint8 RGB, of the same shape as the picture."""
        stored_w, stored_h = self._av.width, self._av.height
        shown_h = stored_w if self._turns % 2 else stored_h
        scale = min(1.0, height / shown_h)
        return self.rgb(max(1, round(stored_w * scale)), max(1, round(stored_h * scale)))

    def _color(self) -> dict[str, Any]:
        source = self._av
        if source.colorspace == RGB_MATRIX or source.format.name.startswith(("rgb", "bgr", "gbr", "argb", "abgr")):
            return {}
        matrix = source.colorspace
        if matrix == UNSPECIFIED:
            matrix = BT709 if min(source.width, source.height) >= HD_HEIGHT else BT601
        return {"src_colorspace": matrix, "src_color_range": FULL_RANGE if self.full_range else 1}


def is_full_range(pixel_format: str, color_range: int) -> bool:
    """Returns whether luma of such frames goes from 0 to 255; unspecified YUV is limited."""
    return int(color_range) == FULL_RANGE or pixel_format.startswith(FULL_RANGE_FORMATS)


def _bytes_of(source: VideoFrame) -> NDArray[np.uint8]:
    plane: Any = source.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
