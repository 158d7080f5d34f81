"""Pictures of other sizes, 8 or 16 bit: by the filters that low-resolution pictures for training are made with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def _lanczos(crop: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """OpenCV's INTER_LANCZOS4, which does not average what it leaves out: what the original took."""
    import cv2

    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_LANCZOS4), crop.dtype)


def _area(crop: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    import cv2

    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), crop.dtype)


def _pil_lanczos(crop: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Pillow's, which averages; 16-bit pictures are taken channel by channel as float32."""
    from PIL import Image

    if crop.dtype == np.uint8:
        return np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.LANCZOS))
    small = np.empty((size[1], size[0], 3), np.float32)
    for at in range(3):
        plane = Image.fromarray(crop[:, :, at].astype(np.float32)).resize(size, Image.Resampling.LANCZOS)
        small[:, :, at] = np.asarray(plane)
    return np.asarray(np.clip(np.rint(small), 0, 65535), np.uint16)


SHRINK = {"lanczos": _lanczos, "area": _area, "pil_lanczos": _pil_lanczos}
"""Filter -> function of a picture and of (width, height)."""


def scaled(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Returns a picture, (H, W) or (H, W, 3), of another width and height, by cubic interpolation."""
    import cv2

    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), picture.dtype)
