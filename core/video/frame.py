"""One decoded picture: its ordinal and its planes, in display orientation. The only owner of FFmpeg's frame object."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.video import colour
from core.video.orientation import Orientation

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

LIMITED_RANGE, FULL_RANGE = 1, 2  # AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG
UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
RGB_MATRIX = 0  # AVCOL_SPC_RGB
BT709 = 1  # AVCOL_SPC_BT709
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
MATRICES = {1, 4, 5, 6, 7, 9}
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
    """Quarters by which the stored picture is turned clockwise for display, after it is mirrored."""
    mirrored: bool
    """Whether it is mirrored left to right before."""


class Frame:
    """A decoded frame. Valid until dropped; use it from one thread (two threads reformatting one frame crashed)."""

    __slots__ = ("_av", "_orientation", "_peak_cd_m2", "_sdr", "damaged", "ordinal", "pts")

    def __init__(
        self, source: VideoFrame, ordinal: int, pts: int, orientation: Orientation, damaged: bool = False
    ) -> None:
        self._av = source
        self._orientation = orientation
        self.ordinal = ordinal
        """0-based index in presentation order of the source."""
        self.pts = pts
        """Presentation time in units of the ledger's time base."""
        self.damaged = damaged
        """Decoded from damaged data, or from a frame that was: the picture may not be what was recorded."""
        self._peak_cd_m2: float | None = None
        self._sdr: NDArray[np.uint8] | None = None

    def tell(self, peak_cd_m2: float | None, stated: colour.Stated | None) -> None:
        """Says what a frame of wide gamut or HDR may not carry itself.

        Args:
            peak_cd_m2: of a PQ video: what a single frame carries depends on where decoding began.
            stated: by the container.
        """
        self._peak_cd_m2 = peak_cd_m2
        colour.complete(self._av, stated)

    @property
    def kind(self) -> tuple[int, int, str]:
        """Width, height and pixel format of the stored picture: where these change, FFmpeg begins its filters anew."""
        return self._av.width, self._av.height, self._av.format.name

    def luma(self) -> Luma:
        """Returns the 8-bit luma.

        A view of the decoder's memory (no copy) for upright 8-bit planar video; deeper video keeps its 8 high bits;
        video without luma (RGB, palette) is converted to full-range grey. Of wide gamut and HDR: of the SDR picture.
        """
        luma = self._stored_luma()
        if self._orientation.upright:
            return luma
        upright = np.ascontiguousarray(self._orientation.shown(luma.plane[:, : luma.width]))
        return Luma(upright, upright.shape[1], luma.full_range)

    def _stored_luma(self) -> Luma:
        source = self._av
        if (how := colour.conversion_of(source)) is not None:
            from core.video import colour_render

            return Luma(colour_render.luma(self._converted(how)), source.width, True)
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
        source, orientation = self._av, self._orientation
        display = orientation.rotation // 90, orientation.mirrored
        if (how := colour.conversion_of(source)) is not None:
            return _small_chroma(self._sdr_frame(how), display)
        name, planes = source.format.name, len(source.planes)
        full_range = is_full_range(name, source.color_range)
        if name.startswith(COLOURLESS):
            return None
        if name in PACKED:
            plane, first = _bytes_of(source), 1 - PACKED[name]
            return Chroma((plane, first), (plane, first + 2), 4, -(-source.width // 2), 0, full_range, *display)
        if (name in PLANAR_8 or name in PLANAR_DEEP) and planes >= 2:
            deep = PLANAR_DEEP.get(name, 8)
            kind = "u1" if deep == 8 else "<u2"
            if planes == 2:
                plane, swapped = _bytes_of(source, 1).view(kind), name in SWAPPED
                width = source.planes[1].width
                return Chroma(
                    (plane, int(swapped)), (plane, int(not swapped)), 2, width, deep - 8, full_range, *display
                )
            blue, red = (_bytes_of(source, at).view(kind) for at in (1, 2))
            return Chroma((blue, 0), (red, 0), 1, source.planes[1].width, deep - 8, full_range, *display)
        return _small_chroma(source, display)

    def _sdr_frame(self, how: colour.Conversion) -> VideoFrame:
        from av.video.frame import VideoFrame

        return VideoFrame.from_ndarray(self._converted(how), format="rgb24")

    def rgb(self, width: int | None = None, height: int | None = None) -> NDArray[np.uint8]:
        """Returns the picture, (H, W, 3) uint8 RGB, converted by the matrix and range that the video states.

        Wide gamut and HDR become SDR BT.709 (``colour``).

        Args:
            width: of the stored picture after scaling, before it is turned; with ``height``, for small previews.
            height: likewise.
        """
        how = colour.conversion_of(self._av)
        image = self._plain(width, height) if how is None else self._converted(how, width, height)
        return image if self._orientation.upright else np.ascontiguousarray(self._orientation.shown(image))

    def deep(self) -> NDArray[np.uint16]:
        """Returns the picture of a wide or HDR frame, (H, W, 3) uint16 R'G'B', in its own primaries and transfer."""
        from core.video import colour_render

        how, full_range = colour.conversion_of(self._av), is_full_range(self._av.format.name, self._av.color_range)
        assert how is not None, "only frames that are converted are kept"
        image = colour_render.deep(self._av, how, full_range, _converter())
        return image if self._orientation.upright else np.ascontiguousarray(self._orientation.shown(image))

    def deinterlaced(self, before: Frame | None, after: Frame | None) -> Frame:
        """Returns the frame made progressive with what its neighbours show; ``None`` = there is none."""
        from core.video.deinterlace import deinterlaced

        around = [None if one is None else one._av for one in (before, after)]
        made = deinterlaced(around[0], self._av, around[1])
        return Frame(made, self.ordinal, self.pts, self._orientation, self.damaged)

    @property
    def bits(self) -> int:
        """Significant bits of a sample of the stored picture."""
        return max(part.bits for part in self._av.format.components)

    @property
    def interlaced(self) -> bool:
        """Whether the stream says that the two fields of this picture are of two instants."""
        return bool(self._av.interlaced_frame)

    def rgb16(self) -> NDArray[np.uint16]:
        """Returns the picture, (H, W, 3) uint16 RGB of the full range, by the matrix and range that the video states.

        Wide gamut and HDR stay in their own primaries and transfer, as ``deep`` has them.
        """
        if colour.conversion_of(self._av) is not None:
            return self.deep()
        picture = _converter().reformat(self._av, format="rgb48le", interpolation="BICUBIC", threads=1, **self._color())
        plane = _bytes_of(picture).view("<u2")[:, : picture.width * 3]
        image = np.ascontiguousarray(plane).reshape(picture.height, picture.width, 3)
        return image if self._orientation.upright else np.ascontiguousarray(self._orientation.shown(image))

    def mobius(self) -> NDArray[np.uint8]:
        """Returns the picture, (H, W, 3) uint8 RGB, as ``rgb``; HDR by the chain of ``video.mobius``."""
        how = colour.conversion_of(self._av)
        if how is None or not how.hdr:
            return self.rgb()
        from core.video import mobius

        full_range = is_full_range(self._av.format.name, self._av.color_range)
        filters = mobius.chain(how.primaries, how.transfer, how.matrix, full_range, self._peak_cd_m2)
        image = mobius.tone_mapped(self._av, filters)
        return image if self._orientation.upright else np.ascontiguousarray(self._orientation.shown(image))

    @property
    def coding(self) -> tuple[int, int] | None:
        """Primaries and transfer (ITU-T H.273) of a wide or HDR frame as it is kept; ``None`` for any other."""
        how = colour.conversion_of(self._av)
        return None if how is None else (how.primaries, how.transfer)

    def _plain(self, width: int | None, height: int | None) -> NDArray[np.uint8]:
        options: dict[str, Any] = {"format": "rgb24", "threads": 1}
        if width and height:
            options |= {"width": width, "height": height, "interpolation": "AREA"}
        picture = _converter().reformat(self._av, **options, **self._color())
        plane = _bytes_of(picture)[:, : picture.width * 3]
        return plane.reshape(picture.height, picture.width, 3)

    def _converted(
        self, how: colour.Conversion, width: int | None = None, height: int | None = None
    ) -> NDArray[np.uint8]:
        """The SDR picture as stored; that of full size is kept, because luma and RGB are wanted of the same frame."""
        from core.video import colour_render

        size = (width, height) if width and height and (width, height) != (self._av.width, self._av.height) else None
        if size is None and self._sdr is not None:
            return self._sdr
        full_range = is_full_range(self._av.format.name, self._av.color_range)
        picture = colour_render.sdr(self._av, how, self._peak_cd_m2, full_range, _converter(), size)
        if size is None:
            self._sdr = picture
        return picture

    def thumb(self, height: int) -> NDArray[np.uint8]:
        """Returns a preview, (height, w, 3) uint8 RGB, of the same shape as the picture."""
        stored_w, stored_h = self._av.width, self._av.height
        shown_h = stored_w if self._orientation.swaps else stored_h
        scale = min(1.0, height / shown_h)
        return self.rgb(max(1, round(stored_w * scale)), max(1, round(stored_h * scale)))

    def scaled(self, width: int, height: int) -> VideoFrame:
        """Returns an upright copy for an encoder: yuv420p, BT.709, limited range; ``width`` and ``height`` are even."""
        from av.video.frame import VideoFrame

        options: dict[str, Any] = {"width": width, "height": height, "format": "yuv420p", "threads": 1}
        options |= {"interpolation": "BILINEAR", "dst_colorspace": BT709, "dst_color_range": LIMITED_RANGE}
        if colour.conversion_of(self._av) is not None:
            stored = (height, width) if self._orientation.swaps else (width, height)
            return _converter().reformat(VideoFrame.from_ndarray(self.rgb(*stored), format="rgb24"), **options)
        if not self._orientation.upright or self._av.format.name == "pal8":
            return _converter().reformat(VideoFrame.from_ndarray(self.rgb(), format="rgb24"), **options)
        return _converter().reformat(self._av, **options, **self._color())

    def _color(self) -> dict[str, Any]:
        source = self._av
        if source.colorspace == RGB_MATRIX or source.format.name.startswith(("rgb", "bgr", "gbr", "argb", "abgr")):
            return {}
        matrix = source.colorspace
        if matrix == UNSPECIFIED:
            matrix = colour.usual_matrix(source.width, source.height)
        if matrix not in MATRICES:
            raise colour.refused(int(matrix))
        full_range = is_full_range(source.format.name, source.color_range)
        return {"src_colorspace": matrix, "src_color_range": FULL_RANGE if full_range else LIMITED_RANGE}


def _small_chroma(source: VideoFrame, display: tuple[int, bool]) -> Chroma:
    options: dict[str, Any] = {"format": "yuv444p", "interpolation": "AREA", "threads": 1}
    small = source.reformat(width=SMALL, height=SMALL, dst_color_range=FULL_RANGE, **options)
    return Chroma((_bytes_of(small, 1), 0), (_bytes_of(small, 2), 0), 1, SMALL, 0, True, *display)


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
