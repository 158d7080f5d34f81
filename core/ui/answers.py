"""Answers of our routes that Starlette has not: a file that is open already, and whole numbers in an address.

What is sent is what was opened and checked (``core.inside``), whatever its name means by then.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

import anyio
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send


class OpenFile(FileResponse):
    """Sends an open file, ranges too, and closes it however the request ends."""

    def __init__(self, file: BinaryIO, media_type: str, headers: Mapping[str, str]) -> None:
        self._file = file
        found = os.fstat(file.fileno())
        super().__init__(file.name, headers=headers, media_type=media_type, stat_result=found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers."""
        scope = {**scope, "extensions": {}}  # sent from here, not by the server from its path
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[Any]:
        self._file.seek(0)
        yield anyio.wrap_file(self._file)


class Number(Convertor[int]):
    """``{ordinal:number}``: a whole number from 0 that fits everywhere; Python refuses to read one of 5,000 digits."""

    regex = "[0-9]{1,15}"

    def convert(self, value: str) -> int:
        """Returns the number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Returns it as text."""
        return str(value)


register_url_convertor("number", Number())
