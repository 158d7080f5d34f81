"""Which files of faces the page may use: a person's photos and models only from the allowed folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.config import FACE_PACKS
from core.errors import ModelError, SourceError


def check_faces(model: str, references: tuple[str, ...], inside: Callable[[Path], bool]) -> None:
    """Lets a model and references pass that the page may read.

    Args:
        model: ``FaceSettings.face_model``.
        references: ``FaceSettings.face_refs``.
        inside: whether a path lies in an allowed folder.

    Raises:
        ModelError: the model is neither a pack nor in an allowed folder.
        SourceError: a photo is not in an allowed folder.
    """
    from core.models.face_packs import packs_folder
    from core.pipeline.face_reference import is_photo, split

    if model not in FACE_PACKS and not (
        "\0" not in model and (_in_packs(model, packs_folder()) or inside(Path(model).expanduser()))
    ):
        raise ModelError(
            f'face_model "{model}" is neither a pack nor in an allowed folder; start the page with --root.'
        )
    for text in references:
        if is_photo(text) and ("\0" in text or not inside(split(text)[0])):
            raise SourceError(f"{text} is not in an allowed folder; upload the photo, or start the page with --root.")


def _in_packs(model: str, folder: Path) -> bool:
    return Path(model).name == model and model not in ("", ".", "..") and (folder / model).is_dir()
