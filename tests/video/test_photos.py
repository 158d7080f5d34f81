"""Photos as people have them: turned, grey, transparent, deep, huge, damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import SourceError
from core.video.photos import LARGEST_SIDE_PX, read_photo


def halves() -> Image.Image:
    """Left half red, right half blue, 80 x 40."""
    picture = Image.new("RGB", (80, 40), "red")
    picture.paste("blue", (40, 0, 80, 40))
    return picture


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(np.array(pixel, int) - colour) < 12).all())


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
def test_a_photo_is_read_as_it_is(tmp_path: Path, suffix: str) -> None:
    halves().save(tmp_path / f"a{suffix}", quality=98)
    rgb = read_photo(tmp_path / f"a{suffix}")
    assert rgb.shape == (40, 80, 3)
    assert rgb.dtype == np.uint8
    assert is_near(rgb[20, 10], (255, 0, 0))
    assert is_near(rgb[20, 70], (0, 0, 255))


def test_exif_rotation_is_obeyed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show it
    halves().save(tmp_path / "a.jpg", exif=exif, quality=98)
    rgb = read_photo(tmp_path / "a.jpg")
    assert rgb.shape == (80, 40, 3)
    assert is_near(rgb[10, 20], (255, 0, 0))
    assert is_near(rgb[70, 20], (0, 0, 255))


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "CMYK", "RGBA", "I;16", "I", "F"])
def test_every_kind_of_pixel_becomes_rgb(tmp_path: Path, mode: str) -> None:
    grey = np.full((40, 40), 200, np.uint8)
    picture = Image.fromarray(grey.astype(np.uint16) * 256 if mode == "I;16" else grey)
    picture = picture if mode in ("I;16", "L") else picture.convert(mode)
    picture.save(tmp_path / "a.tif")
    rgb = read_photo(tmp_path / "a.tif")
    assert rgb.shape == (40, 40, 3)
    assert rgb.max() >= 190


def test_transparency_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert (read_photo(tmp_path / "a.png") == 255).all()


def test_a_huge_photo_is_scaled_down(tmp_path: Path) -> None:
    Image.new("L", (15_000, 9_000), 90).save(tmp_path / "a.jpg")
    rgb = read_photo(tmp_path / "a.jpg")
    assert max(rgb.shape) == LARGEST_SIDE_PX
    assert rgb.shape == (1536, 2560, 3)
    assert (np.abs(rgb.astype(int) - 90) < 3).all()


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    Image.new("1", (30_000, 20_000)).save(tmp_path / "a.png")
    with pytest.raises(SourceError, match=r"a\.png has 30000 x 20000 pixels, over 500 million; make it smaller\."):
        read_photo(tmp_path / "a.png")


def test_what_is_no_photo_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    halves().save(tmp_path / "whole.jpg")
    (tmp_path / "torn.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:400])
    for name, sentence in {
        "a.jpg": "is not a picture that can be read; save it as JPEG or PNG",
        "torn.jpg": "cannot be read as a picture",
        "absent.jpg": "does not exist; give the file of a photo",
        ".": "is a folder; give the file of a photo",
    }.items():
        with pytest.raises(SourceError, match=sentence):
            read_photo(tmp_path / name)
