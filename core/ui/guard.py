"""Who may talk to the page: the right host name, our own origin, and with ``--auth`` a signed-in user.

Gradio alone runs cross-site POSTs to upload and component_server, answers any Host header (DNS rebinding), and does not
ask for a login on routes of our own. This middleware stands in front of everything.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
OWN_ROUTES = "/fs/"
CLOSED = ("/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/proxy=", "/gradio_api/stream/")
"""Routes of Gradio that nothing of the page uses: uploads without a limit, functions of components, other sites."""
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
        """Lets a request through, or answers it."""
        if scope["type"] in ("http", "websocket"):
            headers = {key.decode("latin1").lower(): value.decode("latin1") for key, value in scope["headers"]}
            if not self._is_ours(scope, headers):
                return await PlainTextResponse("Forbidden", 403)(scope, receive, send)
            if scope.get("path", "").startswith(CLOSED):
                return await PlainTextResponse("Not found", 404)(scope, receive, send)
            if scope.get("path", "").startswith(OWN_ROUTES) and not _is_signed_in(scope):
                return await PlainTextResponse("Not authenticated", 401)(scope, receive, send)
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope, headers: dict[str, str]) -> bool:
        host = headers.get("host", "").lower()
        if not self._knows(host):
            return False
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host:  # "null" has no netloc
            return False
        if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            navigates = headers.get("sec-fetch-mode") == "navigate"
            return navigates and scope.get("method") in ("GET", "HEAD") and not scope["path"].startswith(OWN_ROUTES)
        return True

    def _knows(self, host: str) -> bool:
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if name in self._names or (self._share and name.endswith(SHARE_DOMAIN)):
            return True
        return self._beyond and _is_address(name)


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
