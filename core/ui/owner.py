"""Whose jobs these are: a cookie names the browser, so that people see their own jobs, also after a restart.

It only sorts; what protects a job is that its id cannot be guessed.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie

from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "framesieve-owner"
YEAR_S = 31_536_000
API = "api"
"""The owner of jobs that were started by name."""

_OWNER: ContextVar[str] = ContextVar("owner", default=API)
_FORM = re.compile(r"[0-9a-f]{32}")


def current() -> str:
    """Returns the owner of the request that is being answered."""
    return _OWNER.get()


class OwnerCookie:
    """ASGI middleware: knows the owner by the cookie, or gives one to a browser that has none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request through."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        known = _owner_in(scope)
        owner = known or secrets.token_hex(16)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{COOKIE}={owner}; Path=/; Max-Age={YEAR_S}; HttpOnly; SameSite=Lax"
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
            await send(message)

        token = _OWNER.set(owner)
        try:
            gives = known is None and scope["method"] == "GET"
            await self._app(scope, receive, with_cookie if gives else send)
        finally:
            _OWNER.reset(token)


def _owner_in(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name.lower() == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin1")).get(COOKIE)
            except CookieError:
                continue
            if found is not None and _FORM.fullmatch(found.value):
                return found.value
    return None
