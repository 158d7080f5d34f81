"""Arguments that name files, folders and addresses: what each is for is its type, so that checks follow from it.

JSON carries them as text. Not here: the checks, which differ between the command line and the page.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pydantic

from core.settings.model import Facts, Model, facts_of


class PathKind(enum.Enum):
    """What a path is for."""

    SOURCE = "a video file, or a web address to download it from"
    WEB = "a web address"
    READ_FILE = "a file that is read"
    READ_FOLDER = "a folder that is read"
    RUN = "a run folder"
    WRITE = "a file or folder that is written"
    FACE_MODEL = "a model pack, or a folder of ONNX files"
    FACE_REFERENCE = "a photo, IMG or IMG#N, or person:ID or face:ROW of the run"


def absolute(text: str) -> Path:
    """Returns an absolute path that ends in a name, as ``.`` and ``..`` do not.

    Raises:
        ValueError: an empty one, or the working folder is gone.
    """
    if not text.strip():
        raise ValueError("an empty path came, perhaps from a variable that is not set")
    typed = Path(text)
    try:
        # Only ".." needs the links resolved; a link that is the run folder itself keeps its name.
        return Path(os.path.realpath(typed)) if ".." in typed.parts else typed.absolute()
    except FileNotFoundError:
        raise ValueError("the folder that you are in was deleted; go to another one") from None


def source(text: str) -> Path | str:
    """Returns the path of a video; a URL, which as a path would lose a slash, and an empty text stay what they are."""
    return text if not text.strip() or ("://" in text and not Path(text).exists()) else absolute(text)


def _read_by(read: Callable[[str], Any]) -> pydantic.BeforeValidator:
    def path(value: Any) -> Any:
        if isinstance(value, str):
            return read(value)
        if isinstance(value, Path):
            return value
        raise ValueError("a path is wanted as text")

    return pydantic.BeforeValidator(path, json_schema_input_type=str)


Source = Annotated[Path | str, _read_by(source), PathKind.SOURCE]
"""``str`` is a web address, or what is neither that nor a path; it was not looked at."""
WebAddress = Annotated[str, PathKind.WEB]
ReadFile = Annotated[Path, _read_by(absolute), PathKind.READ_FILE]
ReadFolder = Annotated[Path, _read_by(absolute), PathKind.READ_FOLDER]
RunFolder = Annotated[Path, _read_by(absolute), PathKind.RUN]
WriteFolder = Annotated[Path, _read_by(absolute), PathKind.WRITE]
FaceModel = Annotated[str, PathKind.FACE_MODEL]
FaceReference = Annotated[str, PathKind.FACE_REFERENCE]


def kind_of(facts: Facts) -> PathKind | None:
    """Returns what the path of a field is for; ``None`` = the field holds no path."""
    return next((mark for mark in facts.marks if isinstance(mark, PathKind)), None)


def paths_of(model: Model) -> Iterator[tuple[str, PathKind, Path | str]]:
    """Yields the name of the field, its kind and its value for every path in a model and in the models within it.

    A list yields each of its items. ``None`` is no path.
    """
    for name, facts in facts_of(type(model)).items():
        value = getattr(model, name)
        kind = kind_of(facts)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Model):
                yield from paths_of(item)
            elif kind is not None and item is not None:
                yield name, kind, item
