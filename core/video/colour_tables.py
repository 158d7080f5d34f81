"""What the pass over the pixels looks up: matrices and tables for one kind of video, made once and kept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.video import colour_curves as curves
from core.video.colour import CONSTANT_LUMINANCE, HLG, ICTCP, MOST_CD_M2, PEAK_CD_M2, PQ, RGB, WHITE_CD_M2, Conversion

LIGHT = 1 << 14
"""Signals told apart: 16 for each code of 10 bits, so that PQ light is within 0.03 % of exact."""
OCTAVES = {"ootf": (16, 7), "gain": (14, 8), "codes": (24, 9)}
"""Tables of light: how many halvings below 1, and how many bits in each (light within 0.2 %, codes within 0.1)."""
SHIFTS = np.array([23 - bits for _, bits in OCTAVES.values()])

Floats = NDArray[np.float32]


class Stored(NamedTuple):
    """How samples are stored in 16-bit words."""

    matrix: int
    """Code point, no longer unspecified."""
    bits: int
    full_range: bool
    moved: int = 0
    """By how many bits the samples were moved up in their words."""


class Tables(NamedTuple):
    """Arguments of ``colour_kernels.render_kernel``, shapes as there."""

    first: Floats
    light: Floats
    kr_kb: Floats
    second: Floats
    ootf: Floats
    weights: Floats
    gain: Floats
    codes: NDArray[np.uint8]
    shifts: NDArray[np.int64] = SHIFTS


@lru_cache(maxsize=16)
def tables(how: Conversion, stored: Stored, peak_cd_m2: float) -> Tables:
    """Returns the tables for one kind of video; ``peak_cd_m2`` only matters for PQ."""
    to_bt709, weights = curves.gamut_matrix(how.primaries), np.array(curves.rgb_to_xyz(how.primaries)[1])
    if stored.matrix == ICTCP:
        from_lms = np.linalg.inv(curves.RGB_TO_LMS)
        to_bt709, weights = to_bt709 @ from_lms, weights @ from_lms
    first = signal_matrix(how, stored) * (LIGHT - 1)
    return Tables(
        _flat(first),
        _f32(light_of(how.transfer, np.linspace(0, 1, LIGHT))),
        _luminance(stored.matrix),
        _flat(to_bt709 / HEADROOM if how.hdr else to_bt709),
        _ootf() if how.transfer == HLG else NONE,
        _f32(weights),
        _gain(how, peak_cd_m2) if how.hdr else NONE,
        _codes(how),
    )


NONE = np.ones(1, np.float32)
HEADROOM = 2
"""Red, green or blue of BT.709 may be so much brighter than those of the video (1.66 times)."""


def light_of(transfer: int, signal: Any) -> curves.Floats:
    """Returns the light of a signal 0-1, 0-1: of BT.709 white, of 10,000 cd/m2 (PQ), of the scene (HLG)."""
    if transfer == PQ:
        return curves.pq_light(signal) / MOST_CD_M2
    return curves.hlg_light(signal) if transfer == HLG else curves.SDR[transfer][1](signal)


def signal_of(transfer: int, light: Any) -> curves.Floats:
    """Returns the signal, 0-1, of light; the inverse of ``light_of``."""
    if transfer == PQ:
        return curves.pq_signal(np.asarray(light) * MOST_CD_M2)
    return curves.hlg_signal(light) if transfer == HLG else curves.SDR[transfer][0](light)


def signal_matrix(how: Conversion, stored: Stored) -> curves.Floats:
    """Returns (3, 4): three stored words and 1 -> R'G'B', L'M'S' or (constant luminance) R' Y' B', all 0-1."""
    unit = 1 << stored.moved
    if stored.matrix == RGB:
        top = ((1 << stored.bits) - 1) * unit
        return np.hstack([np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]) / top, np.zeros((3, 1))])
    if stored.matrix == ICTCP:
        colours = np.linalg.inv(curves.LMS_TO_ICTCP[how.transfer])
    elif stored.matrix == CONSTANT_LUMINANCE:
        blue, red = (max(pair) for pair in chroma_ranges(how.transfer))
        colours = np.array([[1, 0, red], [1, 0, 0], [1, blue, 0]])
    else:
        colours = curves.ycc_matrix(*curves.LUMA[stored.matrix])
    middle = unit << (stored.bits - 1)
    if stored.full_range:
        scale, offset = np.full(3, 1 / (((1 << stored.bits) - 1) * unit)), np.array([0, middle, middle])
    else:
        step = unit << (stored.bits - 8)
        scale, offset = np.array([1 / 219, 1 / 224, 1 / 224]) / step, np.array([16 * step, middle, middle])
    return np.hstack([colours * scale, (-colours @ (scale * offset))[:, None]])


def chroma_ranges(transfer: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Returns what B' - Y' and R' - Y' of constant luminance are divided by, below and above 0, for Cb and Cr."""
    kr, kb = curves.LUMA[CONSTANT_LUMINANCE]
    below = [2 * float(signal_of(transfer, 1 - k)) for k in (kb, kr)]
    above = [2 * (1 - float(signal_of(transfer, k))) for k in (kb, kr)]
    return (below[0], above[0]), (below[1], above[1])


@lru_cache
def chroma_tables(transfer: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Returns two (65536,) tables that stretch Cb and Cr of constant luminance: one factor then serves both signs."""
    from_middle = np.arange(65536) - 32768.0
    blue, red = (
        np.where(from_middle < 0, below, above) * from_middle / max(below, above) + 32768
        for below, above in chroma_ranges(transfer)
    )
    return np.rint(blue).astype(np.uint16), np.rint(red).astype(np.uint16)


def _luminance(matrix: int) -> Floats:
    if matrix != CONSTANT_LUMINANCE:
        return np.zeros(0, np.float32)
    kr, kb = curves.LUMA[matrix]
    return _f32([kr, kb, 1 / (1 - kr - kb)])


def _ootf() -> Floats:
    """The OOTF of HLG: light of the scene x luminance of the scene ^ (gamma - 1), of 1,000 cd/m2."""
    return _f32(_lights("ootf") ** (curves.HLG_GAMMA - 1))


def _gain(how: Conversion, peak_cd_m2: float) -> Floats:
    """What the brightest of R, G, B is multiplied with, and so all three: hue and saturation of the light stay."""
    most, peak = (MOST_CD_M2, peak_cd_m2) if how.transfer == PQ else (PEAK_CD_M2, PEAK_CD_M2)
    unit = HEADROOM * most
    light = _lights("gain") * unit
    return _f32(curves.eetf(light, peak) / light * unit / WHITE_CD_M2)


def _codes(how: Conversion) -> NDArray[np.uint8]:
    light = _lights("codes")
    signal = curves.bt1886_signal(light) if how.hdr else curves.SDR[how.transfer][0](light)
    return np.rint(255 * np.clip(signal, 0, 1)).astype(np.uint8)


def _lights(name: str) -> curves.Floats:
    """Light of each place of such a table: the middle of what has the same high bits in float32; 1 at the end."""
    octaves, bits = OCTAVES[name]
    count = octaves << bits
    first = (0x3F800000 >> 23 - bits) - count
    patterns = (np.arange(first, first + count, dtype=np.uint32) << 23 - bits) + (1 << 22 - bits)
    return np.append(patterns.astype(np.uint32).view(np.float32).astype(np.float64), 1.0)


def _flat(matrix: curves.Floats) -> Floats:
    return _f32(matrix).ravel()


def _f32(values: Any) -> Floats:
    return np.ascontiguousarray(values, np.float32)
