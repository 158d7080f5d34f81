"""Who may talk to the page: the right host name, our own origin, and with ``--auth`` a signed-in user.

Gradio alone runs cross-site POSTs to upload and component_server, answers any Host header (DNS rebinding), and does not
ask for a login on routes of our own. This middleware stands in front of everything.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import RequestError
from core.ui.refusals import refusal, status_of

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
OWN_ROUTES = "/fs/"
CLOSED = ("/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/proxy=", "/gradio_api/stream/")
"""Routes of Gradio that nothing of the page uses: uploads without a limit, functions of components, other sites."""
ONCE = (b"host", b"origin", b"sec-fetch-site")
"""Headers that mean something else to whoever reads the other one."""
FRAMES = ("iframe", "frame", "embed", "object", "fencedframe")
UNFRAMED = ((b"content-security-policy", b"frame-ancestors 'self'"), (b"x-frame-options", b"SAMEORIGIN"))
"""No other site shows the page in a frame, where it could lead a person's clicks; other ports are other sites here."""
SHARE_DOMAIN = ".gradio.live"


class Guard:
    """ASGI middleware; refuses with 403 (wrong host or origin), 404 (closed) or 401 (own routes without a login)."""

    def __init__(self, app: ASGIApp, *, listens_on: str = "127.0.0.1", share: bool = False) -> None:
        """Remembers whom to trust.

        Args:
            app: what comes next.
            listens_on: ``--host``. Beyond loopback, addresses in digits and this machine's name are accepted too;
                other names are not, since anybody can point a name at this machine.
            share: whether Gradio's tunnel is on.
        """
        self._app = app
        self._beyond = listens_on not in ("127.0.0.1", "localhost", "::1")
        self._names = LOOPBACK | ({listens_on, socket.gethostname().lower()} if self._beyond else frozenset())
        self._share = share

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it; preflights (OPTIONS) too, before anybody else answers them."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        framed = _unframed(send) if scope["type"] == "http" else send
        refused = self._refusal(scope)
        if refused is not None:
            return await _answer(refused, scope)(scope, receive, framed)
        await self._app(scope, receive, framed)

    def _refusal(self, scope: Scope) -> RequestError | None:
        """Why a request is not let through; ``None``: it is."""
        names = [key.lower() for key, _ in scope["headers"]]
        if any(names.count(name) > 1 for name in ONCE):
            return RequestError("Forbidden: a header came twice.", code="forbidden")
        headers = {key.decode("latin1").lower(): value.decode("latin1") for key, value in scope["headers"]}
        if not self._is_ours(scope, headers):
            return RequestError("Forbidden: this does not come from the page itself.", code="forbidden")
        path = scope.get("path", "")
        if path.startswith(CLOSED):
            return RequestError("Not found.", code="not_found")
        if path.startswith(OWN_ROUTES) and not _is_signed_in(scope):
            return RequestError("Not authenticated: reload the page and sign in.", code="not_signed_in")
        return None

    def _is_ours(self, scope: Scope, headers: dict[str, str]) -> bool:
        host = headers.get("host", "").lower()
        if not self._knows(host):
            return False
        origin = headers.get("origin")
        if origin is not None and _place_of(origin) != host:  # "null" has no place
            return False
        if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            navigates = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") not in FRAMES
            return navigates and scope.get("method") in ("GET", "HEAD") and not scope["path"].startswith(OWN_ROUTES)
        return True

    def _knows(self, host: str) -> bool:
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if name in self._names or (self._share and name.endswith(SHARE_DOMAIN)):
            return True
        return self._beyond and _is_address(name)


def _answer(error: RequestError, scope: Scope) -> Response:
    """Text, as Gradio answers; JSON on routes of our own, as all of them answer."""
    own = scope.get("path", "").startswith(OWN_ROUTES)
    return refusal(error) if own else PlainTextResponse(str(error), status_of(error))


def _place_of(origin: str) -> str | None:
    """Host and port of an origin, ``None`` for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _unframed(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [pair for pair in message.get("headers", ()) if pair[0].lower() != UNFRAMED[1][0]]
            message["headers"] = [*own, *UNFRAMED]
        await send(message)

    return with_headers


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _is_signed_in(scope: Scope) -> bool:
    """As Gradio's own check of its cookie; always true without ``--auth``."""
    from starlette.requests import HTTPConnection

    app: Any = scope.get("app")
    if app is None or getattr(app, "auth", None) is None:
        return True
    cookies = HTTPConnection(scope).cookies
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return any(cookies.get(name) in app.tokens for name in names if cookies.get(name))
