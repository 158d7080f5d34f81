"""Which weights a file holds, told without loading it: its name and the SHA-256 of its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core import inside
from core.errors import WeightsError

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Weights:
    """A file with the weights of a model. Everyone's is called ``best.pt``; the digest tells them apart."""

    path: str
    """Absolute."""
    sha256: str
    """64 hex digits."""

    @property
    def name(self) -> str:
        """``"best.pt"``."""
        return Path(self.path).name

    @property
    def stem(self) -> str:
        """``"best"``."""
        return Path(self.path).stem


YOLO = "a .pt or .onnx file with the weights of a YOLO model"


def identify(path: str | Path, wanted: str = YOLO) -> Weights:
    """Reads a file of weights once and says which it is.

    Args:
        path: the file.
        wanted: what it should be, for the sentences of errors.

    Raises:
        WeightsError: there is no such file, or it is a directory, empty or not readable; or outside of the folders to
            which this process is confined.
    """
    file = Path(path).absolute()
    if not inside.allows(file):
        sentence = f"{file} is not in the allowed folders; copy it into one of them, or choose one with Browse."
        raise WeightsError(sentence, code="not_allowed")
    if not file.exists():
        sentence = f"there are no weights at {file}; check the path, or copy the file there."
        raise WeightsError(sentence, code="no_weights")
    if file.is_dir():
        sentence = f"{file} is a directory; name {wanted}."
        raise WeightsError(sentence, code="no_file", folder=str(file))
    try:
        with inside.open_in(file, inside.confined_to()) as source:
            digest, size = hashlib.sha256(), 0
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise WeightsError(
            f"{file} cannot be read ({error.strerror or error}); check its permissions and the disk.",
            code="cannot_read",
        ) from None
    if not size:
        raise WeightsError(f"{file} is empty; copy the weights there again.", code="empty_file")
    return Weights(str(file), digest.hexdigest())
