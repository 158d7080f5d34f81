"""What a person looks like in a crop, without a network: colours and edges of the person only.

Colours are those of four stripes from head to foot, edges (how strong, which way) those of two halves. The person is
cut out of the crop by GrabCut (Rother et al., SIGGRAPH 2004) on a small copy: who stands in the middle is in front.
Without that the background decides as much as the clothes do (measured: benchmarks/people_truth.py). Colours are
histograms in CIELAB, lightness apart from hue and chroma; edges are those of lightness in a small copy, so that how
sharp a film is matters little. Both count the same: apart from each other they mistake other people. Vectors of one
person in one set of clothes are near each other in any shot; two people in the same clothes are not told apart: whoever
joins by them has to be careful.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KIND = "figure-2"
"""Changes whenever the numbers do."""
STRIPES = 4
LIGHT, CHROMA = 12, 12
"""Bins of lightness, and of each of the two axes of colour."""
COLOUR_SIZE = (24, 72)
"""(w, h) of the picture whose colours are counted."""
CUT_SIZE = (24, 48)
"""(w, h) of the picture in which the person is cut out."""
ROUNDS = 1
"""Of GrabCut; a second one changes little."""
BEHIND = 0.02
"""Weight of what is not the person, so that a crop without anybody has colours too."""
_COLUMNS = 0.25
"""Width of the bell that weighs columns, as a share of the picture."""
EDGE_SIZE = (32, 64)
"""(w, h) of the picture whose edges are counted."""
HALVES, STRENGTHS, DIRECTIONS = 2, 8, 4
WEAKEST, STRONGEST = 1.5, 60.0
"""Edges, in lightness of 0 to 100 a pixel, that the first and the last bin are for; between them the scale is that of
logarithms."""
LENGTH = STRIPES * (LIGHT + CHROMA * CHROMA) + HALVES * STRENGTHS * DIRECTIONS


def describe(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns (LENGTH,) float32, a unit vector, of an (H, W, 3) uint8 RGB crop of one person."""
    figure = figure_in(rgb)
    both = np.concatenate([_unit(_colours(rgb, figure)), _unit(_edges(rgb, figure))])
    return _unit(both).astype(np.float32)


def figure_in(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns (h, w) float32 of ``CUT_SIZE``: 1 where the person of a crop is, else 0; all 1 where none stands out."""
    import cv2

    width, height = CUT_SIZE
    small = np.ascontiguousarray(cv2.resize(rgb, CUT_SIZE, interpolation=cv2.INTER_AREA)[..., ::-1])
    mask = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    mask[round(0.04 * height) :, round(0.22 * width) : round(0.78 * width)] = cv2.GC_PR_FGD
    mask[round(0.15 * height) : round(0.6 * height), round(0.42 * width) : round(0.58 * width)] = cv2.GC_FGD
    mask[:, :2] = mask[:, -2:] = cv2.GC_BGD
    mask[:2] = cv2.GC_BGD
    cv2.setRNGSeed(1)  # else the crops before would change the answer
    whole = (0, 0, width, height)  # not looked at, since there is a mask
    try:
        cv2.grabCut(small, mask, whole, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # of one colour
        return np.ones((height, width), np.float32)
    return np.asarray((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), np.float32)


def mean_of(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the unit vector of the mean of (N, K) unit vectors, N > 0."""
    mean = vectors.mean(axis=0)
    found: NDArray[np.float32] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return found


def sharpness(rgb: NDArray[np.uint8]) -> float:
    """Returns the variance of the Laplacian of a crop's luma: how sharp it is beside others of the same size."""
    import cv2

    return float(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_16S, ksize=1).var())


def _colours(rgb: NDArray[np.uint8], figure: NDArray[np.float32]) -> NDArray[np.float64]:
    height = COLOUR_SIZE[1]
    lab, weight = _lab(rgb, COLOUR_SIZE), _weight(figure, COLOUR_SIZE)
    parts = []
    for stripe in range(STRIPES):
        rows = slice(stripe * height // STRIPES, (stripe + 1) * height // STRIPES)
        parts += _histograms(lab[rows].reshape(-1, 3), weight[rows].ravel())
    # Roots make the cosine of two histograms their Bhattacharyya coefficient.
    return np.sqrt(np.concatenate(parts))


def _edges(rgb: NDArray[np.uint8], figure: NDArray[np.float32]) -> NDArray[np.float64]:
    """Roots of histograms over strength and direction; a direction and its opposite are the same."""
    import cv2

    light = np.ascontiguousarray(_lab(rgb, EDGE_SIZE)[..., 0])
    across, down = (cv2.Sobel(light, cv2.CV_32F, *axis) / 8 for axis in ((1, 0), (0, 1)))
    weight, height = _weight(figure, EDGE_SIZE), EDGE_SIZE[1]
    span = np.log(STRONGEST / WEAKEST)
    strength = np.log(np.maximum(np.hypot(across, down), 1e-3) / WEAKEST) / span * (STRENGTHS - 1)
    strength = np.clip(strength, 0, STRENGTHS - 1.001)
    turn = np.arctan2(down, across) / np.pi % 1 * DIRECTIONS
    low, first = strength.astype(np.int64), np.floor(turn).astype(np.int64)
    part, turned = strength - low, turn - first
    parts = []
    for half in range(HALVES):
        rows = slice(half * height // HALVES, (half + 1) * height // HALVES)
        total = np.zeros(STRENGTHS * DIRECTIONS)
        for more, share in ((0, 1 - part), (1, part)):
            for next_, bend in ((0, 1 - turned), (1, turned)):
                bins = (low + more) * DIRECTIONS + (first + next_) % DIRECTIONS
                total += np.bincount(bins[rows].ravel(), (weight * share * bend)[rows].ravel(), len(total))
        parts.append(total / max(float(weight[rows].sum()), 1e-9))
    return np.sqrt(np.concatenate(parts))


def _lab(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    import cv2

    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.float32)


def _weight(figure: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """(h, w) float32: how much each pixel counts."""
    import cv2

    there = np.asarray(cv2.resize(figure, size, interpolation=cv2.INTER_AREA), np.float32)
    return _bell(size[0])[None] * (there + np.float32(BEHIND))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _histograms(lab: NDArray[np.float32], weight: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """Lightness and colour of (N, 3) pixels, each of sum 1. Colours beyond +-50 are rare in clothes.

    Bins are shared between neighbours, so that a shade more moves little.
    """
    total = max(float(weight.sum()), 1e-9)
    light = np.clip(lab[:, 0] / 100 * LIGHT - 0.5, 0, LIGHT - 1.001)
    a, b = (np.clip((lab[:, axis] / 100 + 0.5) * CHROMA - 0.5, 0, CHROMA - 1.001) for axis in (1, 2))
    low, low_a, low_b = light.astype(np.int64), a.astype(np.int64), b.astype(np.int64)
    part, part_a, part_b = light - low, a - low_a, b - low_b
    lights = np.bincount(
        np.concatenate([low, low + 1]), np.concatenate([weight * (1 - part), weight * part]), LIGHT + 1
    )
    at = low_a * CHROMA + low_b
    shares = (1 - part_a) * (1 - part_b), (1 - part_a) * part_b, part_a * (1 - part_b), part_a * part_b
    places = np.concatenate([at, at + 1, at + CHROMA, at + CHROMA + 1])
    hues = np.bincount(places, np.concatenate([weight * share for share in shares]), CHROMA * CHROMA)
    return [lights[:LIGHT] / total, hues[: CHROMA * CHROMA] / total]


def _bell(width: int) -> NDArray[np.float32]:
    at = (np.arange(width) + 0.5) / width - 0.5
    found: NDArray[np.float32] = np.exp(-0.5 * (at / _COLUMNS) ** 2).astype(np.float32)
    return found
