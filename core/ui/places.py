"""Which files the page and programs may name: every path of a verb's arguments, checked by what it is declared to be.

Only the allowed folders and the folder of runs are read and written. Not here: the sentences for a single source that
a person types (``video.source``), the check of what was really opened (``core.inside``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import inside
from core.errors import ModelError, SettingsError, SourceError
from core.settings.extract import ExtractSettings
from core.settings.faces import FACE_PACKS
from core.settings.model import Model
from core.settings.paths import PathKind, paths_of

if TYPE_CHECKING:
    from core.video.source import Url

MOST_NAME_BYTES = 255
"""Of the name of a folder: more is not taken by any usual file system."""
MOST_PATH_BYTES = 3000


class Places:
    """The folders that may be read and written."""

    def __init__(self, downloads: Path, roots: tuple[Path, ...]) -> None:
        """Remembers the folder of runs and the allowed folders."""
        self.downloads = downloads
        self.roots = (*roots, downloads)

    def check(self, arguments: Model) -> None:
        """Lets arguments pass whose paths all lie where they may, links followed.

        Raises:
            SourceError, ModelError, SettingsError: one that does not, by its field.
        """
        settings = getattr(arguments, "settings", None)
        reads_faces = not isinstance(settings, ExtractSettings) or settings.reads_faces
        for field, kind, value in paths_of(arguments):
            if reads_faces or kind not in (PathKind.FACE_MODEL, PathKind.FACE_REFERENCE):
                CHECKS[kind](self, field, value)

    def allows(self, path: str | Path) -> bool:
        """Whether a path lies in the folder of runs or an allowed one, links followed."""
        return inside.lies_in(path, self.roots)

    def source(self, text: Any) -> Path | Url:
        """Returns the file or web address that a text names.

        Raises:
            SourceError: it is neither, or the file is outside the allowed folders.
        """
        from core.video.source import LocalPath, classify, is_there, resolve_local

        if not isinstance(text, str):
            raise SourceError("a source is wanted as text: a web address or the path of a video.", field="source")
        if is_there(text, self.roots):
            return resolve_local(text, self.roots)
        found = classify(text)
        return resolve_local(text, self.roots) if isinstance(found, LocalPath) else found

    def export_folder(self, dest: Any) -> Path:
        """Returns the real path of the folder of an export, itself none of the allowed ones. Makes nothing.

        Raises:
            SettingsError: it cannot be one.
        """
        if not isinstance(dest, str) or not dest.strip() or "\0" in dest:
            raise SettingsError("dest is wanted as the path of a folder.", field="dest")
        path = named(self.downloads / dest)
        real = Path(os.path.realpath(path))
        if not self.allows(path) or real in (Path(os.path.realpath(root)) for root in self.roots):
            sentence = f"{dest} is not in the folder of runs or an allowed folder; choose another one."
            raise SettingsError(sentence, code="not_allowed", field="dest")
        return real

    def folder(self, text: Any) -> Path:
        """Returns the real path of a folder to save to. Makes nothing.

        Raises:
            SettingsError: it lies in no allowed folder.
        """
        if not isinstance(text, str) or not text.strip() or "\0" in text:
            raise SettingsError("a folder for saved frames is wanted.", field="folder")
        path = Path(os.path.realpath(named(self.downloads / text.strip())))
        if not self.allows(path):
            raise self._outside("folder", text.strip())
        return path

    def _outside(self, field: str, value: object) -> SettingsError:
        sentence = f"{value} is not in the allowed folders; choose a folder with Browse."
        return SettingsError(sentence, code="not_allowed", field=field)

    # --- by kind

    def _source(self, field: str, value: Path | str) -> None:
        from core.video.source import is_url

        if not is_url(str(value)):
            self.source(str(value))

    def _web(self, field: str, value: Path | str) -> None:
        from core.video.source import is_url

        if not is_url(str(value)):
            sentence = f"{value} is not a web address; give one that starts with http or https."
            raise SourceError(sentence, code="no_address", field=field)

    def _lies_inside(self, field: str, value: Path | str) -> None:
        if not self.allows(value):
            raise self._outside(field, value)

    def _model(self, field: str, value: Path | str) -> None:
        check_face_model(str(value), self.allows)

    def _reference(self, field: str, value: Path | str) -> None:
        check_face_reference(str(value), self.allows)


CHECKS: Mapping[PathKind, Callable[[Places, str, Path | str], None]] = {
    PathKind.SOURCE: Places._source,
    PathKind.WEB: Places._web,
    PathKind.READ_FILE: Places._lies_inside,
    PathKind.READ_FOLDER: Places._lies_inside,
    PathKind.RUN: Places._lies_inside,
    PathKind.WRITE: Places._lies_inside,
    PathKind.FACE_MODEL: Places._model,
    PathKind.FACE_REFERENCE: Places._reference,
}
"""What a path is for -> what is looked at. A kind without a check would be a ``KeyError``, never a hole."""


def check_face_model(model: str, allows: Callable[[Path], bool]) -> None:
    """Lets a pack pass, and a folder that may be read. Raises ``ModelError`` for any other text."""
    from core.models.face_packs import packs_folder

    if model in FACE_PACKS:
        return
    if "\0" in model or not (_in_packs(model, packs_folder()) or allows(Path(model).expanduser())):
        sentence = f'face_model "{model}" is neither a pack nor in an allowed folder; choose one with Browse.'
        raise ModelError(sentence, code="not_allowed", field="face_model")


def check_face_reference(text: str, allows: Callable[[Path], bool]) -> None:
    """Lets a person or face of a run pass, and a photo that may be read. Raises ``SourceError`` for any other."""
    from core.pipeline.faces.reference import is_photo, split

    if is_photo(text) and ("\0" in text or not allows(split(text)[0])):
        sentence = f"{text} is not in an allowed folder; upload the photo, or choose one with Browse."
        raise SourceError(sentence, code="not_allowed", field="face_refs", photo=text)


def _in_packs(model: str, folder: Path) -> bool:
    return Path(model).name == model and model not in ("", ".", "..") and (folder / model).is_dir()


def named(path: Path) -> Path:
    """Lets a path pass that a file system can have. Raises ``SettingsError``."""
    try:
        lengths = [len(os.fsencode(part)) for part in path.parts]
    except UnicodeEncodeError:
        raise SettingsError("the name of the folder holds halves of signs (surrogates); type it anew.") from None
    if max(lengths, default=0) > MOST_NAME_BYTES or sum(lengths) > MOST_PATH_BYTES:
        raise SettingsError(
            f"the name of the folder has {max(lengths, default=0)} bytes; at most {MOST_NAME_BYTES} are taken, and "
            f"{MOST_PATH_BYTES} of the whole path."
        )
    return path
