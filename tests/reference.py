"""Slow twins: the obvious code that each fast thing must agree with."""

from __future__ import annotations

import io
import subprocess

import cv2
import numpy as np
from numpy.typing import NDArray


def full_range(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Limited-range Y to 0-255, clipped, uint8."""
    return np.clip(np.round((luma.astype(np.float64) - 16) * 255 / 219), 0, 255).astype(np.uint8)


def sobel_magnitude(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.hypot(cv2.Sobel(picture, cv2.CV_64F, 1, 0), cv2.Sobel(picture, cv2.CV_64F, 0, 1))


def entropy_bits(values: NDArray[np.uint8]) -> float:
    share = np.bincount(values.ravel(), minlength=256) / values.size
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def statistics(picture: NDArray[np.uint8]) -> tuple[float, float, float, float, float]:
    """The 64-bit-float OpenCV recipe on a full-range picture, in the order of METRIC_NAMES, raw."""
    mean = picture.mean()
    return (
        float(cv2.Laplacian(picture, cv2.CV_64F).var()),
        float(sobel_magnitude(picture).mean()),
        float(picture.std() / mean) if mean > 0 else 0.0,
        float(mean / 255),
        entropy_bits(picture),
    )


def whole_neighbourhood(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels whose 3x3 neighbourhood is inside; beyond the picture it is reflected (REFLECT_101)."""
    return cv2.erode(
        cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REFLECT_101), np.ones((3, 3), np.uint8)
    )[1:-1, 1:-1].astype(bool)


def masked_statistics(picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> tuple[float, float, float, float, float]:
    """``statistics`` over mask > 127 of a full-range picture; NaN where no whole neighbourhood is inside."""
    inside = mask > 127
    values, whole = picture[inside], whole_neighbourhood(inside)
    mean = values.mean()
    return (
        float(cv2.Laplacian(picture, cv2.CV_64F)[whole].var()) if whole.any() else np.nan,
        float(sobel_magnitude(picture)[whole].mean()) if whole.any() else np.nan,
        float(values.std() / mean) if mean > 0 else 0.0,
        float(mean / 255),
        entropy_bits(values),
    )


def box_average(picture: NDArray[np.uint8], cells: int = 32) -> NDArray[np.float64]:
    """Means over the integer edges floor(i * size / cells); an empty cell takes the pixel at its start."""
    height, width = picture.shape
    box = np.empty((cells, cells))
    for i in range(cells):
        top, bottom = i * height // cells, (i + 1) * height // cells
        for j in range(cells):
            left, right = j * width // cells, (j + 1) * width // cells
            box[i, j] = picture[top : max(bottom, top + 1), left : max(right, left + 1)].mean()
    return box


def percent(raw: tuple[float, ...], full: tuple[float, ...] = (1000.0, 100.0, 2.0, 1.0, 8.0)) -> NDArray[np.float64]:
    """100 * clip(raw / full, 0, 1)."""
    return 100 * np.clip(np.array(raw) / np.array(full), 0, 1)


def hamming(a: int, b: int) -> int:
    return bin(a ^ b).count("1")


def ffmpeg_frame(path: str, ordinal: int, matrix: str | None = None) -> np.ndarray:
    """The frame as the FFmpeg program decodes it; ``matrix``: of a video that names none (docs/formats.md)."""
    steps = f"select=eq(n\\,{ordinal})" + (f",scale=in_color_matrix={matrix}" if matrix else "")
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", f"file:{path}", "-vf", steps]
    argv += ["-frames:v", "1", "-sws_flags", "bicubic", "-pix_fmt", "rgb24", "-f", "image2pipe", "-c:v", "ppm", "-"]
    from PIL import Image

    done = subprocess.run(argv, check=True, capture_output=True)
    return np.asarray(Image.open(io.BytesIO(done.stdout)))
