"""Photos as people have them: turned, grey, transparent, deep, huge, damaged."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import SourceError
from core.video.photos import LARGEST_SIDE_PX, check_photo, read_photo
from tests.machine import MOST_MEMORY, ROOT
from tests.raising import raises


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


# --- hostile files


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(\\055) print flush\nshowpage\n%%EOF\n"


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.eps"])
def test_postscript_reaches_no_interpreter_whatever_its_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bait = tmp_path / "bin" / "gs"
    bait.parent.mkdir()
    bait.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    bait.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bait.parent}:/usr/bin:/bin")
    (tmp_path / name).write_bytes(EPS)
    for read in (read_photo, check_photo):
        with raises(SourceError, code="not_a_picture"):
            read(tmp_path / name)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("kind", ["PCX", "TGA", "ICO", "PPM", "SGI", "PDF", "JPEG2000"])
def test_formats_that_no_camera_writes_are_not_decoded(tmp_path: Path, kind: str) -> None:
    halves().save(tmp_path / "a.jpg", kind)
    with raises(SourceError, code="not_a_picture"):
        read_photo(tmp_path / "a.jpg")


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "MPO"])
def test_the_other_formats_of_people_are_read_under_any_name(tmp_path: Path, kind: str) -> None:
    halves().save(tmp_path / "a.jpg", kind)
    assert is_near(read_photo(tmp_path / "a.jpg")[20, 10], (255, 0, 0))


def png_head(width: int, height: int, bits: int, colour: int) -> bytes:
    """A PNG of which only the head is true."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = chunk(b"IHDR", width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((bits, colour, 0, 0, 0)))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("bits", "colour", "size"), [(16, 2, (20_000, 12_000)), (8, 6, (15_000, 15_000)), (16, 0, (22_000, 20_000))]
)
def test_what_would_take_much_memory_is_refused_by_its_head(
    tmp_path: Path, bits: int, colour: int, size: tuple[int, int]
) -> None:
    (tmp_path / "a.png").write_bytes(png_head(*size, bits, colour))
    for read in (read_photo, check_photo):
        with pytest.raises(SourceError, match=f"has {size[0]} x {size[1]} pixels and takes [0-9]+ MB of memory"):
            read(tmp_path / "a.png")


def test_a_deep_photo_of_100_million_pixels_takes_little_memory(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.video.photos import read_photo\n"
        "rgb = read_photo(Path(sys.argv[1]))\n"
        "print(rgb.shape, int(rgb.max()), end=' ')\n" + MOST_MEMORY
    )
    deep = Image.new("I;16", (12_000, 8_400), 0x8000)
    deep.save(tmp_path / "deep.png", compress_level=1)
    argv = [sys.executable, "-c", code, str(tmp_path / "deep.png")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT)
    *shape, brightest, megabytes = done.stdout.replace("(", "").replace(")", "").replace(",", "").split()
    assert shape == ["1792", "2560", "3"]
    assert brightest == "128"
    assert int(megabytes) < 800


def test_a_pipe_named_like_a_photo_is_no_photo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(SourceError, match="no regular file"):
        read_photo(tmp_path / "a.jpg")


def test_a_confined_process_reads_photos_in_its_folders_only(tmp_path: Path, confined: Callable[..., None]) -> None:
    halves().save(tmp_path / "outside.png")
    inner = tmp_path / "inner"
    inner.mkdir()
    halves().save(inner / "own.png")
    (inner / "link.png").symlink_to(tmp_path / "outside.png")
    confined(inner)
    assert read_photo(inner / "own.png").shape == (40, 80, 3)
    for path in (inner / "link.png", tmp_path / "outside.png", inner / ".." / "outside.png"):
        with raises(SourceError, code="not_allowed"):
            read_photo(path)
