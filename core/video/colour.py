"""Which colours a video has, whether they are converted to SDR BT.709, and what is said of it.

Code points are those of ITU-T H.273. Not here: the curves (``colour_curves``) and the pass over the pixels
(``colour_render``).
"""

from __future__ import annotations

import struct
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from core.advice import advice
from core.errors import SourceError
from core.records import VideoInfo

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

BT709, BT2020, DCI_P3, DISPLAY_P3 = 1, 9, 11, 12
"""Primaries. All others (BT.601's, film, ...) are shown as BT.709's, as browsers do."""
PQ, HLG = 16, 18
"""Transfer characteristics of BT.2100."""
RGB, CONSTANT_LUMINANCE, ICTCP = 0, 10, 14
"""Matrix coefficients that need more than a matrix in front of the curve, or none."""
UNSAID = (0, 2, 3)
"""Reserved and unspecified."""
PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
MATRICES = {0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc"}
MATRICES |= {10: "bt2020c", 14: "ictcp"}
TRANSFERS = {1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100"}
TRANSFERS |= {10: "log316", 11: "xvycc", 12: "bt1361e", 13: "srgb", 14: "bt2020-10", 15: "bt2020-12", 16: "pq"}
TRANSFERS |= {17: "smpte428", 18: "hlg"}
"""Names of the code points of ITU-T H.273, as ``VideoInfo`` has them."""
SDR_CURVES = (1, 4, 5, 6, 7, 11, 12, 13, 14, 15)
"""Transfer characteristics whose light is known and stays within 0-1."""
CONVERTED_MATRICES = (0, 1, 4, 5, 6, 7, 9, 10, 14)
GAMUTS = {BT709: "BT.709", BT2020: "BT.2020", DCI_P3: "DCI-P3", DISPLAY_P3: "Display P3"}
CURVES = {PQ: "PQ", HLG: "HLG"}
PEAK_CD_M2 = 1000.0
"""Peak of a PQ video that states none, and of the display for which HLG is rendered."""
WHITE_CD_M2 = 203.0
"""Reference white of HDR (ITU-R BT.2408), and the white of the SDR picture."""
MOST_CD_M2 = 10_000.0
"""The end of PQ."""


class Conversion(NamedTuple):
    """How pictures become SDR BT.709; all numbers are code points that were found or assumed."""

    primaries: int
    transfer: int
    matrix: int

    @property
    def hdr(self) -> bool:
        """Whether the light has to be tone-mapped."""
        return self.transfer in CURVES


@lru_cache
def conversion(primaries: int, transfer: int, matrix: int) -> Conversion | None:
    """Returns how such pictures become SDR BT.709; ``None``: they are shown as they are stored.

    Where no primaries are stated, BT.2020's are taken if the transfer is PQ, HLG or BT.2020's, or the matrix BT.2020's
    or BT.2100's; where BT.2020 states no matrix, its own.
    """
    if transfer in UNSAID:
        transfer = 1
    if matrix == ICTCP or (
        primaries in UNSAID and (transfer in CURVES or transfer in (14, 15) or matrix in (9, CONSTANT_LUMINANCE))
    ):
        primaries = BT2020
    if primaries not in GAMUTS:
        primaries = BT709
    if transfer not in CURVES and (primaries == BT709 or transfer not in SDR_CURVES):
        return None
    if matrix in UNSAID[1:]:
        matrix = 9 if primaries == BT2020 else 2
    return Conversion(primaries, transfer, matrix)


def conversion_of(frame: VideoFrame) -> Conversion | None:
    """Returns ``conversion`` of a decoded frame."""
    return conversion(int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace))


class Stated(NamedTuple):
    """What a container says of the colours of a stream (the ``colr`` of MP4 and MOV, ``Colour`` of Matroska)."""

    color_primaries: int
    color_trc: int
    colorspace: int
    color_range: int


def stated(stream: VideoStream) -> Stated | None:
    """Returns what the container of a freshly opened stream says, if that is wide gamut or HDR.

    Decoders forget it where the coded frames are silent. Of ordinary colours nothing is taken over.
    """
    context = stream.codec_context
    found = Stated(*(int(getattr(context, name)) for name in Stated._fields))
    return None if conversion(found.color_primaries, found.color_trc, found.colorspace) is None else found


def complete(frame: VideoFrame, by: Stated | None) -> None:
    """Gives a frame that is silent about its primaries and transfer those that the container states."""
    if by is None or int(frame.color_primaries) not in UNSAID or int(frame.color_trc) not in UNSAID:
        return
    frame.color_primaries, frame.color_trc = by.color_primaries, by.color_trc
    if int(frame.colorspace) in UNSAID[1:]:
        frame.colorspace = by.colorspace
    if int(frame.color_range) == 0:
        frame.color_range = by.color_range


def usual_matrix(width: int, height: int) -> int:
    """Returns the matrix of a video that states none, as browsers choose it: BT.709 from 720 lines on, else BT.601."""
    return 1 if min(width, height) >= HD_HEIGHT else 6


HD_HEIGHT = 720


def check_matrix(matrix: int) -> None:
    """Raises ``SourceError`` where the colours are stored in a way that cannot be converted."""
    if matrix not in CONVERTED_MATRICES:
        raise refused(matrix)


def refused(matrix: int) -> SourceError:
    """Returns the sentence about a matrix that is not converted."""
    name = f" ({MATRICES[matrix]})" if matrix in MATRICES else ""
    score = advice(" with --no-save-frames", ', with "Save full-size pictures" off')
    return SourceError(
        f"the colours of this video are stored by matrix {matrix}{name} of ITU-T H.273, which cannot be "
        f"converted exactly; convert the video first, or only score it{score}.",
        code="unknown_colours",
        matrix=matrix,
    )


def peak_of(frame: VideoFrame) -> float | None:
    """Returns the peak in cd/m2 that the metadata of a PQ frame state: its brightest content, else the display's.

    MaxCLL comes before the maximum of the mastering display (SMPTE ST 2086), as in FFmpeg's filters.
    """
    if int(frame.color_trc) != PQ:
        return None
    side_data: Any = frame.side_data  # iterates over its items, unlike the mapping that it is declared to be
    found = {data.type.name: bytes(data) for data in side_data}
    content = _content_peak(found.get("CONTENT_LIGHT_LEVEL", b""))
    return content or _mastering_peak(found.get("MASTERING_DISPLAY_METADATA", b""))


def _content_peak(data: bytes) -> float | None:
    """MaxCLL: the first word of AVContentLightMetadata, 0 = not known."""
    content = int.from_bytes(data[:4], sys.byteorder)
    return min(float(content), MOST_CD_M2) or None


MASTERING = struct.Struct("=16i4iii")
"""AVMasteringDisplayMetadata: chromaticities, least and most luminance as fractions, and which of both are there."""


def _mastering_peak(data: bytes) -> float | None:
    if len(data) < MASTERING.size:
        return None
    values = MASTERING.unpack_from(data)
    numerator, denominator, stated = values[18], values[19], values[21]
    if not stated or denominator <= 0 or numerator <= 0:
        return None
    return float(min(numerator / denominator, MOST_CD_M2))


def rendering(primaries: int, transfer: int, matrix: int, peak_cd_m2: float | None) -> str | None:
    """Returns what the video is and what is done: ``"HDR (PQ, BT.2020, peak 1,000 cd/m2), tone-mapped to SDR"``.

    ``None``: pictures are shown as they are stored.
    """
    how = conversion(primaries, transfer, matrix)
    if how is None:
        return None
    assumed = " assumed" if primaries in UNSAID else ""
    gamut = GAMUTS[how.primaries] + assumed
    if not how.hdr:
        return f"wide gamut ({gamut}), converted to BT.709"
    peak = ""
    if how.transfer == PQ:
        peak = f", peak {peak_cd_m2 or PEAK_CD_M2:,.0f} cd/m2" + ("" if peak_cd_m2 else " assumed")
    return f"HDR ({CURVES[how.transfer]}, {gamut}{peak}), tone-mapped to SDR"


def described(info: VideoInfo, hdr: str = "tonemap", png: bool = True) -> str | None:
    """Returns the sentence about a video's colours; ``None`` for ordinary ones.

    Args:
        info: of the video.
        hdr: ``ExtractSettings.hdr``.
        png: whether PNG was asked for; keeping needs it.
    """
    if info.rendering is None:
        return _unknown(info)
    if hdr == "keep":
        instead = "" if png else " instead of JPEG"
        what = info.rendering.rpartition(", ")[0]
        return f"{what}, kept in 16-bit PNG{instead}; scores and previews are of the SDR picture"
    return info.rendering


def shown_otherwise(before: VideoInfo, now: VideoInfo) -> str | None:
    """Returns in words how the pictures of an earlier run differ from today's; ``None``: in nothing.

    A run that was made before wide gamut and HDR were converted has no ``rendering``.
    """
    if before.rendering == now.rendering:
        return None
    then = before.rendering or "colours shown as they are stored"
    return f"then: {then}; now: {now.rendering or 'colours shown as they are stored'}"


def _unknown(info: VideoInfo) -> str | None:
    strange = [name for name in (info.color_transfer, info.color_primaries) if name in STRANGE]
    return f"colours ({', '.join(strange)}) that are not converted: shown as they are stored" if strange else None


STRANGE = ("linear", "log100", "log316", "smpte428", "film")
"""Curves and primaries that mean other light than a screen makes of them."""
