"""Makes files of several video streams from painted parts. Not here: any code of Framesieve."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests import videos

FRAMES = 25
FILM, OTHER, PICTURE = 0, 300, 600
"""The first number of each stream, so that a picture says which one it is of."""
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p", "-g", "10")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none")
JPEG = ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")


def ffmpeg(*words: str | Path, pixels: bytes = b"") -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], input=pixels, check=True)


def painted(path: Path, first: int, size: tuple[int, int], *words: str, frames: int = FRAMES) -> Path:
    pixels = b"".join(videos.paint(first + n, *size).tobytes() for n in range(frames))
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", "25", "-i", "-")
    ffmpeg(*raw, *words, path, pixels=pixels)
    return path


class Kit:
    """A folder in which parts and files are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def film(self, *words: str, size: tuple[int, int] = (320, 180), first: int = FILM, name: str = "film.mp4") -> Path:
        return painted(self.folder / name, first, size, *(words or X264))

    def other(self, size: tuple[int, int] = (160, 90), *words: str) -> Path:
        return self.film(*words, size=size, first=OTHER, name="other.mp4")

    def picture(self, size: tuple[int, int] = (640, 360)) -> Path:
        return painted(self.folder / "picture.mkv", PICTURE, size, *JPEG, frames=1)

    def joined(self, name: str, *parts: Path, flags: str, words: tuple[str, ...] = ("-c", "copy")) -> Path:
        """``flags``: for each stream ``d`` = default, ``c`` = cover, ``-`` = none."""
        target = self.folder / name
        meaning = {"d": "default", "c": "attached_pic", "-": "0"}
        said = [w for i, flag in enumerate(flags) for w in (f"-disposition:v:{i}", meaning[flag])]
        inputs = [w for part in parts for w in ("-i", part)]
        maps = [w for i in range(len(parts)) for w in ("-map", f"{i}:v")]
        ffmpeg(*inputs, *maps, *words, *said, target)
        return target
