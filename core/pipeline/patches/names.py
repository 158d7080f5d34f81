"""What the files of a patch are called, and in which folder they lie."""

from __future__ import annotations

from core.pipeline.patches import formats
from core.pipeline.patches.config import Category, PatchVideo

LR_FOLDER = {
    "5frames": {"original": "LR", "by_format": "LR_5frames"},
    "7frames": dict.fromkeys(("original", "by_format"), "LR_7frames"),
}
"""Version -> folder of its stacks, by layout."""
KEY = {"5frames": "lr_5", "7frames": "lr_7"}
"""Version -> its key in the manifest."""


def names_of(
    category: Category,
    format_name: str,
    video: PatchVideo,
    index: int,
    layout: str,
    versions: tuple[str, ...],
    *,
    val: bool,
) -> dict[str, str]:
    """Returns the paths of the files of a patch below the folder of the patches: ``gt``, ``lr_5``, ``lr_7``."""
    file = f"patch_{video.stem}_idx{index}{formats.suffix(format_name)}.png"
    if layout == "original":
        folder = f"{category.path}/{'Val' if val else formats.folder(format_name)}"
    else:
        folder = f"{category.path}/{'Val/' if val else ''}Patches_{format_name}"
    found = {"gt": f"{folder}/GT/{file}"}
    return found | {KEY[version]: f"{folder}/{LR_FOLDER[version][layout]}/{file}" for version in versions}
