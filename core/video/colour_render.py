"""Frames of wide gamut or HDR as SDR BT.709 pictures, or kept in 16 bits. Arrays are as stored, not turned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.video import colour_curves as curves
from core.video.colour import (
    BT2020,
    CONSTANT_LUMINANCE,
    ICTCP,
    PEAK_CD_M2,
    PQ,
    RGB,
    Conversion,
    check_matrix,
    refused,
    usual_matrix,
)
from core.video.colour_tables import Stored, chroma_tables, light_of, signal_matrix, signal_of, tables

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

LIMITED, FULL = 1, 2
"""AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG."""
RGB_FORMATS = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr")
PLANAR_RGB = {"gbrp": 8, "gbrp9le": 9, "gbrp10le": 10, "gbrp12le": 12, "gbrp14le": 14, "gbrp16le": 16}
"""Formats that are read as they are: bits of a sample."""
PLANAR_YUV = {
    f"yuv{layout}{bits}le": halved
    for layout, halved in (("420p", (True, True)), ("422p", (True, False)), ("444p", (False, False)))
    for bits in (9, 10, 12, 14, 16)
}
"""Formats that are read as they are: whether chroma is of half the width, and of half the height."""
Planes = tuple[NDArray[np.uint16], ...]


def sdr(
    source: VideoFrame,
    how: Conversion,
    peak_cd_m2: float | None,
    full_range: bool,
    converter: VideoReformatter,
    size: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Returns the SDR picture, (H, W, 3) uint8 RGB.

    Args:
        source: the decoded frame.
        how: from ``colour.conversion_of``.
        peak_cd_m2: of a PQ video, where it states one.
        full_range: whether its samples are.
        converter: of the calling thread.
        size: width and height to which the stored picture is scaled before, for previews.

    Raises:
        SourceError: its matrix is not converted.
    """
    from core.video.colour_kernels import render_kernel

    halved = PLANAR_YUV.get(source.format.name)
    if halved is not None and size is None and how.matrix != CONSTANT_LUMINANCE:
        planes = _words(source)
        stored = Stored(_matrix(source, how), source.format.components[0].bits, full_range)
    else:
        halved = (False, False)
        planes, stored = _planes(source, how, full_range, converter, size)
    width, height = size or (source.width, source.height)
    found = tables(how, stored, peak_cd_m2 or PEAK_CD_M2)
    rgb = np.empty((height, 3 * width), np.uint8)
    lines, places = np.empty((6, width + 1), np.float32), np.empty((3, width), np.uint16)
    render_kernel(planes, halved, width, *found, rgb, lines, lines.view(np.uint32), places)
    return rgb.reshape(height, width, 3)


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns the full-range BT.709 luma, (H, W) uint8, of an SDR picture, (H, W, 3) uint8 RGB."""
    from core.video.colour_kernels import luma_kernel

    grey = np.empty(rgb.shape[:2], np.uint8)
    luma_kernel(rgb.reshape(len(rgb), -1), grey)
    return grey


def deep(source: VideoFrame, how: Conversion, full_range: bool, converter: VideoReformatter) -> NDArray[np.uint16]:
    """Returns the picture in the video's own primaries and transfer, (H, W, 3) uint16 R'G'B', full range.

    Raises:
        SourceError: its matrix is not converted.
    """
    planes, stored = _planes(source, how, full_range, converter, None)
    first = signal_matrix(how, stored).astype(np.float32)
    rgb = np.empty((source.height, source.width, 3), np.uint16)
    for top in range(0, source.height, ROWS):  # some rows at a time: the numbers stay in the cache
        words = np.stack([plane[top : top + ROWS, : source.width] for plane in planes], axis=-1)
        signal = np.clip(words @ first[:, :3].T + first[:, 3], 0, 1)
        rgb[top : top + ROWS] = np.rint(65535 * _rgb_signal(signal, how, stored.matrix))
    return rgb


ROWS = 16


def warm_up() -> None:
    """Compiles the pass, or loads it from numba's cache (set-up calls this)."""
    from core.video.colour_kernels import render_kernel

    planes = _readonly(tuple(np.zeros((2, 16), np.uint16) for _ in range(3)))
    found = tables(Conversion(BT2020, PQ, BT2020), Stored(BT2020, 10, False), PEAK_CD_M2)
    rgb, lines, places = np.empty((2, 48), np.uint8), np.empty((6, 17), np.float32), np.empty((3, 16), np.uint16)
    render_kernel(planes, (False, False), 16, *found, rgb, lines, lines.view(np.uint32), places)
    luma(rgb.reshape(2, 16, 3))


def _rgb_signal(signal: NDArray[Any], how: Conversion, matrix: int) -> NDArray[Any]:
    """R'G'B' of what ``signal_matrix`` gives: where that is no R'G'B', by way of the light."""
    if matrix == ICTCP:
        light = light_of(how.transfer, signal) @ np.linalg.inv(curves.RGB_TO_LMS).T
        return signal_of(how.transfer, light)
    if matrix == CONSTANT_LUMINANCE:
        (kr, kb), light = curves.LUMA[matrix], light_of(how.transfer, signal)
        green = (light[..., 1] - kr * light[..., 0] - kb * light[..., 2]) / (1 - kr - kb)
        signal[..., 1] = signal_of(how.transfer, np.clip(green, 0, 1))
    return signal


def _planes(
    source: VideoFrame,
    how: Conversion,
    full_range: bool,
    converter: VideoReformatter,
    size: tuple[int, int] | None,
) -> tuple[Planes, Stored]:
    """Three planes of 16-bit words at full resolution; FFmpeg interpolates the chroma and scales, nothing else."""
    name = source.format.name
    options: dict[str, Any] = {"threads": 1}
    if size is not None:
        options |= {"width": size[0], "height": size[1], "interpolation": "AREA"}
    if name.startswith(RGB_FORMATS):
        deep_enough = max(part.bits for part in source.format.components) > 8
        wanted = name if name in PLANAR_RGB else "gbrp16le" if deep_enough else "gbrp"
        picture = source if wanted == name and size is None else converter.reformat(source, format=wanted, **options)
        return _words(picture), Stored(RGB, PLANAR_RGB[wanted], True)
    matrix = _matrix(source, how)
    # One range on both sides: samples are only moved to the high bits.
    same = FULL if name.startswith("yuvj") else LIMITED
    options |= {"src_color_range": same, "dst_color_range": same, "src_colorspace": 5, "dst_colorspace": 5}
    words = _words(converter.reformat(source, format="yuv444p16le", **options))
    if matrix == CONSTANT_LUMINANCE:
        blue, red = chroma_tables(how.transfer)
        words = _readonly((words[0], blue[words[1]], red[words[2]]))
    bits = min(16, max(part.bits for part in source.format.components))
    return words, Stored(matrix, bits, full_range, 16 - bits)


def _matrix(source: VideoFrame, how: Conversion) -> int:
    matrix = usual_matrix(source.width, source.height) if how.matrix == 2 else how.matrix
    check_matrix(matrix)
    if matrix == RGB or (matrix == ICTCP and not how.hdr):
        raise refused(matrix)
    return matrix


def _words(picture: VideoFrame) -> Planes:
    """The first three planes, (H, stride) uint16, read-only; memory of FFmpeg where it holds words."""
    planes = []
    for plane in picture.planes[:3]:
        memory: Any = plane
        stored = np.frombuffer(memory, np.uint8).reshape(plane.height, plane.line_size)
        planes.append(stored.astype(np.uint16) if picture.format.name == "gbrp" else stored.view("<u2"))
    return _readonly(tuple(planes))


def _readonly(planes: tuple[NDArray[Any], ...]) -> Planes:
    """One array type for the kernel, so that it is compiled once."""
    views = tuple(np.ascontiguousarray(plane).view() for plane in planes)
    for view in views:
        view.flags.writeable = False
    return views
