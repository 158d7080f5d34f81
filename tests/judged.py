"""Slow twin of what is measured of one picture for judgement: the obvious code, block by block."""

from __future__ import annotations

import math

import cv2
import numpy as np

from tests import reference

RESIDUAL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float64)


def bars_of(stored, black):
    """Black rows and columns: top, bottom, left, right; a picture that is black all over is all top."""
    dark = stored <= black
    height, width = stored.shape
    rows, top, bottom = dark.all(axis=1), 0, 0
    while top < height and rows[top]:
        top += 1
    while bottom < height - top and rows[height - 1 - bottom]:
        bottom += 1
    columns, left, right = dark[top : height - bottom].all(axis=0), 0, 0
    while left < width and columns[left]:
        left += 1
    while right < width - left and columns[width - 1 - right]:
        right += 1
    return top, bottom, left, right


def judged(stored, full_range):
    """Returns noise, detail, clipped_dark, clipped_bright, blockiness, bars, flat, combed map; NaN where too small."""
    height, width = stored.shape
    mapped = stored if full_range else reference.full_range(stored)
    full = np.arange(256) if full_range else reference.full_range(np.arange(256, dtype=np.uint8))
    bars = top, bottom, left, right = bars_of(stored, np.flatnonzero(full <= 20).max())
    scale, every = (1.0 if full_range else 255 / 219), 1 + height // 360
    p = stored.astype(np.int64)
    gx, gy, residual = np.zeros((3, height, width), np.float64)
    gx[1:-1, 1:-1] = (p[:, 2:] - p[:, :-2])[1:-1]
    gy[1:-1, 1:-1] = (p[2:] - p[:-2])[:, 1:-1]
    if min(height, width) > 2:
        residual[1:-1, 1:-1] = cv2.filter2D(p.astype(np.float64), -1, RESIDUAL)[1:-1, 1:-1]
    energies, noises, grid, within, flat, combs = [], [], 0, 0, 0, []
    for row in range(0, height // 8, every):
        combs.append([])
        for column in range(width // 8):
            y, x = 8 * row, 8 * column
            touches_rows = y < top + (top > 0) or y + 8 > height - bottom - (bottom > 0)
            touches_columns = x < left + (left > 0) or x + 8 > width - right - (right > 0)
            combs[-1].append(0)
            if touches_rows or touches_columns:
                continue
            here = np.s_[y : y + 8, x : x + 8]
            a, b = (gx[here] ** 2).sum(), (gy[here] ** 2).sum()
            small, large = np.linalg.eigvalsh([[a, c := (gx[here] * gy[here]).sum()], [c, b]])
            energies.append(large - small)
            if 8 * 64 < p[here].sum() < 247 * 64:
                noises.append(np.abs(residual[here]).sum() // 8)
            below, second = (p[[min(y + i + k, height - 1) for i in range(8)], x : x + 8] for k in (1, 2))
            down, two = np.abs(below - p[here]), np.abs(second - p[here]).sum()
            across = np.abs(p[here] - p[y : y + 8, [max(x + i - 1, 0) for i in range(8)]])
            grid += across[:, 0].sum() + down[7].sum()
            within += across[:, 1:].sum() + down[:7].sum()
            flat += bool(a + b < 64)
            combs[-1][-1] = int(down.sum() > two + two // 2 and down.sum() > 512)
    blocks = len(energies)
    if not height // 8 or not width // 8:
        noise = detail = blockiness = flat_share = math.nan
    else:
        noise = 0.0
        if len(noises) > 20:
            counts = np.cumsum(np.bincount(np.minimum(np.array(noises, np.int64), 2047)))
            place = int(np.flatnonzero(counts >= 0.10 * len(noises))[0])
            noise = (place + 0.5 if place else 0.0) * 8 / 64 * math.sqrt(math.pi / 2) / 6 / 0.79 * scale
        sharp = [math.sqrt(max(e * scale**2 / 256 - 0.30 * noise**2, 0)) for e in energies]
        variance = cv2.Laplacian(mapped, cv2.CV_64F).var()
        fine = math.sqrt(max(variance - 20 * noise**2, 0) + 0.05 * variance)
        detail = (sum(sharp) / max(blocks, 1)) ** 0.4 * fine**0.6
        blockiness = 100 * max((grid / 2) / max(within / 14, blocks / 2, 1) - 1, 0)
        every_block = sum(map(len, combs))
        flat_share = (flat + every_block - blocks) / every_block
    inside = mapped[top : height - bottom, left : width - right]
    inside = inside if inside.size else mapped
    dark, bright = 100 * np.mean(inside <= 4), 100 * np.mean(inside >= 251)
    return noise, detail, dark, bright, blockiness, bars, flat_share, combs
