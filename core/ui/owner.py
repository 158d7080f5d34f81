"""Whose jobs these are: a browser keeps a word of its own, so that people see their own jobs, also after a restart.

The page keeps the word in the storage of its origin and sends it in a header: unlike a cookie, another port of this
machine neither gets it nor can replace it. Programs that keep cookies get it as one, named after our port. Either way
it is signed, so that nobody makes one up. It only sorts; what protects a job is that its id cannot be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie

from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "framesieve-owner"
"""Followed by the port: cookies know no ports."""
HEADER = b"x-framesieve-owner"
GIVEN_AT = ("/fs/runs", "/fs/jobs")
"""What a program without the header asks to be given a cookie, as with any POST; the page itself never needs one."""
YEAR_S = 31_536_000
API = "api"
"""The owner of jobs that were started by name."""

_OWNER: ContextVar[str] = ContextVar("owner", default=API)
_FORM = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{32})")


def current() -> str:
    """Returns the owner of the request that is being answered."""
    return _OWNER.get()


def signed(owner: str, secret: bytes) -> str:
    """Returns the word that proves to be this owner."""
    signature = hmac.new(secret, b"owner " + owner.encode(), hashlib.sha256).hexdigest()[:32]
    return f"{owner}.{signature}"


def proven(word: str | None, secret: bytes) -> str | None:
    """Returns the owner whose word this is, ``None`` for one that we did not give out."""
    found = _FORM.fullmatch(word or "")
    return found[1] if found and hmac.compare_digest(signed(found[1], secret), found[0]) else None


class OwnerWord:
    """ASGI middleware: knows the owner by the word in the header or cookie, or gives a new one out."""

    def __init__(self, app: ASGIApp, secret: bytes) -> None:
        """Remembers the secret with which words are signed."""
        self._app, self._secret = app, secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request through."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        sent = next((value.decode("latin1") for name, value in scope["headers"] if name.lower() == HEADER), None)
        cookie = f"{COOKIE}-{(scope.get('server') or ('', 0))[1]}"
        known = proven(_cookie_of(scope, cookie) if sent is None else sent, self._secret)
        owner = known or secrets.token_hex(16)
        word = signed(owner, self._secret)
        given: tuple[bytes, bytes] | None = None
        if known is None and sent is not None:
            given = HEADER, word.encode()
        elif known is None and _asks_for_one(scope):
            given = b"set-cookie", f"{cookie}={word}; Path=/fs/; Max-Age={YEAR_S}; HttpOnly; SameSite=Strict".encode()

        async def with_word(message: Message) -> None:
            if message["type"] == "http.response.start" and given is not None:
                message["headers"] = [*message.get("headers", ()), given]
            await send(message)

        token = _OWNER.set(owner)
        try:
            await self._app(scope, receive, with_word)
        finally:
            _OWNER.reset(token)


def _asks_for_one(scope: Scope) -> bool:
    if scope["method"] == "POST":
        return bool(scope["path"].startswith("/fs/"))
    return scope["method"] == "GET" and scope["path"] in GIVEN_AT


def _cookie_of(scope: Scope, wanted: str) -> str | None:
    for name, value in scope["headers"]:
        if name.lower() == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin1")).get(wanted)
            except CookieError:
                continue
            if found is not None:
                return found.value
    return None
