"""Slow twin of ``core.metrics.shift``: the same definition by numpy's own matrices, tile by tile."""

import math

import numpy as np

TAPS = np.array([0.037659, 0.249153, 0.426375, 0.249153, 0.037659])
SLOPE = np.array([-0.109604, -0.276691, 0.0, 0.276691, 0.109604])


def cells_of(box):
    """(3, 28, 28): smoothed, slope to the right, slope downwards."""

    def both(down, across):
        rows = np.array([np.convolve(column, down[::-1], "valid") for column in box.T]).T
        return np.array([np.convolve(row, across[::-1], "valid") for row in rows])

    return np.array([both(TAPS, TAPS), both(TAPS, SLOPE), both(SLOPE, TAPS)])


def unlike(a, b, dy, dx):
    side = len(a)
    first = a[max(0, -dy) : side - max(0, dy), max(0, -dx) : side - max(0, dx)]
    second = b[max(0, dy) : side - max(0, -dy), max(0, dx) : side - max(0, -dx)]
    return float(np.var(second - first))


def nearest(a, b, tries):
    return min(tries, key=lambda shift: (round(unlike(a, b, *shift), 6), tries.index(shift)))


def whole_shift(before, now):
    a, b = before[0], now[0]
    if unlike(a, b, 0, 0) <= 0.25 * float(np.mean(now[1] ** 2 + now[2] ** 2)) / 2:
        return 0, 0
    small = [picture.reshape(14, 2, 14, 2).mean(axis=(1, 3)) for picture in (a, b)]
    around = sorted(((y, x) for y in range(-4, 5) for x in range(-4, 5)), key=lambda s: s != (0, 0))
    y, x = nearest(*small, around)
    centre = (2 * y, 2 * x)
    return nearest(a, b, [centre, *((2 * y + j, 2 * x + i) for j in (-1, 0, 1) for i in (-1, 0, 1))])


def slide(a, b, y, x, dy, dx):
    """Shift beyond the whole one (cells), structure tensor, squared levels left, squared contrast."""
    own, moved = a[:, y : y + 4, x : x + 4], b[:, y + dy : y + dy + 4, x + dx : x + dx + 4]
    slopes = ((own + moved)[1:] / 2).reshape(2, 16)
    slopes = slopes - slopes.mean(axis=1, keepdims=True)
    change = (own[0] - moved[0]).ravel()
    change = change - change.mean()
    tensor, contrast = slopes @ slopes.T, float(np.var(own[0])) * 16
    if not np.linalg.det(tensor) > 1e-3 * np.trace(tensor) ** 2 + 1e-9:
        return None, tensor, float(change @ change), contrast
    step = np.linalg.solve(tensor, slopes @ change)
    left = change - step @ slopes
    return step, tensor, float(left @ left), contrast


def displacement(now, before, inside, width, height):
    """% of the diagonal, or None."""
    scale, diagonal = np.array([width / 32, height / 32]), math.hypot(width, height) / 100
    whole = whole_shift(before, now)
    rows, columns = inside[:2], inside[2:]
    at, shifts, weights, left, contrast = [], [], [], 0.0, 0.0
    for y in range(0, 28, 4):
        for x in range(0, 28, 4):
            if y < rows[0] or y + 4 > rows[1] or x < columns[0] or x + 4 > columns[1]:
                continue
            dy, dx = np.clip(whole[0], -y, 24 - y), np.clip(whole[1], -x, 24 - x)
            if abs(dy - whole[0]) > 1 or abs(dx - whole[1]) > 1:
                continue
            found = slide(before, now, y, x, dy, dx)
            step = found[0]
            if step is not None and np.abs(step).max() <= 2 and np.abs(step).max() > 0.5:
                again_y, again_x = (
                    np.clip(int(np.rint(step[1])) + dy, -y, 24 - y),
                    np.clip(int(np.rint(step[0])) + dx, -x, 24 - x),
                )
                again = slide(before, now, y, x, again_y, again_x)
                if again[2] < found[2]:
                    found, dy, dx = again, again_y, again_x
            step, tensor, rest, own = found
            left, contrast = left + rest, contrast + own
            if step is None or np.abs(step).max() > 2:
                continue
            at.append([1, (x + 4) / 32 - 0.5, (y + 4) / 32 - 0.5])
            shifts.append(np.add(step, [dx, dy]) * scale)
            weights.append(tensor / np.outer(scale, scale) / max(rest / 13, 0.01))
    if left > 0.25 * contrast and left > 784:
        return None
    return fitted(np.array(at), np.array(shifts), np.array(weights), diagonal) if at else 0.0


def fitted(at, shifts, weights, diagonal):
    errors = np.array([np.trace(np.linalg.inv(one)) for one in weights])
    sure = errors < (0.25 * diagonal) ** 2
    sure = sure if sure.sum() >= 3 else np.ones(len(at), bool)
    middle = np.sort(shifts[sure], axis=0)[(sure.sum() - 1) // 2]
    off, speed = shifts - middle, math.hypot(*middle)
    unknown = np.array([np.kron(np.eye(2), row) for row in at])  # (tiles, 2, 6)
    for _ in range(4):
        agree = 0.1 * diagonal + 0.1 * speed
        trust = (1 / (1 + (off**2).sum(axis=1) / agree**2)) ** 2
        matrix = sum(t * u.T @ w @ u for t, u, w in zip(trust, unknown, weights, strict=True))
        right = sum(t * u.T @ w @ s for t, u, w, s in zip(trust, unknown, weights, shifts, strict=True))
        typical = (matrix[0, 0] + matrix[3, 3]) / 2
        matrix = matrix + np.diag([0, 1, 1] * 2) * typical * (1e-4 if len(at) >= 12 else 1e9)
        answer = np.linalg.solve(matrix, right)
        off, speed = shifts - unknown @ answer, math.hypot(answer[0], answer[3])
    part = np.array([1, 1 / 12, 1 / 12] * 2)
    squared, error = float(part @ answer**2), float(part @ np.diag(np.linalg.inv(matrix)))
    return math.sqrt(squared - error) / diagonal if squared > 6 * error else 0.0
