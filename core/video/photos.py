"""Reads photos that people bring: any format that Pillow knows, turned as the camera says, never larger than needed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import SourceError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFile import ImageFile

LARGEST_SIDE_PX = 2560
"""Photos are scaled down to this: faces are looked for at 640 pixels, and recognised at 112."""
MOST_PIXELS = 500_000_000
"""A larger picture would take more memory than it can be worth."""


def read_photo(path: Path) -> NDArray[np.uint8]:
    """Returns a photo as (H, W, 3) uint8 RGB in display orientation, its longer side at most 2560 pixels.

    Grey photos become RGB of equal channels; of an animation the first picture is taken; transparency becomes white.

    Raises:
        SourceError: it is absent, not a picture, damaged, or of more than 500 million pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    path = Path(path)
    if path.is_dir() or not path.exists():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise SourceError(f"{path} {what}; give the file of a photo.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _opened(path) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    most = MOST_PIXELS // 1_000_000
                    raise SourceError(f"{path} has {width} x {height} pixels, over {most} million; make it smaller.")
                picture.draft("RGB", (LARGEST_SIDE_PX, LARGEST_SIDE_PX))
                upright = ImageOps.exif_transpose(_eight_bits(picture))
                upright.thumbnail((LARGEST_SIDE_PX, LARGEST_SIDE_PX), Image.Resampling.BOX)
                return np.array(_on_white(upright), np.uint8)
    except (UnidentifiedImageError, ImportError) as error:  # Ultralytics, where imported, looks for another reader
        raise SourceError(f"{path} is not a picture that can be read; save it as JPEG or PNG.") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise SourceError(f"{path} cannot be read as a picture ({error}); save it again as JPEG or PNG.") from error


def check_photo(path: Path) -> None:
    """Looks at the head of a file only. Raises ``SourceError`` when it is not a picture."""
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _opened(path).close()
    except (UnidentifiedImageError, ImportError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise SourceError("this is not a picture that can be read; save it as JPEG or PNG.") from error


def _opened(path: Path) -> ImageFile:
    from PIL import Image

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # our own limit is higher, and an error of ours
    try:
        return Image.open(path)
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _eight_bits(picture: Picture) -> Picture:
    """Pillow clips pictures of 16 bits when it converts them; here their high bits stay."""
    from PIL import Image

    if not picture.mode.startswith("I"):
        return picture
    upright_info = picture.getexif()
    deep = np.asarray(picture).astype(np.int64)
    shown = Image.fromarray(np.clip(deep >> 8 if deep.max(initial=0) > 255 else deep, 0, 255).astype(np.uint8))
    shown.getexif().update(upright_info)
    return shown


def _on_white(picture: Picture) -> Picture:
    from PIL import Image

    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")
