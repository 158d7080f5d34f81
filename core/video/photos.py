"""Reads photos that people bring: formats of cameras and the web, turned as the camera says, never larger than needed.

A file is what its content says, so that only decoders of this list ever see it: Pillow knows forty formats, and hands
one of them (EPS) to a program. What would take much memory is refused by its head, before a pixel is decoded.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core import inside
from core.errors import SourceError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFile import ImageFile

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""Pillow's names of the decoders; HEIC is added where ``pillow_heif`` is installed."""
LARGEST_SIDE_PX = 2560
"""Photos are scaled down to this: faces are looked for at 640 pixels, and recognised at 112."""
MOST_PIXELS = 500_000_000
"""Even of a JPEG, which is decoded smaller than it is; the largest cameras make 151 million."""
MOST_FILE_BYTES = 700_000_000
"""100 million pixels of 16 bits, not compressed, take 600 MB."""
MOST_DECODED_BYTES = 600_000_000
LARGE_BYTES = 100_000_000
"""A decoded picture from here on is scaled down before it is turned, so that there are never two of it."""
STRIP = 256
"""Rows that are converted at a time."""


def read_photo(path: Path) -> NDArray[np.uint8]:
    """Returns a photo as (H, W, 3) uint8 RGB in display orientation, its longer side at most 2560 pixels.

    Grey photos become RGB of equal channels; of an animation the first picture is taken; transparency becomes white.

    Raises:
        SourceError: it is absent, not a picture of ``FORMATS``, damaged, outside of the folders to which this process
            is confined, or would take too much memory.
    """
    path = Path(path)
    with _as_sentences(path, str(path)), _opened(path) as picture:
        _check_size(path, picture)
        picture.draft("RGB", (LARGEST_SIDE_PX, LARGEST_SIDE_PX))
        return np.array(_on_white(_small_and_upright(picture)), np.uint8)


def check_photo(path: Path) -> None:
    """Looks at the head of a file only.

    Raises:
        SourceError: it is not a picture that ``read_photo`` takes.
    """
    with _as_sentences(path, "this"), _opened(path) as picture:
        _check_size(path, picture)


@contextlib.contextmanager
def _as_sentences(path: Path, what: str) -> Iterator[None]:
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist; give the file of a photo.", code="missing") from None
    except IsADirectoryError:
        raise SourceError(f"{path} is a folder; give the file of a photo.", code="no_file") from None
    except inside.Outside as error:
        raise SourceError(f"{error}; give the file of a photo in an allowed folder.", code="not_allowed") from None
    except (UnidentifiedImageError, ImportError) as error:  # Ultralytics, where imported, looks for another reader
        raise SourceError(
            f"{what} is not a picture that can be read; save it as JPEG or PNG.", code="not_a_picture"
        ) from error
    except DAMAGED as error:
        raise SourceError(
            f"{what} cannot be read as a picture ({error}); save it again as JPEG or PNG.", code="not_a_picture"
        ) from error


DAMAGED = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError, struct.error)
"""What Pillow raises of pictures that are damaged, or made to be."""


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[ImageFile]:
    """Opens a regular file with the decoders of the list. The limit of Pillow is lower than ours, and no sentence."""
    from PIL import Image

    if path.is_dir():
        raise IsADirectoryError(path)
    with inside.open_in(path, inside.confined_to()) as file:
        if (size := os.fstat(file.fileno()).st_size) > MOST_FILE_BYTES:
            raise SourceError(
                f"{path} has {size / 1e6:.0f} MB, over {MOST_FILE_BYTES // 1_000_000}; make it smaller.",
                code="picture_too_large",
            )
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            picture = Image.open(file, formats=_formats())
        finally:
            Image.MAX_IMAGE_PIXELS = limit
        with picture:
            yield picture


def _formats() -> tuple[str, ...]:
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return FORMATS
    return (*FORMATS, "HEIF")


def _check_size(path: Path, picture: ImageFile) -> None:
    """Raises ``SourceError`` for a picture that would take too much memory; a JPEG is decoded smaller than it is."""
    width, height = picture.size
    if width * height > MOST_PIXELS:
        most = MOST_PIXELS // 1_000_000
        raise SourceError(
            f"{path} has {width} x {height} pixels, over {most} million; make it smaller.", code="picture_too_large"
        )
    is_jpeg = picture.format in ("JPEG", "MPO")
    progressive = bool(picture.info.get("progressive") or picture.info.get("progression"))
    needed = _bytes_of(picture) if not is_jpeg else width * height * PROGRESSIVE_BYTES if progressive else 0
    if needed > MOST_DECODED_BYTES:
        raise SourceError(
            f"{path} has {width} x {height} pixels and takes {needed / 1e6:.0f} MB of memory, over "
            f"{MOST_DECODED_BYTES // 1_000_000}; save it smaller, or as an ordinary JPEG.",
            code="picture_too_large",
        )


PROGRESSIVE_BYTES = 6
"""Per pixel: libjpeg keeps three 16-bit numbers of the whole picture."""
BYTES = {"1": 1, "L": 1, "P": 1}


def _bytes_of(picture: Picture) -> int:
    """Bytes that Pillow needs for the decoded picture."""
    width, height = picture.size
    return width * height * (2 if picture.mode.startswith("I;16") else BYTES.get(picture.mode, 4))


def _small_and_upright(picture: Picture) -> Picture:
    from PIL import Image, ImageOps

    side = (LARGEST_SIDE_PX, LARGEST_SIDE_PX)
    picture = _eight_bits(picture)
    if _bytes_of(picture) > LARGE_BYTES:
        picture.thumbnail(side, Image.Resampling.BOX)
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail(side, Image.Resampling.BOX)
    return upright


def _eight_bits(picture: Picture) -> Picture:
    """Pillow clips pictures of 16 bits when it converts them; here their high bits stay. Some rows at a time."""
    from PIL import Image

    if not picture.mode.startswith("I"):
        return picture
    deepest = max(int(rows.max(initial=0)) for _, rows in _strips(picture))
    shown = Image.new("L", picture.size)
    for top, rows in _strips(picture):
        eight = np.clip(rows >> 8 if deepest > 255 else rows, 0, 255).astype(np.uint8)
        shown.paste(Image.fromarray(eight), (0, top))
    shown.getexif().update(picture.getexif())
    return shown


def _strips(picture: Picture) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yields the first row of each strip and its pixels."""
    width, height = picture.size
    for top in range(0, height, STRIP):
        yield top, np.asarray(picture.crop((0, top, width, min(top + STRIP, height)))).astype(np.int64)


def _on_white(picture: Picture) -> Picture:
    from PIL import Image

    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")
