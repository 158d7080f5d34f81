"""How much one request may bring, and how slowly: for every route, Gradio's too.

Not here: the limits of uploads in bytes (``uploads``), of jobs (``core.jobs``), of inspections (``looks``).
"""

from __future__ import annotations

import asyncio
import time

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import log
from core.errors import RequestError
from core.ui.guard import OWN_ROUTES
from core.ui.refusals import refusal

MOST_BODY_BYTES = 16_000_000
"""Of any body that is no upload: choices by hand on 100,000 frames take about 1 MB."""
UPLOADS = ("/fs/source/upload", "/fs/source/faces/upload")
MOST_UPLOADS = 24
"""At once; a browser has six connections."""
BODY_S = 60.0
"""In which a body that is no upload has to be there."""
PAUSE_S = 30.0
"""Between two pieces of any body."""
PASSED_OVER_BYTES, PASSED_OVER_S = 200_000_000, 10.0
"""How much of a refused body is still taken from the line, so that the refusal is read."""
SLOWEST_BYTES_PER_S = 2_000
"""Of an upload, measured from its second minute on; a telephone line is faster."""


class Bounds:
    """ASGI middleware; refuses with 413 (too much), 408 (too slow) or 503 (too many uploads at once)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["path"] not in UPLOADS:
            return await self._watched(scope, receive, send, MOST_BODY_BYTES)
        if self._uploads >= MOST_UPLOADS:
            words = f"{MOST_UPLOADS} uploads are going on; try again when one has ended."
            return await _refuse(RequestError(words, code="too_many_uploads"))(scope, receive, send)
        self._uploads += 1
        try:
            await self._watched(scope, receive, send, None)
        finally:
            self._uploads -= 1

    async def _watched(self, scope: Scope, receive: Receive, send: Send, most: int | None) -> None:
        length = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
        body = _Body(receive, most)
        try:
            if most is not None and length.isdigit() and (len(length) > 18 or int(length) > most):
                raise _Refused(RequestError("that is too much at once.", code="too_large"))
            await self._app(scope, body.receive, body.noting(send))
        except _Refused as refused:
            if not body.answered:
                await body.pass_over()
                await _refuse(refused.error)(scope, receive, send)
        except Exception:
            if scope["path"].startswith(OWN_ROUTES):
                raise
            log.remember(f"Gradio could not answer {scope['path'][:200]}", trace=True)  # a body that it did not expect
            if body.answered:  # a stream of a session that there is not; the line is closed
                return
            await _refuse(RequestError("that request is not understood."))(scope, receive, send)


class _Refused(Exception):
    """No error of ours on its way up: a route that reads the body must not answer in place of this module."""

    def __init__(self, error: RequestError) -> None:
        super().__init__(str(error))
        self.error = error


class _Body:
    """One body as it comes. Once it is there, waiting is no matter of time: a browser may listen for hours."""

    def __init__(self, receive: Receive, most: int | None) -> None:
        self._receive, self._most = receive, most
        self._size, self._whole, self._began_s = 0, False, time.monotonic()
        self.answered = False

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), PAUSE_S)
        except TimeoutError:
            raise _Refused(RequestError("the request came to a halt; try again.", code="too_slow")) from None
        if message["type"] != "http.request":
            self._whole = True
            return message
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._most is not None and self._size > self._most:
            raise _Refused(RequestError("that is too much at once.", code="too_large"))
        if not self._whole and self._is_slow(time.monotonic() - self._began_s):
            raise _Refused(RequestError("the request comes too slowly; try again on a faster line.", code="too_slow"))
        return message

    async def pass_over(self) -> None:
        """Takes some more of a refused body and keeps none of it: who still sends does not read an answer."""
        give_up = time.monotonic() + PASSED_OVER_S
        while not self._whole and self._size < PASSED_OVER_BYTES and time.monotonic() < give_up:
            try:
                message = await asyncio.wait_for(self._receive(), PASSED_OVER_S)
            except TimeoutError:
                return
            self._size += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)

    def _is_slow(self, passed_s: float) -> bool:
        return passed_s > BODY_S and (self._most is not None or self._size < SLOWEST_BYTES_PER_S * passed_s)

    def noting(self, send: Send) -> Send:
        async def noted(message: Message) -> None:
            self.answered = self.answered or message["type"] == "http.response.start"
            await send(message)

        return noted


def _refuse(error: RequestError) -> Response:
    response = refusal(error)
    response.headers["Connection"] = "close"
    return response
