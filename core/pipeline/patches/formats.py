"""The sizes of patches, their usual shares, and what they are called in names of files and folders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """One size of patches within a category."""

    name: str
    gt: tuple[int, int]
    """Width and height of the ground truth, pixels."""
    lr: tuple[int, int]
    """Width and height of a low-resolution picture."""
    share: float
    """Of the windows of its category; those of a category sum up to 1."""


GT = {
    "small_540": (540, 540),
    "medium_169": (720, 405),
    "large_720": (720, 720),
    "xlarge_1440": (1440, 810),
    "fullhd_1920": (1920, 1080),
}
"""Name -> size of the ground truth; low resolution is a third of it."""
SUFFIX = {
    "small_540": "",
    "medium_169": "_med169",
    "large_720": "_large",
    "xlarge_1440": "_xl169",
    "fullhd_1920": "_fullhd",
}
"""Name -> what stands behind the number in names of files; other formats have their own name there."""
FOLDER = {
    "small_540": "Patches",
    "medium_169": "Patches_Medium169",
    "large_720": "Patches_Large",
    "xlarge_1440": "Patches_XLarge169",
    "fullhd_1920": "Patches_FullHD",
}
"""Name -> folder of the original layout; other formats have ``Patches_<name>``."""
SHARES: dict[str, dict[str, float]] = {
    "master": {"small_540": 0.50, "medium_169": 0.35, "large_720": 0.15},
    "universal": {"small_540": 0.50, "medium_169": 0.35, "large_720": 0.15},
    "space": {"small_540": 0.40, "medium_169": 0.35, "large_720": 0.25},
    "toon": {"small_540": 0.65, "medium_169": 0.35},
    "general": {"small_540": 0.45, "medium_169": 0.35, "large_720": 0.20},
}
"""Category -> shares where a configuration names none; any other category is small_540 alone."""
ANY_OTHER = {"small_540": 1.0}


def lr_of(gt: tuple[int, int]) -> tuple[int, int]:
    """Returns a third of a size, at least one pixel."""
    return max(1, gt[0] // 3), max(1, gt[1] // 3)


def suffix(name: str) -> str:
    """Returns what stands behind the number in the names of its files."""
    return SUFFIX.get(name, f"_{name}")


def folder(name: str) -> str:
    """Returns its folder in the original layout."""
    return FOLDER.get(name, f"Patches_{name}")
