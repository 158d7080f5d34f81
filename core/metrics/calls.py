"""Calls the compiled kernels: arrays become addresses and sizes. What each computes stands in its ``kernels`` module.

Arrays are as the kernels want them, C-contiguous and of the right type: the callers see to that (``quality``,
``phash``, ``plane_colours``, ``hamming``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.metrics.colours import COLOURS
from core.metrics.layout import AFFINE, CELLS, GROUP_SIDE, HALVED, LEVELS, SHIFT_FOUND, SMOOTH, TILE_NUMBERS, TILES
from core.metrics.machine_code import function
from core.metrics.scratch import Scratch


class Raw(NamedTuple):
    """The statistics of a picture before they are normalised, in the order of METRIC_NAMES."""

    sharpness: float
    edge_strength: float
    contrast: float
    brightness: float
    entropy: float


class Maps(NamedTuple):
    """What is known of each block of 8x8 pixels that was looked at: (rows, columns), outside bars."""

    energy: NDArray[np.float32]
    """Sum of squared differences in the main direction less that across it; -1 = not measured (bars)."""
    combed: NDArray[np.uint8]
    """1 where rows alternate as those of two fields do."""
    points: NDArray[np.uint8]
    """One pixel of each block, as stored."""

    @classmethod
    def of(cls, rows: int, columns: int) -> Maps:
        """Returns maps to be filled."""
        shape = rows, columns
        return cls(np.empty(shape, np.float32), np.empty(shape, np.uint8), np.empty(shape, np.uint8))


def frame(plane: NDArray[np.uint8], width: int, full_range: bool, scratch: Scratch, want_box: bool) -> Raw:
    """Returns the statistics of an (H, line_size) uint8 plane; fills ``scratch.box`` when asked."""
    height, stride = plane.shape
    function("frame")(
        plane.ctypes.data, height, stride, width, full_range, *_buffers(scratch), _at(scratch.box), want_box,
        _at(scratch.raw),
    )  # fmt: skip
    return Raw(*scratch.raw.tolist())


def masked(
    plane: NDArray[np.uint8], mask: NDArray[np.uint8], width: int, full_range: bool, scratch: Scratch
) -> tuple[int, Raw]:
    """Returns how many pixels of an (H, line_size) uint8 mask are inside, and the statistics of these."""
    (height, stride), mask_stride = plane.shape, mask.shape[1]
    pixels = function("masked")(
        _at(plane), height, stride, _at(mask), mask_stride, width, full_range, *_buffers(scratch), _at(scratch.raw)
    )
    return pixels, Raw(*scratch.raw.tolist())


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8], width: int) -> int:
    """Returns the sum of absolute differences of two (H, line_size) uint8 planes."""
    height, stride = first.shape
    return function("difference")(_at(first), stride, _at(second), second.shape[1], height, width)


def judge(
    plane: NDArray[np.uint8], width: int, every: int, black: int, dark: int, scratch: Scratch, maps: Maps
) -> None:  # fmt: skip
    """Fills the maps of the blocks of an (H, line_size) uint8 plane, ``scratch.bins`` and ``scratch.found``."""
    (height, stride), (rows, across) = plane.shape, maps.energy.shape
    function("judge")(
        _at(plane), height, stride, width, every, black, dark, _at(scratch.sums), _at(scratch.small),
        _at(scratch.tensor), _at(scratch.blocks), scratch.width, rows, across, _at(maps.energy), _at(maps.combed),
        _at(maps.points), _at(scratch.bins), _at(scratch.found),
    )  # fmt: skip


def sharpen(
    scratch: Scratch, maps: Maps, noisy: float, noise: float, scale: float, in_energy: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], float, float]:
    """Returns the detail of each block, the means of groups of points, the noise, and the sum of the detail.

    Of the picture that was judged last with these buffers; the arguments are those of ``sharpen_kernel``.
    """
    rows, across = maps.energy.shape
    sharp = np.empty((rows, across), np.float32)
    groups = np.empty((rows // GROUP_SIDE, across // GROUP_SIDE), np.float32)
    function("sharpen")(
        _at(scratch.bins), noisy, noise, _at(maps.energy), _at(maps.points), rows, across, scale, in_energy,
        _at(sharp), _at(groups), _at(scratch.raw),
    )  # fmt: skip
    found: list[float] = scratch.raw[:2].tolist()
    return sharp, groups, found[0], found[1]


def change(points: NDArray[np.uint8], others: list[NDArray[np.uint8]], most: int) -> int:
    """Returns the sum of the largest changes of (rows, columns) points against one or two of the same shape."""
    (rows, across), counts = points.shape, np.empty(2 * LEVELS, np.int32)
    first, second = _at(others[0]), _at(others[-1])
    return function("change")(_at(points), first, second, rows, across, len(others), most, _at(counts))


def moving(
    points: NDArray[np.uint8], before: NDArray[np.uint8], after: NDArray[np.uint8], sharp: NDArray[np.float32],
    levels: int, most: float, tenth: float,
) -> tuple[int, float]:  # fmt: skip
    """Returns how many blocks are of what moves, and their detail added up; arguments as ``moving_kernel`` has them."""
    (rows, across), counts, out = points.shape, np.empty(LEVELS, np.int32), np.empty(1)
    lines = np.empty(across, np.uint8)
    found = function("moving")(
        _at(points), _at(before), _at(after), _at(sharp), rows, across, levels, most, tenth, _at(counts), _at(lines),
        _at(out),
    )  # fmt: skip
    return found, float(out[0])


def border(sharp: NDArray[np.float32], sides: int) -> tuple[float, float] | None:
    """Returns the mean squared detail at the border and of all blocks inside bars; ``None`` = there are none."""
    (rows, across), out = sharp.shape, np.empty(2)
    found: list[float] | None = out.tolist() if function("border")(_at(sharp), rows, across, sides, _at(out)) else None
    return (found[0], found[1]) if found else None


def phash(box: NDArray[np.float64], cosines: NDArray[np.float64], steps: float) -> int:
    """Returns the 64-bit hash of a (32, 32) box average."""
    low, size = cosines.shape
    work = np.empty(size + 2 * low * low)
    at = _at(work)
    signed = function("hash")(_at(box), _at(cosines), steps, at, at + 8 * size, at + 8 * (size + low * low))
    return signed % (1 << 64)


class Samples(NamedTuple):
    """Where the samples of a colour difference lie."""

    plane: NDArray[Any]
    """(h, line_size) uint8 or uint16, C-contiguous."""
    first: int
    """The column of the first one."""


def colours(
    box: NDArray[np.float64], blue: Samples, red: Samples, step: int, width: int, shift: int, full_range: bool
) -> NDArray[np.uint8]:
    """Returns (36,) uint8: the mean luma of the quarters of a box average, and the means of the colour differences."""
    out, name = np.empty(COLOURS, np.uint8), "colours_8" if blue.plane.itemsize == 1 else "colours_16"
    function(name)(
        _at(blue.plane), _at(red.plane), len(blue.plane), blue.plane.shape[1], red.plane.shape[1], blue.first,
        red.first, step, width, shift, full_range, _at(box), _at(out),
    )  # fmt: skip
    return out


def ones(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns (64,) int64: how many hashes have each bit."""
    counts = np.zeros(64, np.int64)
    function("ones")(_at(hashes), len(hashes), _at(counts))
    return counts


def keys(hashes: NDArray[np.uint64], pieces: NDArray[np.uint64], widths: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Returns the (bands, N) uint32 keys of N hashes."""
    out = np.empty((len(widths), len(hashes)), np.uint32)
    function("keys")(_at(hashes), len(hashes), _at(pieces), _at(widths), len(widths), _at(out))
    return out


def scan(
    hashes: NDArray[np.uint64], distance: int, values: NDArray[np.uint8], known: NDArray[np.bool_],
    limits: NDArray[np.uint8],
) -> NDArray[np.int64]:  # fmt: skip
    """Returns (N,) int64: -1 = kept, else the first kept hash that is near; by comparing with all kept ones."""
    count = len(hashes)
    out, kept, kept_at = np.full(count, -1, np.int64), np.empty(count, np.uint64), np.empty(count, np.int64)
    colours = _at(values), _at(known), _at(limits)
    function("scan")(_at(hashes), count, distance, *colours, _at(kept), _at(kept_at), _at(out))
    return out


def search(
    hashes: NDArray[np.uint64], distance: int, keys: NDArray[np.uint32], sizes: NDArray[np.int64],
    flips: NDArray[np.uint32], tries: NDArray[np.int64], values: NDArray[np.uint8], known: NDArray[np.bool_],
    limits: NDArray[np.uint8],
) -> NDArray[np.int64]:  # fmt: skip
    """Returns what ``scan`` does, by looking into buckets of keys."""
    bands, count = keys.shape
    places = int(sizes.max()) + 1
    starts, ends = np.zeros((bands, places), np.int32), np.empty((bands, places), np.int32)
    words, owners = np.empty((bands, count), np.uint64), np.empty((bands, count), np.int32)
    out = np.full(count, -1, np.int64)
    function("search")(
        _at(hashes), count, distance, _at(keys), bands, _at(sizes), _at(flips), len(flips), _at(tries), _at(values),
        _at(known), _at(limits), _at(starts), _at(ends), places, _at(words), _at(owners), _at(out),
    )  # fmt: skip
    return out


class Looks(NamedTuple):
    """What frames look like, as the kernels of the best N want it."""

    hashes: NDArray[np.uint64]
    """(F,) uint64."""
    hashed: NDArray[np.bool_]
    """(F,) bool: whether a frame has one."""
    values: NDArray[np.uint8]
    """(F, 36) uint8 colours."""
    known: NDArray[np.bool_]
    """(F,) bool: whether a frame has some."""


def notice(
    looks: Looks, limits: NDArray[np.uint8], places: NDArray[np.int64], rows: NDArray[np.int64],
    chosen: NDArray[np.int64], rules: NDArray[np.int64], near: NDArray[np.bool_], far: NDArray[np.int64],
    look: NDArray[np.int64],
) -> None:  # fmt: skip
    """Takes chosen rows into account among others: changes ``near``, ``far`` and ``look``."""
    function("notice")(
        *map(_at, looks), len(places), _at(limits), _at(places), _at(rows), len(rows), _at(chosen), len(chosen),
        _at(rules), _at(near), _at(far), _at(look),
    )  # fmt: skip


def alike(
    looks: Looks, limits: NDArray[np.uint8], rows: NDArray[np.int64], chosen: NDArray[np.int64], bits: int,
    near: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Marks rows that are near-duplicates of chosen ones: changes ``near``."""
    function("alike")(
        *map(_at, looks),
        len(looks.hashes),
        _at(limits),
        _at(rows),
        len(rows),
        _at(chosen),
        len(chosen),
        bits,
        _at(near),
    )


def take(
    looks: Looks, limits: NDArray[np.uint8], places: NDArray[np.int64], quality: NDArray[np.int64],
    windows: NDArray[np.int64], pool: NDArray[np.int64], near: NDArray[np.bool_], far: NDArray[np.int64],
    look: NDArray[np.int64], covered: NDArray[np.bool_], chosen: NDArray[np.int64], taken: int,
    rules: NDArray[np.int64],
) -> int:  # fmt: skip
    """Chooses greedily in the pool; returns how many are chosen then."""
    return function("take")(
        *map(_at, looks), len(places), _at(limits), _at(places), _at(quality), _at(windows), _at(pool), len(pool),
        _at(near), _at(far), _at(look), _at(covered), len(covered), _at(chosen), len(chosen), taken, _at(rules),
    )  # fmt: skip


def exchange(
    looks: Looks, limits: NDArray[np.uint8], places: NDArray[np.int64], quality: NDArray[np.int64],
    windows: NDArray[np.int64], pool: NDArray[np.int64], chosen: NDArray[np.int64], rules: NDArray[np.int64],
) -> None:  # fmt: skip
    """Lets chosen rows give way to better ones of their windows: changes ``chosen``."""
    function("exchange")(
        *map(_at, looks), len(places), _at(limits), _at(places), _at(quality), _at(windows), _at(pool), len(pool),
        _at(chosen), len(chosen), _at(rules),
    )  # fmt: skip


def smooth(box: NDArray[np.float64], taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns (3, 28, 28) float32: the smoothed cells of a (32, 32) box average, their slopes across and down."""
    out, rows = np.empty((3, SMOOTH, SMOOTH), np.float32), np.empty((2, SMOOTH, CELLS), np.float32)
    function("smooth")(_at(box), _at(taps), _at(rows), _at(out))
    return out


def shift(
    now: NDArray[np.float32], before: NDArray[np.float32], inside: tuple[int, int, int, int], width: int, height: int
) -> tuple[int, list[float]]:
    """Returns how many tiles told by how much a picture has moved, and the four numbers of ``shift_kernel``."""
    work = np.empty(SHIFT_FOUND + TILES**2 * TILE_NUMBERS + AFFINE * (2 * AFFINE + 1) + HALVED**2)
    at, bounds = _at(work), np.array(inside, np.int64)
    tiles = at + 8 * SHIFT_FOUND
    system = tiles + 8 * TILES**2 * TILE_NUMBERS
    halves = system + 8 * AFFINE * (2 * AFFINE + 1)
    used = function("shift")(_at(now), _at(before), _at(bounds), width, height, halves, tiles, system, at)
    return used, work[:SHIFT_FOUND].tolist()


def _buffers(scratch: Scratch) -> tuple[int, ...]:
    lines, length = scratch.lines, scratch.lines.shape[1]
    return _at(lines), length, _at(scratch.pairs), _at(scratch.columns), _at(scratch.counts)


def _at(array: NDArray[Any]) -> int:
    return array.ctypes.data
