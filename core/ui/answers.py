"""Answers of our routes that Starlette has not: JSON for any name and number, a file that is open already.

Also whole numbers in an address.

What is sent is what was opened and checked (``core.inside``), whatever its name means by then.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

import anyio
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(values: Any, status: int = 200) -> Response:
    """Answers with JSON; ASCII only, so that names that are not UTF-8 get through. What is no number is ``null``."""
    try:
        text = json.dumps(values, allow_nan=False)
    except ValueError:  # a file on disk said so
        text = json.dumps(_finite(values), allow_nan=False)
    return Response(text, status, headers=FRESH, media_type="application/json")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value if not isinstance(value, float) or math.isfinite(value) else None


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
