"""One decoded picture: its ordinal and its planes, in display orientation. The only owner of FFmpeg's frame object."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import SourceError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

LIMITED_RANGE, FULL_RANGE = 1, 2  # AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG
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
PACKED = {"yuyv422": 0, "uyvy422": 1}
"""Pixel formats that store luma in every second byte, from this one on."""
SWAPPED = ("nv21",)
"""Pixel formats whose second plane has Cr first."""
COLOURLESS = ("gray", "mono")
"""Beginnings of the names of pixel formats without colour."""
SMALL = 64
"""Side of the picture from which colours are taken where a frame stores no colour differences."""
MATRICES = {1, 4, 5, 6, 7, 9, 10}
"""Colour matrices (ITU-T H.273) that are converted; others, YCgCo for one, are refused rather than shown wrongly."""
FULL_RANGE_FORMATS = ("yuvj", "gray", "rgb", "bgr", "gbr", "pal8", "argb", "abgr")


class Luma(NamedTuple):
    """The 8-bit luma of a frame, in display orientation."""

    plane: NDArray[np.uint8]
    """(H, stride) uint8, C-contiguous."""
    width: int
    """W <= stride: columns from here on are padding."""
    full_range: bool
    """Whether the plane goes from 0 to 255 (else 16 to 235)."""


class Chroma(NamedTuple):
    """Where the colour differences of a frame lie: the stored planes, neither copied nor turned."""

    blue: tuple[NDArray[Any], int]
    """Cb: (h, line_size) uint8 or uint16, C-contiguous, and the column of its first sample."""
    red: tuple[NDArray[Any], int]
    """Cr, likewise."""
    step: int
    """Columns from one sample to the next of its kind."""
    width: int
    """Samples per row."""
    shift: int
    """Bits of a sample beyond 8."""
    full_range: bool
    """Whether samples use all of 0-255 (else 16 to 240)."""
    turns: int
    """Quarters by which the stored picture is turned clockwise for display."""


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
    def kind(self) -> tuple[int, int, str]:
        """Width, height and pixel format of the stored picture: where these change, FFmpeg begins its filters anew."""
        return self._av.width, self._av.height, self._av.format.name

    def luma(self) -> Luma:
        """Returns the 8-bit luma.

        A view of the decoder's memory (no copy) for upright 8-bit planar video; deeper video keeps its 8 high bits;
        video without luma (RGB, palette) is converted to full-range grey.
        """
        luma = self._stored_luma()
        if not self._turns:
            return luma
        upright = np.ascontiguousarray(np.rot90(luma.plane[:, : luma.width], -self._turns))
        return Luma(upright, upright.shape[1], luma.full_range)

    def _stored_luma(self) -> Luma:
        source = self._av
        name, width = source.format.name, source.width
        full_range = is_full_range(name, source.color_range)
        if name in PLANAR_8:
            return Luma(_bytes_of(source), width, full_range)
        if name in PLANAR_DEEP:
            words = _bytes_of(source).view("<u2")[:, :width]
            return Luma((words >> (PLANAR_DEEP[name] - 8)).astype(np.uint8), width, full_range)
        if name in PACKED:
            return Luma(np.ascontiguousarray(_bytes_of(source)[:, PACKED[name] : 2 * width : 2]), width, full_range)
        grey = source.reformat(format="gray", dst_color_range=FULL_RANGE, threads=1)
        return Luma(_bytes_of(grey), width, True)

    def chroma(self) -> Chroma | None:
        """Returns where the colour differences lie; ``None`` = a picture without colour.

        Video that stores none (RGB, palette) is converted at a small size, full range.
        """
        source, turns = self._av, self._turns
        name, planes = source.format.name, len(source.planes)
        full_range = is_full_range(name, source.color_range)
        if name.startswith(COLOURLESS):
            return None
        if name in PACKED:
            plane, first = _bytes_of(source), 1 - PACKED[name]
            return Chroma((plane, first), (plane, first + 2), 4, -(-source.width // 2), 0, full_range, turns)
        if (name in PLANAR_8 or name in PLANAR_DEEP) and planes >= 2:
            deep = PLANAR_DEEP.get(name, 8)
            kind = "u1" if deep == 8 else "<u2"
            if planes == 2:
                plane, swapped = _bytes_of(source, 1).view(kind), name in SWAPPED
                width = source.planes[1].width
                return Chroma((plane, int(swapped)), (plane, int(not swapped)), 2, width, deep - 8, full_range, turns)
            blue, red = (_bytes_of(source, at).view(kind) for at in (1, 2))
            return Chroma((blue, 0), (red, 0), 1, source.planes[1].width, deep - 8, full_range, turns)
        options: dict[str, Any] = {"format": "yuv444p", "interpolation": "AREA", "threads": 1}
        small = source.reformat(width=SMALL, height=SMALL, dst_color_range=FULL_RANGE, **options)
        return Chroma((_bytes_of(small, 1), 0), (_bytes_of(small, 2), 0), 1, SMALL, 0, True, turns)

    def rgb(self, width: int | None = None, height: int | None = None) -> NDArray[np.uint8]:
        """Returns the picture, (H, W, 3) uint8 RGB, converted by the matrix and range that the video states.

        Args:
            width: of the stored picture after scaling, before rotation; with ``height``, for small previews.
            height: likewise.
        """
        options: dict[str, Any] = {"format": "rgb24", "threads": 1}
        if width and height:
            options |= {"width": width, "height": height, "interpolation": "AREA"}
        picture = _converter().reformat(self._av, **options, **self._color())
        plane = _bytes_of(picture)[:, : picture.width * 3]
        image = plane.reshape(picture.height, picture.width, 3)
        return np.ascontiguousarray(np.rot90(image, -self._turns)) if self._turns else image

    def thumb(self, height: int) -> NDArray[np.uint8]:
        """Returns a preview, (height, w, 3) uint8 RGB, of the same shape as the picture."""
        stored_w, stored_h = self._av.width, self._av.height
        shown_h = stored_w if self._turns % 2 else stored_h
        scale = min(1.0, height / shown_h)
        return self.rgb(max(1, round(stored_w * scale)), max(1, round(stored_h * scale)))

    def scaled(self, width: int, height: int) -> VideoFrame:
        """Returns an upright copy for an encoder: yuv420p, BT.709, limited range; ``width`` and ``height`` are even."""
        from av.video.frame import VideoFrame

        options: dict[str, Any] = {"width": width, "height": height, "format": "yuv420p", "threads": 1}
        options |= {"interpolation": "BILINEAR", "dst_colorspace": BT709, "dst_color_range": LIMITED_RANGE}
        if self._turns or self._av.format.name == "pal8":
            return _converter().reformat(VideoFrame.from_ndarray(self.rgb(), format="rgb24"), **options)
        return _converter().reformat(self._av, **options, **self._color())

    def _color(self) -> dict[str, Any]:
        source = self._av
        if source.colorspace == RGB_MATRIX or source.format.name.startswith(("rgb", "bgr", "gbr", "argb", "abgr")):
            return {}
        matrix = source.colorspace
        if matrix == UNSPECIFIED:
            matrix = BT709 if min(source.width, source.height) >= HD_HEIGHT else BT601
        if matrix not in MATRICES:
            raise SourceError(
                f"the colours of this video are stored by matrix {int(matrix)} of ITU-T H.273, which cannot be "
                "converted exactly; convert the video first, or only score it with --no-save-frames."
            )
        full_range = is_full_range(source.format.name, source.color_range)
        return {"src_colorspace": matrix, "src_color_range": FULL_RANGE if full_range else LIMITED_RANGE}


def is_full_range(pixel_format: str, color_range: int) -> bool:
    """Returns whether luma of such frames goes from 0 to 255; unspecified YUV is limited."""
    return int(color_range) == FULL_RANGE or pixel_format.startswith(FULL_RANGE_FORMATS)


def _converter() -> VideoReformatter:
    """The calling thread's own converter: it keeps its tables from frame to frame (a fifth of the conversion)."""
    if not hasattr(_of_thread, "converter"):
        from av.video.reformatter import VideoReformatter

        _of_thread.converter = VideoReformatter()
    converter: VideoReformatter = _of_thread.converter
    return converter


_of_thread = threading.local()


def _bytes_of(source: VideoFrame, at: int = 0) -> NDArray[np.uint8]:
    plane: Any = source.planes[at]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
