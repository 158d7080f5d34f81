"""Light and colour in float64: transfer functions, primaries, and the curve from HDR to SDR. Arrays in, arrays out.

Sources: ITU-R BT.709-6, BT.2020-2, BT.2100-2, BT.2390 (the EETF), BT.2407 (linear conversion and clipping), BT.1886;
SMPTE RP 177, RP 431-2, ST 240M; IEC 61966-2-1; ITU-T H.273. The pass (``colour_kernels``) reads tables made of these.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.video.colour import BT709, BT2020, DCI_P3, DISPLAY_P3, MOST_CD_M2, WHITE_CD_M2

Floats = NDArray[np.float64]
Curve = Callable[[ArrayLike], Floats]

D65, DCI_WHITE = (0.3127, 0.3290), (0.314, 0.351)
CHROMATICITIES = {
    BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    DCI_P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), DCI_WHITE),
    DISPLAY_P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
}
"""Primaries -> CIE xy of red, green, blue and white."""
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""Adapts another white to D65."""
LUMA = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
LUMA |= {9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
"""Matrix coefficients -> (Kr, Kb)."""
HLG_GAMMA = 1.2
"""System gamma of HLG at 1,000 cd/m2."""


def gamut_matrix(primaries: int) -> Floats:
    """Returns (3, 3): linear RGB of these primaries -> linear RGB of BT.709, white to white."""
    white = xyz(CHROMATICITIES[primaries][3])
    scale = np.diag((BRADFORD @ xyz(D65)) / (BRADFORD @ white))
    adapt = np.linalg.inv(BRADFORD) @ scale @ BRADFORD
    return np.asarray(np.linalg.inv(rgb_to_xyz(BT709)) @ adapt @ rgb_to_xyz(primaries))


def rgb_to_xyz(primaries: int) -> Floats:
    """Returns (3, 3): linear RGB of these primaries -> CIE XYZ, white of luminance 1 (SMPTE RP 177)."""
    *corners, white = (xyz(xy) for xy in CHROMATICITIES[primaries])
    columns = np.stack(corners, axis=1)
    return np.asarray(columns * np.linalg.solve(columns, white))


def xyz(xy: tuple[float, float]) -> Floats:
    """Returns (3,) CIE XYZ of a chromaticity, luminance 1."""
    x, y = xy
    return np.array([x / y, 1.0, (1 - x - y) / y])


def ycc_matrix(kr: float, kb: float) -> Floats:
    """Returns (3, 3): Y'CbCr (Y' 0-1, Cb and Cr -0.5 to 0.5) -> R'G'B' of a matrix with these weights."""
    kg = 1 - kr - kb
    red, blue = 2 * (1 - kr), 2 * (1 - kb)
    return np.array([[1, 0, red], [1, -blue * kb / kg, -red * kr / kg], [1, blue, 0]])


RGB_TO_LMS = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]]) / 4096
"""Linear BT.2020 RGB -> LMS (BT.2100, table 7)."""
LMS_TO_ICTCP = {
    16: np.array([[2048, 2048, 0], [6610, -13613, 7003], [17933, -17390, -543]]) / 4096,
    18: np.array([[2048, 2048, 0], [3625, -7465, 3840], [9500, -9212, -288]]) / 4096,
}
"""Transfer -> L'M'S' to ICtCp."""


def _power(linear_to: float, slope: float, scale: float, exponent: float) -> tuple[Curve, Curve]:
    """Returns light -> signal and signal -> light of a curve that is linear below ``linear_to`` (light)."""

    def signal(light: ArrayLike) -> Floats:
        x = np.maximum(np.asarray(light, np.float64), 0)
        return np.where(x < linear_to, slope * x, scale * x**exponent - (scale - 1))

    def light(signal: ArrayLike) -> Floats:
        v = np.maximum(np.asarray(signal, np.float64), 0)
        return np.where(v < slope * linear_to, v / slope, ((v + scale - 1) / scale) ** (1 / exponent))

    return signal, light


_BT709 = _power(0.018053968510807, 4.5, 1.09929682680944, 0.45)
_GAMMA22, _GAMMA28 = _power(0, 1, 1, 1 / 2.2), _power(0, 1, 1, 1 / 2.8)
SDR: dict[int, tuple[Curve, Curve]] = dict.fromkeys((1, 6, 11, 12, 14, 15), _BT709) | {
    4: _GAMMA22,
    5: _GAMMA28,
    7: _power(0.022821585529445, 4.0, 1.111572195921731, 0.45),
    13: _power(0.0031308, 12.92, 1.055, 1 / 2.4),
}
"""Transfer -> (light to signal, signal to light), both 0-1."""

M1, M2, C1, C2, C3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
HLG_A, HLG_B, HLG_C = 0.17883277, 0.28466892, 0.55991073


def pq_light(signal: ArrayLike) -> Floats:
    """Returns cd/m2 of a PQ signal 0-1 (EOTF of BT.2100, table 4)."""
    power = np.clip(np.asarray(signal, np.float64), 0, 1) ** (1 / M2)
    return np.asarray(MOST_CD_M2 * (np.maximum(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1))


def pq_signal(cd_m2: ArrayLike) -> Floats:
    """Returns the PQ signal, 0-1, of light in cd/m2."""
    power = np.clip(np.asarray(cd_m2, np.float64) / MOST_CD_M2, 0, 1) ** M1
    return np.asarray(((C1 + C2 * power) / (1 + C3 * power)) ** M2)


def hlg_light(signal: ArrayLike) -> Floats:
    """Returns scene light 0-1 of an HLG signal 0-1 (inverse OETF of BT.2100, table 5)."""
    v = np.clip(np.asarray(signal, np.float64), 0, 1)
    return np.where(v <= 0.5, v**2 / 3, (np.exp((v - HLG_C) / HLG_A) + HLG_B) / 12)


def hlg_signal(light: ArrayLike) -> Floats:
    """Returns the HLG signal, 0-1, of scene light 0-1."""
    x = np.clip(np.asarray(light, np.float64), 0, 1)
    return np.where(x <= 1 / 12, np.sqrt(3 * x), HLG_A * np.log(np.maximum(12 * x - HLG_B, 1e-9)) + HLG_C)


def eetf(cd_m2: ArrayLike, peak: float, target: float = WHITE_CD_M2) -> Floats:
    """Returns the light that the SDR picture shows of light in cd/m2: the EETF of BT.2390, black at 0.

    Args:
        cd_m2: light of the video.
        peak: its brightest, ``Lw``; brighter light is shown as this.
        target: the brightest that can be shown, ``Lmax``; a peak below it leaves the light as it is.
    """
    top = float(pq_signal(peak))
    most = float(pq_signal(target)) / top
    if most >= 1:
        return np.minimum(np.asarray(cd_m2, np.float64), target)
    one = np.minimum(pq_signal(cd_m2) / top, 1)
    knee = 1.5 * most - 0.5
    t = np.clip((one - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return pq_light(np.where(one < knee, one, spline) * top)


def bt1886_signal(light: ArrayLike) -> Floats:
    """Returns the signal 0-1 that makes a reference display show this light, 0-1: gamma 2.4, black at 0."""
    return np.asarray(np.clip(np.asarray(light, np.float64), 0, 1) ** (1 / 2.4))
