"""Where the weights of face models lie, and fetching them when a person says so. No network, no model is opened here.

A pack is a folder of ONNX files: a detector with five points and a recogniser; other models in it are not used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Generator
from pathlib import Path

from core.config import FACE_PACKS, nearest
from core.errors import ModelError, StorageError

ADDRESS = "https://github.com/deepinsight/insightface/releases/download/model-zoo/{name}.zip"
"""Where insightface publishes its packs; the licence of the weights is theirs (not for commercial use)."""

BLOCK_BYTES = 1 << 20
TIMEOUT_S = 30.0


def packs_folder() -> Path:
    """Returns the folder of all packs: insightface's own, so that packs of other programs are found."""
    return Path("~/.insightface/models").expanduser()


def find_pack(name: str) -> Path:
    """Returns the folder of a pack.

    Args:
        name: one of ``config.FACE_PACKS``, the name of another folder in ``packs_folder()``, or the path of a folder.

    Raises:
        ModelError: there is none, or no ONNX file is in it; says where to put it.
    """
    known = packs_folder() / name
    folder = known if name in FACE_PACKS or (Path(name).name == name and known.is_dir()) else Path(name).expanduser()
    if folder.is_file():
        raise ModelError(f"{folder} is a file; name the folder that holds the detector and the recogniser.")
    if _weights(folder):
        return folder.absolute()
    if name in FACE_PACKS:
        raise ModelError(
            f"the face model {name} is not on this machine; fetch it with: python -m core face-pack {name}, "
            f"or put its .onnx files into {folder}."
        )
    if folder.is_dir():
        raise ModelError(
            f"{folder} holds no .onnx files; put a face detector with five points and a face recogniser into it."
        )
    raise ModelError(f'"{name}" is neither a folder nor a face model{nearest(name, FACE_PACKS)}.')


def digest_of(folder: Path) -> str:
    """Returns 16 hex digits over the names and contents of the ONNX files of a pack."""
    digest = hashlib.sha256()
    for path in _weights(folder):
        with open(path, "rb") as file:
            digest.update(os.fsencode(path.name) + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def fetch_pack(name: str) -> Generator[tuple[int, int | None], None, Path]:
    """Downloads a pack; yields bytes done and in all (``None`` = not told), returns its folder, at once if it is there.

    The folder appears when it is complete. Run it in a process of its own: the page's process never downloads.

    Raises:
        ModelError: no such pack, or it cannot be downloaded; says where to put it.
        StorageError: the folder cannot be written.
    """
    if name not in FACE_PACKS:
        raise ModelError(f'"{name}" is not a face model{nearest(name, FACE_PACKS)}.')
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
        yield from _download(address, work / "pack.zip")
        _unpack(work / "pack.zip", work / name)
        if folder.is_dir():
            folder.rmdir()
        (work / name).rename(folder)
    except (OSError, zipfile.BadZipFile, ModelError) as error:
        said = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ModelError(
            f"the face model {name} could not be downloaded ({said}); try again, or download {address} elsewhere and "
            f"put the .onnx files of it into {folder}."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def _weights(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.onnx") if path.is_file()) if folder.is_dir() else []


def _download(address: str, path: Path) -> Generator[tuple[int, int | None], None, None]:
    request = urllib.request.Request(address, headers={"User-Agent": "framesieve"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer, open(path, "wb") as file:
        told = answer.headers.get("Content-Length")
        total = int(told) if told and told.isdecimal() else None
        done = 0
        while block := answer.read(BLOCK_BYTES):
            file.write(block)
            done += len(block)
            yield done, total
        if total is not None and done != total:
            raise ModelError(f"{done} of {total} bytes came")


def _unpack(archive: Path, folder: Path) -> None:
    """Takes the ONNX files alone, wherever in the archive they lie, by their last names."""
    folder.mkdir()
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            name = os.path.basename(member.filename.replace("\\", "/"))
            if name.endswith(".onnx"):
                with packed.open(member) as source, open(folder / name, "wb") as target:
                    shutil.copyfileobj(source, target)
    if not _weights(folder):
        raise ModelError("the archive holds no .onnx files")
