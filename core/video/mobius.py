"""HDR to SDR as many FFmpeg recipes have it: linear light, 100 cd/m2 as white, BT.709 primaries, the curve *mobius*.

By the FFmpeg command line, because the libraries that PyAV brings have no zscale. Slower than our own conversion
(``colour_render``), and other pictures: for data that have to look like those of older tools.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import FramesieveError, MissingDependency
from core.video.colour import BT709, BT2020, CONSTANT_LUMINANCE, DCI_P3, DISPLAY_P3, HLG, ICTCP, PQ, RGB
from core.video.command import run_ffmpeg

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

NPL_CD_M2 = 100
"""Nominal peak luminance: light of a white of 1.0."""
TRANSFERS = {PQ: "smpte2084", HLG: "arib-std-b67"}
PRIMARIES = {BT2020: "bt2020", BT709: "bt709", DISPLAY_P3: "smpte432", DCI_P3: "smpte431"}
MATRICES = {RGB: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
MATRICES |= {CONSTANT_LUMINANCE: "bt2020c", ICTCP: "ictcp"}
"""FFmpeg's names of the code points that ``colour`` converts; primaries that are not named are BT.2020's."""


def chain(primaries: int, transfer: int, matrix: int, full_range: bool, peak_cd_m2: float | None) -> str:
    """Returns the filters.

    Args:
        primaries: code point (ITU-T H.273), as the two that follow.
        transfer: PQ or HLG.
        matrix: of the stored picture.
        full_range: of the stored picture.
        peak_cd_m2: what the video states; FFmpeg takes ten times white where nothing is stated.
    """
    stored = f"range={'pc' if full_range else 'tv'}:color_trc={TRANSFERS[transfer]}"
    stored += f":color_primaries={PRIMARIES.get(primaries, 'bt2020')}:colorspace={MATRICES[matrix]}"
    peak = f":peak={peak_cd_m2 / NPL_CD_M2:.9g}" if peak_cd_m2 else ""
    return (
        f"setparams={stored},zscale=t=linear:npl={NPL_CD_M2},format=gbrpf32le,zscale=p=bt709,"
        f"tonemap=tonemap=mobius:desat=0{peak},zscale=t=bt709,format=gbrp"
    )


def check() -> None:
    """Raises ``MissingDependency``: FFmpeg is not there, or was built without zscale or tonemap."""
    found = _filters()
    for name in ("zscale", "tonemap"):
        if name not in found:
            raise MissingDependency(
                f"tone mapping by mobius needs FFmpeg's filter {name}, which this FFmpeg was built without; "
                "install another build, or take the product's own tone mapping (tone_mapping = product).",
                code="no_filter",
                field="tone_mapping",
            )


@lru_cache(1)
def _filters() -> frozenset[str]:
    lines = run_ffmpeg(["-filters"], timeout_s=30).decode("utf-8", "replace").splitlines()
    return frozenset(words[1] for line in lines if len(words := line.split()) > 2)


def tone_mapped(frame: VideoFrame, filters: str) -> NDArray[np.uint8]:
    """Returns (H, W, 3) uint8 RGB of a stored picture; ``filters`` from ``chain``. Raises as ``run_ffmpeg``."""
    width, height = frame.width, frame.height
    given = ["-f", "rawvideo", "-pixel_format", frame.format.name, "-video_size", f"{width}x{height}", "-i", "pipe:0"]
    made = ["-vf", filters, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    data = run_ffmpeg([*given, *made], stdin=_packed(frame))
    if len(data) != width * height * 3:
        raise FramesieveError(f"FFmpeg gave {len(data)} bytes for a picture of {width} x {height}.", code="ffmpeg")
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def _packed(frame: VideoFrame) -> bytes:
    """The planes one after another, without padding: as rawvideo has them."""
    parts = []
    for at, plane in enumerate(frame.planes):
        rows = np.frombuffer(memoryview(plane), np.uint8)[: plane.height * plane.line_size].reshape(
            plane.height, plane.line_size
        )
        component = frame.format.components[min(at, len(frame.format.components) - 1)]
        interleaved = 2 if len(frame.planes) == 2 and at == 1 else 1
        parts.append(rows[:, : plane.width * interleaved * (2 if component.bits > 8 else 1)].tobytes())
    return b"".join(parts)
