"""Compiled loops that tell by how much a picture has moved since the one before, from their 32x32 box averages.

Cells are those of the box average. Of each picture its smoothed cells and their slopes are kept; of two pictures the
shift of 7x7 tiles is measured and one movement fitted to them. What it means and sources: ``shift``; the slow twin is
in tests/metrics/slow_shift.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.metrics.jit import compiled, f32
from core.metrics.layout import AFFINE, CELLS, FAR, HALVED, SMOOTH, TILE, TILES

i64 = np.int64
AT_X, AT_Y, VX, VY, M00, M01, M11, WEIGHT = range(8)
"""Places of a tile's numbers: centre, in parts of the picture from its middle; shift, pixels; its information."""
SURE, STEEP = 1e-3, 1e-9
"""Least determinant of a tile's slopes, of the squared trace, and at all: less tells one direction only, or none."""
STEP = 0.5
"""Cells: where two pictures differ by less than such a shift makes, no whole shift is looked for."""
MOST = 2.0
"""Cells by which a tile may differ from the shift of the whole picture."""
LEAST_ERROR = 0.01
"""Squared levels that a cell is wrong by at least: what coding makes of dark pictures (by measurement)."""
ROUNDS = 4
"""How often the movement is fitted, each time with less weight for what disagrees."""
AGREE, AGREE_OF_SHIFT = 0.10, 0.10
"""% of the diagonal, and share of the shift itself, by which a tile may disagree before its weight falls."""
FEW_TILES = 12
"""With fewer tiles only a shift is fitted, no zoom or turn."""
TRUSTED = 0.25
"""% of the diagonal: standard error up to which a tile counts for the first guess."""
LOOSE, TIGHT = 1e-4, 1e9
"""How much the fit is held to no zoom and turn, against what a typical tile says of a shift."""


@compiled
def smooth_kernel(box: Any, taps: Any, rows: Any, out: Any) -> None:
    """Fills ``out``, (3, 28, 28) float32: smoothed cells, their slope to the right, and downwards.

    Args:
        box: (32, 32) float64.
        taps: (2, 5) float32: a smoothing and its derivative (Farid and Simoncelli's).
        rows: (2, 28, 32) float32 work.
        out: see above.
    """
    for kind in range(2):
        p, q, r, s, t = taps[kind, 0], taps[kind, 1], taps[kind, 2], taps[kind, 3], taps[kind, 4]
        for y in range(SMOOTH):
            line = rows[kind, y]
            for x in range(CELLS):
                above, below = (
                    p * f32(box[y, x]) + q * f32(box[y + 1, x]),
                    s * f32(box[y + 3, x]) + t * f32(box[y + 4, x]),
                )
                line[x] = f32(above + r * f32(box[y + 2, x]) + below)
    _across(rows[0], taps[0], out[0])
    _across(rows[0], taps[1], out[1])
    _across(rows[1], taps[0], out[2])


@compiled
def _across(rows: Any, taps: Any, out: Any) -> None:
    p, q, r, s, t = taps[0], taps[1], taps[2], taps[3], taps[4]
    for y in range(SMOOTH):
        line, to = rows[y], out[y]
        for x in range(SMOOTH):
            left, right = p * line[x] + q * line[x + 1], s * line[x + 3] + t * line[x + 4]
            to[x] = f32(left + r * line[x + 2] + right)


@compiled
def shift_kernel(
    now: Any, before: Any, inside: Any, width: float, height: float, halves: Any, tiles: Any, system: Any, out: Any
) -> int:
    """Returns how many tiles told the movement, and fills ``out``, (4,) float64.

    ``out``: mean squared displacement over the picture, pixels squared; the part of it that error alone would make; of
    all tiles squared levels that are left when they were moved, and that there were.

    Args:
        now: (3, 28, 28) float32, as ``smooth_kernel`` gives them.
        before: the same, of the picture before.
        inside: (4,) int64: first and end row, first and end column of the cells that count.
        width: pixels of the picture.
        height: likewise.
        halves: (2, 14, 14) float32 work.
        tiles: (49, 8) float64 work.
        system: (6, 13) float64 work.
        out: see above.
    """
    for place in range(len(out)):
        out[place] = 0.0
    dy, dx = 0, 0
    if _unlike(before[0], now[0], 0, 0) > STEP * STEP * _slope(now):
        dy, dx = _whole_shift(before[0], now[0], halves)
    wide, high, used = width / CELLS, height / CELLS, 0
    for row in range(TILES):
        for column in range(TILES):
            y, x = row * TILE, column * TILE
            if y < inside[0] or y + TILE > inside[1] or x < inside[2] or x + TILE > inside[3]:
                continue
            if _tile(before, now, y, x, dy, dx, wide, high, tiles[used], out):
                used += 1
    if used:
        _fit(tiles, used, width, height, system, out)
    return used


@compiled
def _slope(cells: Any) -> Any:
    """Mean squared slope in one direction, squared levels a cell."""
    total: Any = 0.0
    for y in range(SMOOTH):
        across, down, line = cells[1, y], cells[2, y], f32(0)
        for x in range(SMOOTH):
            line = f32(line + across[x] * across[x] + down[x] * down[x])
        total += line
    return total / (2 * SMOOTH * SMOOTH)


@compiled
def _whole_shift(before: Any, now: Any, halves: Any) -> Any:
    """By how many cells the whole picture fits best: searched at half the size, then one cell around."""
    _halve(before, halves[0])
    _halve(now, halves[1])
    least, top, left = _unlike(halves[0], halves[1], 0, 0), 0, 0
    for dy in range(-FAR, FAR + 1):
        for dx in range(-FAR, FAR + 1):
            found = _unlike(halves[0], halves[1], dy, dx)
            if found < least * (1 - 1e-6):
                least, top, left = found, dy, dx
    top, left = 2 * top, 2 * left
    least, best_y, best_x = _unlike(before, now, top, left), top, left
    for dy in range(top - 1, top + 2):
        for dx in range(left - 1, left + 2):
            found = _unlike(before, now, dy, dx)
            if found < least * (1 - 1e-6):
                least, best_y, best_x = found, dy, dx
    return best_y, best_x


@compiled
def _halve(cells: Any, out: Any) -> None:
    for y in range(HALVED):
        above, below = cells[2 * y], cells[2 * y + 1]
        for x in range(HALVED):
            out[y, x] = f32((above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) * f32(0.25))


@compiled
def _unlike(a: Any, b: Any, dy: int, dx: int) -> Any:
    """Variance of the difference where the second picture, moved back, covers the first."""
    side = a.shape[0]
    top, bottom, left, right = max(0, -dy), side - max(0, dy), max(0, -dx), side - max(0, dx)
    total: Any = 0.0
    squares: Any = 0.0
    for y in range(top, bottom):
        first, second = a[y, left:right], b[y + dy, left + dx : right + dx]
        line, line_squares = f32(0), f32(0)
        for x in range(right - left):
            apart = f32(second[x] - first[x])
            line = f32(line + apart)
            line_squares = f32(line_squares + apart * apart)
        total += line
        squares += line_squares
    count = (bottom - top) * (right - left)
    return squares / count - (total / count) * (total / count)


@compiled
def _tile(a: Any, b: Any, y: int, x: int, dy: int, dx: int, wide: float, high: float, tile: Any, out: Any) -> bool:
    """Measures the shift of one tile; whether it can be told. Adds what was left of it to ``out``.

    A tile that the shift of the whole picture takes out of it by more than a cell tells nothing.
    """
    top, left = _held(dy, y), _held(dx, x)
    if abs(top - dy) > 1 or abs(left - dx) > 1:
        return False
    right, down, xx, xy, yy, rest, contrast = _slide(a, b, y, x, top, left)
    if abs(right) <= MOST and abs(down) <= MOST and (abs(right) > 0.5 or abs(down) > 0.5):
        again_y, again_x = _held(top + i64(np.rint(down)), y), _held(left + i64(np.rint(right)), x)
        found = _slide(a, b, y, x, again_y, again_x)
        if found[5] < rest:
            right, down, xx, xy, yy, rest, contrast = found
            top, left = again_y, again_x
    out[2] += rest
    out[3] += contrast
    if not (abs(right) <= MOST and abs(down) <= MOST) or not _tells(xx, xy, yy):
        return False
    error = max(rest / (TILE * TILE - 3), LEAST_ERROR)
    tile[AT_X], tile[AT_Y] = (x + 2 + TILE / 2) / CELLS - 0.5, (y + 2 + TILE / 2) / CELLS - 0.5
    tile[VX], tile[VY] = (left + right) * wide, (top + down) * high
    tile[M00], tile[M01], tile[M11] = xx / (wide * wide * error), xy / (wide * high * error), yy / (high * high * error)
    return True


@compiled
def _held(by: Any, start: int) -> Any:
    """A shift that keeps a tile inside the cells."""
    return min(max(by, -start), SMOOTH - TILE - start)


@compiled
def _tells(xx: float, xy: float, yy: float) -> bool:
    trace = xx + yy
    return xx * yy - xy * xy > SURE * trace * trace + STEEP


@compiled
def _slide(a: Any, b: Any, y: int, x: int, dy: int, dx: int) -> Any:
    """Lucas and Kanade's step: how far a tile lies from a whole shift, cells; its slopes; squared levels left; in all.

    Brightness may change by the same everywhere in the tile.
    """
    n, sx, sy, st, sa = TILE * TILE, 0.0, 0.0, 0.0, 0.0
    xx, xy, yy, xt, yt, tt, aa = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for row in range(y, y + TILE):
        for column in range(x, x + TILE):
            own, moved = np.float64(a[0, row, column]), np.float64(b[0, row + dy, column + dx])
            gx = 0.5 * (np.float64(a[1, row, column]) + np.float64(b[1, row + dy, column + dx]))
            gy = 0.5 * (np.float64(a[2, row, column]) + np.float64(b[2, row + dy, column + dx]))
            t = own - moved
            sx += gx
            sy += gy
            st += t
            sa += own
            xx += gx * gx
            xy += gx * gy
            yy += gy * gy
            xt += gx * t
            yt += gy * t
            tt += t * t
            aa += own * own
    xx, xy, yy = xx - sx * sx / n, xy - sx * sy / n, yy - sy * sy / n
    xt, yt, tt, aa = xt - sx * st / n, yt - sy * st / n, max(tt - st * st / n, 0.0), max(aa - sa * sa / n, 0.0)
    if not _tells(xx, xy, yy):
        return 0.0, 0.0, xx, xy, yy, tt, aa
    determinant = xx * yy - xy * xy
    right, down = (yy * xt - xy * yt) / determinant, (xx * yt - xy * xt) / determinant
    return right, down, xx, xy, yy, max(tt - right * xt - down * yt, 0.0), aa


@compiled
def _fit(tiles: Any, used: int, width: float, height: float, system: Any, out: Any) -> None:
    """Fits one shift, zoom, turn and shear to the tiles, what disagrees with it counting less each time."""
    percent = np.sqrt(width * width + height * height) / 100
    right, down = _first_guess(tiles, used, percent)
    for tile in range(used):
        _weigh(tiles[tile], tiles[tile, VX] - right, tiles[tile, VY] - down, right, down, percent)
    for again in range(ROUNDS):
        _gather(tiles, used, system)
        _solve(system, 2 * AFFINE + 1 if again == ROUNDS - 1 else AFFINE + 1)
        if again == ROUNDS - 1:
            break
        for tile in range(used):
            one = tiles[tile]
            x = system[0, AFFINE] + system[1, AFFINE] * one[AT_X] + system[2, AFFINE] * one[AT_Y]
            y = system[3, AFFINE] + system[4, AFFINE] * one[AT_X] + system[5, AFFINE] * one[AT_Y]
            _weigh(one, one[VX] - x, one[VY] - y, system[0, AFFINE], system[3, AFFINE], percent)
    for place in range(AFFINE):
        part = 1.0 if place % 3 == 0 else 1.0 / 12  # the mean square of a place in the picture, from its middle
        out[0] += part * system[place, AFFINE] * system[place, AFFINE]
        out[1] += part * system[place, AFFINE + 1 + place]


@compiled
def _weigh(tile: Any, off_x: float, off_y: float, right: float, down: float, percent: float) -> None:
    """Geman and McClure's weight of what is off by so many pixels."""
    agree = AGREE * percent + AGREE_OF_SHIFT * np.sqrt(right * right + down * down)
    weight = 1 / (1 + (off_x * off_x + off_y * off_y) / (agree * agree))
    tile[WEIGHT] = weight * weight


@compiled
def _first_guess(tiles: Any, used: int, percent: float) -> Any:
    """The median shift of the tiles that are sure, in each direction; of all, where fewer than three are."""
    limit, sure = (TRUSTED * percent) * (TRUSTED * percent), 0
    for tile in range(used):
        one = tiles[tile]
        error = (one[M00] + one[M11]) / (one[M00] * one[M11] - one[M01] * one[M01])  # squared, pixels
        one[WEIGHT] = 1.0 if error < limit else 0.0
        sure += error < limit
    if sure < 3:
        for tile in range(used):
            tiles[tile, WEIGHT] = 1.0
        sure = used
    return _median(tiles, used, VX, sure), _median(tiles, used, VY, sure)


@compiled
def _median(tiles: Any, used: int, place: int, count: int) -> Any:
    """The lower median of a number of those tiles that have a weight: by counting, which needs no room."""
    for tile in range(used):
        own, less, same = tiles[tile, place], 0, 0
        if tiles[tile, WEIGHT] == 0:
            continue
        for other in range(used):
            if tiles[other, WEIGHT] > 0:
                less += tiles[other, place] < own
                same += tiles[other, place] == own
        if less <= (count - 1) // 2 < less + same:
            return own
    return 0.0


@compiled
def _gather(tiles: Any, used: int, system: Any) -> None:
    """Writes the normal equations, six by six, their right side, and the unit matrix beside it."""
    for row in range(AFFINE):
        for column in range(2 * AFFINE + 1):
            system[row, column] = 1.0 if column == AFFINE + 1 + row else 0.0
    for tile in range(used):
        one = tiles[tile]
        a, b, c, w = one[M00], one[M01], one[M11], one[WEIGHT]
        for i in range(3):
            at = w * (1.0 if i == 0 else one[AT_X] if i == 1 else one[AT_Y])
            for j in range(3):
                both = at * (1.0 if j == 0 else one[AT_X] if j == 1 else one[AT_Y])
                system[i, j] += a * both
                system[i, j + 3] += b * both
                system[i + 3, j] += b * both
                system[i + 3, j + 3] += c * both
            system[i, AFFINE] += at * (a * one[VX] + b * one[VY])
            system[i + 3, AFFINE] += at * (b * one[VX] + c * one[VY])
    typical = 0.5 * (system[0, 0] + system[3, 3])
    for place in range(AFFINE):
        if place % 3:
            system[place, place] += (LOOSE if used >= FEW_TILES else TIGHT) * typical


@compiled
def _solve(system: Any, columns: int) -> None:
    """Gauss and Jordan: leaves the solution in the column after the matrix, and its inverse in those behind.

    The matrix is positive definite: no row has to be exchanged. Only so many columns are looked at.
    """
    for pivot in range(AFFINE):
        scale = 1.0 / system[pivot, pivot]
        for column in range(pivot, columns):
            system[pivot, column] *= scale
        for row in range(AFFINE):
            if row == pivot:
                continue
            by = system[row, pivot]
            for column in range(pivot, columns):
                system[row, column] -= by * system[pivot, column]
