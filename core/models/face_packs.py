"""Finds the weights of face models on disk, and downloads a pack when a person asks. No model is opened here.

A pack is a folder of ONNX files: a detector with five points and a recogniser; other models in it are not used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Generator
from pathlib import Path

from core.advice import advice
from core.errors import ModelError, StorageError
from core.models.download import download
from core.settings.faces import FACE_PACKS
from core.settings.model import nearest

ADDRESS = "https://github.com/deepinsight/insightface/releases/download/model-zoo/{name}.zip"
"""Where insightface publishes its packs; the licence of the weights is theirs (not for commercial use)."""


def packs_folder() -> Path:
    """Returns the folder of all packs: insightface's own, so that packs of other programs are found."""
    return Path("~/.insightface/models").expanduser()


def find_pack(name: str) -> Path:
    """Returns the folder of a pack.

    Args:
        name: one of ``FACE_PACKS``, the name of another folder in ``packs_folder()``, or the path of a folder.

    Raises:
        ModelError: there is none, or no ONNX file is in it; says where to put it.
    """
    known = packs_folder() / name
    folder = known if name in FACE_PACKS or (Path(name).name == name and known.is_dir()) else Path(name).expanduser()
    if folder.is_file():
        sentence = f"{folder} is a file; name the folder that holds the detector and the recogniser."
        raise ModelError(sentence, code="no_folder", field="face_model")
    if _weights(folder):
        return folder.absolute()
    if name in FACE_PACKS:
        fetch = advice(f"fetch it with: python -m core face-pack {name}", "press Download")
        raise ModelError(
            f"the face model {name} is not on this machine; {fetch}, or put its .onnx files into {folder}.",
            code="face_model_missing",
            field="face_model",
            name=name,
            folder=str(folder),
        )
    if folder.is_dir():
        raise ModelError(
            f"{folder} holds no .onnx files; put a face detector with five points and a face recogniser into it.",
            code="face_model_unfit",
            field="face_model",
        )
    sentence = f'"{name}" is neither a folder nor a face model{nearest(name, FACE_PACKS)}.'
    raise ModelError(sentence, code="no_face_model", field="face_model", name=name)


def digest_of(folder: Path) -> str:
    """Returns 16 hex digits over the names and contents of the ONNX files of a pack."""
    digest = hashlib.sha256()
    for path in _weights(folder):
        with open(path, "rb") as file:
            digest.update(os.fsencode(path.name) + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def fetch_pack(name: str) -> Generator[tuple[int, int | None], None, Path]:
    """Downloads a pack; yields (bytes done, bytes in all or ``None``), returns its folder; at once if it is there.

    The folder appears when it is complete. Run this in a child process: the page's own process never downloads.

    Raises:
        ModelError: no such pack, or it cannot be downloaded; says where to put it.
        StorageError: the folder cannot be written.
    """
    if name not in FACE_PACKS:
        sentence = f'"{name}" is not a face model{nearest(name, FACE_PACKS)}.'
        raise ModelError(sentence, code="no_face_model", field="name", name=name)
    folder = packs_folder() / name
    if _weights(folder):
        return folder
    address = ADDRESS.format(name=name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder.parent))
    except OSError as error:
        raise StorageError(f"{folder.parent} cannot be written ({error.strerror}); make it writable.") from error
    try:
        yield from download(address, work / "pack.zip")
        _unpack(work / "pack.zip", work / name)
        if folder.is_dir():
            folder.rmdir()
        (work / name).rename(folder)
    except (OSError, EOFError, zipfile.BadZipFile, ModelError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ModelError(
            f"the face model {name} could not be downloaded ({reason}); try again, or download {address} elsewhere and "
            f"put the .onnx files of it into {folder}.",
            code="no_download",
            field="name",
            name=name,
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def _weights(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.onnx") if path.is_file()) if folder.is_dir() else []


def _unpack(archive: Path, folder: Path) -> None:
    """Unpacks only the ONNX files, from any folder of the archive, flat: no path of the archive is used."""
    folder.mkdir()
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            name = os.path.basename(member.filename.replace("\\", "/"))
            if name.endswith(".onnx"):
                with packed.open(member) as source, open(folder / name, "wb") as target:
                    shutil.copyfileobj(source, target)
    if not _weights(folder):
        raise ModelError("the archive holds no .onnx files")
