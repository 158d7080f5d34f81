"""Fetches a file of weights from the web, block by block."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path

BLOCK_BYTES = 1 << 20
TIMEOUT_S = 30.0


def download(address: str, path: Path) -> Generator[tuple[int, int | None], None, None]:
    """Yields (bytes done, bytes in all or ``None``) while a file is written.

    Raises:
        OSError: no connection, or the server refuses. EOFError: fewer bytes came than were announced.
    """
    request = urllib.request.Request(address, headers={"User-Agent": "framesieve"})
    try:
        opened = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()  # the answer of the server is open in it
        raise
    with opened as answer, open(path, "wb") as file:
        length = answer.headers.get("Content-Length")
        total = int(length) if length and length.isdecimal() else None
        done = 0
        while block := answer.read(BLOCK_BYTES):
            file.write(block)
            done += len(block)
            yield done, total
        if total is not None and done != total:
            raise EOFError(f"{done} of {total} bytes came")
