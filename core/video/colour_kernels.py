"""Compiled loops from signals to an SDR BT.709 picture: matrix, table to light, matrix, tone curve, table to codes.

A row at a time, one short loop after the other: each is vectorised or does nothing but look up (one loop over all was
twice as slow). Light is looked up by the bits of its float32, which is a logarithm for nothing. The only numba of this
room: nothing imports it before a wide or HDR video is shown. The float64 twin is in tests/video/colour_twin.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

f32, i32, u16, u32 = np.float32, np.int32, np.uint16, np.uint32
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compiles a function on its first call and keeps the machine code on disk; it runs without the GIL."""
    relaxed = {"reassoc", "contract", "nsz", "nnan", "ninf"}  # all that comes in is finite
    compile_it = numba.njit(nogil=True, cache=True, boundscheck=False, error_model="numpy", fastmath=relaxed)
    return cast(Kernel, compile_it(kernel))


@compiled
def render_kernel(
    planes: Any, halved: Any, width: int, first: Any, light: Any, kr_kb: Any, second: Any, ootf: Any, weights: Any,
    gain: Any, codes: Any, shifts: Any, rgb: Any, lines: Any, bits: Any, places: Any,
) -> None:  # fmt: skip
    """Fills ``rgb`` with the SDR picture.

    Args:
        planes: three (H, stride) uint16: Y' Cb Cr, I Ct Cp or R' G' B'.
        halved: whether the second and third are of half the width, and of half the height.
        width: pixels per row.
        first: (12,) float32, rows of (3, 4): signal -> place in ``light``, not rounded.
        light: (N,) float32: place -> light.
        kr_kb: (0,) or, for constant luminance, (3,) float32: Kr, Kb and 1 / Kg; G is what is left of the luminance.
        second: (9,) float32, rows of (3, 3): light -> linear BT.709.
        ootf: (1,) = none; (N,) float32: luminance of the scene, 0-1 -> factor.
        weights: (3,) float32: luminance of R, G, B.
        gain: (1,) = none; (N,) float32: largest of R, G, B, 0-1 -> factor.
        codes: (N,) uint8: light 0-1 -> code.
        shifts: (3,): how many bits of a float32 ``ootf``, ``gain`` and ``codes`` do not tell apart. Each table ends
            with 1 and begins as far below it as its length allows.
        rgb: (H, 3 * width) uint8, filled.
        lines: (6, width + 1) float32 scratch.
        bits: the same memory as uint32.
        places: (3, width) uint16 scratch.
    """
    for row in range(len(rgb)):
        _chroma(planes[1], row, halved, width, lines[5], lines[3])
        _chroma(planes[2], row, halved, width, lines[5], lines[4])
        _place(planes[0][row], lines[3], lines[4], width, first, f32(len(light) - 1), places)
        for channel in range(3):
            _look_up(light, places[channel], width, lines[channel])
        if len(kr_kb):
            _green(kr_kb, width, lines)
        if len(ootf) > 1:
            _luminance(weights, width, lines)
            _scale(ootf, shifts[0], width, lines, bits, places[0])
        _matrix(second, width, lines)
        if len(gain) > 1:
            _brightest(width, lines)
            _scale(gain, shifts[1], width, lines, bits, places[0])
        for channel in range(3):
            _one_at_most(width, lines[channel])
            _rank(bits[channel], shifts[2], len(codes), width, places[channel])
        _write(codes, places, width, rgb[row])


@compiled
def _chroma(plane: Any, row: int, halved: Any, width: int, narrow: Any, wide: Any) -> None:
    """Fills ``wide`` with a row of full width: linear between samples, which lie left and, in height, in the middle."""
    near, far, part = row, row, f32(0)
    if halved[1]:
        near = row >> 1
        far, part = min(max(near + 2 * (row & 1) - 1, 0), len(plane) - 1), f32(0.25)
    if not halved[0]:
        _between(plane[near], plane[far], part, width, wide)
        return
    half = (width + 1) >> 1
    _between(plane[near], plane[far], part, half, narrow)
    for i in range(half - 1):
        wide[2 * i] = narrow[i]
        wide[2 * i + 1] = (narrow[i] + narrow[i + 1]) * f32(0.5)
    wide[2 * half - 2] = wide[2 * half - 1] = narrow[half - 1]


@compiled
def _between(near: Any, far: Any, part: Any, width: int, out: Any) -> None:
    rest = f32(1) - part
    for i in range(width):
        out[i] = rest * f32(near[i]) + part * f32(far[i])


@compiled
def _place(y: Any, cb: Any, cr: Any, width: int, first: Any, last: Any, places: Any) -> None:
    zero, half = f32(0), f32(0.5)
    a0, a1, a2, a3 = first[0], first[1], first[2], first[3] + half
    b0, b1, b2, b3 = first[4], first[5], first[6], first[7] + half
    c0, c1, c2, c3 = first[8], first[9], first[10], first[11] + half
    r, g, b = places[0], places[1], places[2]
    for i in range(width):
        p, q, s = f32(y[i]), cb[i], cr[i]
        r[i] = u16(i32(min(max(a0 * p + a1 * q + a2 * s + a3, zero), last)))
        g[i] = u16(i32(min(max(b0 * p + b1 * q + b2 * s + b3, zero), last)))
        b[i] = u16(i32(min(max(c0 * p + c1 * q + c2 * s + c3, zero), last)))


@compiled
def _look_up(table: Any, at: Any, width: int, out: Any) -> None:
    for i in range(width):
        out[i] = table[at[i]]


@compiled
def _green(kr_kb: Any, width: int, lines: Any) -> None:
    """Constant luminance: the line of G holds Y, of which R and B have their parts."""
    r, g, b = lines[0], lines[1], lines[2]
    for i in range(width):
        g[i] = min(max((g[i] - kr_kb[0] * r[i] - kr_kb[1] * b[i]) * kr_kb[2], f32(0)), f32(1))


@compiled
def _luminance(weights: Any, width: int, lines: Any) -> None:
    r, g, b, out = lines[0], lines[1], lines[2], lines[3]
    wr, wg, wb = weights[0], weights[1], weights[2]
    for i in range(width):
        out[i] = min(max(wr * r[i] + wg * g[i] + wb * b[i], f32(0)), f32(1))


@compiled
def _brightest(width: int, lines: Any) -> None:
    r, g, b, out = lines[0], lines[1], lines[2], lines[3]
    for i in range(width):
        out[i] = min(max(r[i], max(g[i], b[i])), f32(1))


@compiled
def _scale(factors: Any, shift: int, width: int, lines: Any, bits: Any, at: Any) -> None:
    """Multiplies R, G and B with the factor of what the fourth line holds."""
    _rank(bits[3], shift, len(factors), width, at)
    _look_up(factors, at, width, lines[3])
    r, g, b, factor = lines[0], lines[1], lines[2], lines[3]
    for i in range(width):
        r[i] *= factor[i]
        g[i] *= factor[i]
        b[i] *= factor[i]


@compiled
def _rank(bits: Any, shift: int, count: int, width: int, out: Any) -> None:
    """Fills ``out`` with places in a table of ``count`` values, the last one for 1, by the high bits of a float32."""
    lowest, moved = i32((0x3F800000 >> shift) - (count - 1)), i32(shift)
    for i in range(width):
        out[i] = u16(max((i32(bits[i]) >> moved) - lowest, i32(0)))


@compiled
def _matrix(second: Any, width: int, lines: Any) -> None:
    r, g, b, zero = lines[0], lines[1], lines[2], f32(0)
    a0, a1, a2 = second[0], second[1], second[2]
    b0, b1, b2 = second[3], second[4], second[5]
    c0, c1, c2 = second[6], second[7], second[8]
    for i in range(width):
        x, y, z = r[i], g[i], b[i]
        r[i] = max(a0 * x + a1 * y + a2 * z, zero)
        g[i] = max(b0 * x + b1 * y + b2 * z, zero)
        b[i] = max(c0 * x + c1 * y + c2 * z, zero)


@compiled
def _one_at_most(width: int, line: Any) -> None:
    for i in range(width):
        line[i] = min(line[i], f32(1))


@compiled
def _write(codes: Any, places: Any, width: int, row: Any) -> None:
    r_at, g_at, b_at = places[0], places[1], places[2]
    for i in range(width):
        row[3 * i] = codes[r_at[i]]
        row[3 * i + 1] = codes[g_at[i]]
        row[3 * i + 2] = codes[b_at[i]]


@compiled
def luma_kernel(rgb: Any, luma: Any) -> None:
    """Fills ``luma`` (H, W) with round(0.2126 R + 0.7152 G + 0.0722 B), in 16 bits of fraction, of ``rgb`` (H, 3 W)."""
    red, green, blue, half = u32(13933), u32(46871), u32(4732), u32(32768)
    for row in range(len(luma)):
        source, target = rgb[row], luma[row]
        for i in range(len(target)):
            total = red * source[3 * i] + green * source[3 * i + 1] + blue * source[3 * i + 2] + half
            target[i] = total >> u32(16)
