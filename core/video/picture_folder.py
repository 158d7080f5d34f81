"""A folder of pictures as a video: its frames are its ``.jpg``, ``.jpeg`` and ``.png`` files by the number in the name.

Also which folders are segments (``video_part_022``) of a larger video.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import inside
from core.errors import DecodeError, SourceError
from core.video import images
from core.video.folder import is_junk, is_video_name

SUFFIXES = (".jpg", ".jpeg", ".png")
NUMBER = re.compile(r"(\d+)(?!.*\d)")
SEGMENT = re.compile(r"video_part_(\d+)\Z")
"""The name of the folder of a segment, and its number."""


def segment_number(folder: Path) -> int | None:
    """Returns the number of a segment, by the name of its folder; ``None``: it is none."""
    match = SEGMENT.match(folder.name)
    return int(match[1]) if match else None


def segments_in(folder: Path) -> dict[int, Path]:
    """Returns number -> folder of every segment in a folder, ascending.

    Raises:
        SourceError: the folder is not there, or two segments have one number.
    """
    if not folder.is_dir():
        raise SourceError(
            f"{folder} is not a folder; name the one that holds the video_part_NNN folders.", code="missing"
        )
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        number = segment_number(path) if path.is_dir() else None
        if number is None:
            continue
        if number in found:
            raise SourceError(
                f"{found[number].name} and {path.name} in {folder} have one number; rename one of them.",
                code="segment_twice",
            )
        found[number] = path
    return dict(sorted(found.items()))


def video_in(folder: Path) -> Path | None:
    """Returns the one video that a folder holds; ``None``: it holds none.

    Raises:
        SourceError: it holds several.
    """
    found = sorted(path for path in folder.iterdir() if path.is_file() and is_video_name(path.name))
    if len(found) > 1:
        raise SourceError(
            f"{folder} holds {len(found)} videos ({found[0].name}, {found[1].name} ...); leave one in it.",
            code="several_videos",
        )
    return found[0] if found else None


@dataclass(frozen=True)
class PictureFolder:
    """The pictures of a folder in the order of their numbers; ordinal = place in that order."""

    path: Path
    files: tuple[Path, ...]

    @classmethod
    def read(cls, folder: Path) -> PictureFolder:
        """Lists the pictures; other files are passed over, and so are ``..._masked.png``, which this program writes.

        Raises:
            SourceError: there is none, a name holds no number, two have one number, or a number is missing.
        """
        if not folder.is_dir():
            raise SourceError(f"{folder} is not a folder; name a folder of pictures.", code="missing")
        numbered: dict[int, Path] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() not in SUFFIXES or is_junk(path.name) or path.stem.endswith("_masked"):
                continue
            match = NUMBER.search(path.stem)
            if match is None:
                raise SourceError(
                    f"{path} has no number in its name; name pictures as in 00001.jpg, or move it away.",
                    code="no_number",
                )
            number = int(match[1])
            if number in numbered:
                raise SourceError(
                    f"{numbered[number].name} and {path.name} in {folder} have one number; keep one of them.",
                    code="number_twice",
                )
            numbered[number] = path
        if not numbered:
            raise SourceError(
                f"{folder} holds no pictures (.jpg, .jpeg, .png); extract frames into it.", code="no_pictures"
            )
        _check_whole(folder, sorted(numbered))
        return cls(folder, tuple(numbered[number] for number in sorted(numbered)))

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height of the first picture; all others have to have them too."""
        picture = self._decoded(0)
        return picture.shape[1], picture.shape[0]

    @cached_property
    def fingerprint(self) -> str:
        """``"<bytes>-<sha256>"`` of names, sizes, and of the first and the last picture."""
        digest, total = hashlib.sha256(), 0
        for file in self.files:
            size = file.stat().st_size
            digest.update(f"{file.name}\0{size}\n".encode("utf-8", "surrogateescape"))
            total += size
        for file in (self.files[0], self.files[-1]):
            digest.update(self._bytes(file))
        return f"{total}-{digest.hexdigest()}"

    def picture(self, ordinal: int) -> NDArray[np.uint8]:
        """Returns the (H, W, 3) uint8 RGB picture of a frame.

        Raises:
            DecodeError: it is damaged, gone, or of another size than the first one.
        """
        picture = self._decoded(ordinal)
        if (picture.shape[1], picture.shape[0]) != self.size:
            width, height = self.size
            raise DecodeError(
                f"{self.files[ordinal]} has {picture.shape[1]}x{picture.shape[0]} pixels, the first picture of its "
                f"folder {width}x{height}; all frames of a segment have one size.",
                code="other_size",
                frame=ordinal,
            )
        return picture

    def _decoded(self, ordinal: int) -> NDArray[np.uint8]:
        file = self.files[ordinal]
        try:
            return images.decode(self._bytes(file))
        except (OSError, ValueError) as error:
            raise DecodeError(
                f"{file} cannot be read as a picture ({error}); extract it again.", code="damaged_frame", frame=ordinal
            ) from error

    @staticmethod
    def _bytes(file: Path) -> bytes:
        return inside.read_bytes(file, inside.beside(file), images.MOST_BYTES)


def _check_whole(folder: Path, numbers: list[int]) -> None:
    """A hole would shift the number of every frame behind it."""
    for before, after in itertools.pairwise(numbers):
        if after != before + 1:
            missing = f"picture {before + 1} is" if after == before + 2 else f"pictures {before + 1} to {after - 1} are"
            raise SourceError(
                f"{missing} missing in {folder}; extract this segment again, so that frames keep their numbers.",
                code="holes",
                first=before + 1,
            )
