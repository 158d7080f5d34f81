"""What makes the first load of the page shorter: two layers around Gradio's answers."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.ui.web import ALL, address_of


class Hint:
    """ASGI middleware: the answer to ``/`` names the scripts, so that they come while Gradio's own are still read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._link = (b"link", f"<{address_of(ALL)}>; rel=modulepreload".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], self._link]
            await send(message)

        here = scope["type"] == "http" and scope["path"] == "/"
        await self._app(scope, receive, told if here else send)


class Uncompressed:
    """ASGI middleware; compresses nothing for a browser on this machine: it takes longer than what it saves there."""

    HERE = ("127.0.0.1", "::1")

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, as if its browser had not offered to take compressed answers."""
        if scope["type"] == "http" and (scope.get("client") or ("",))[0] in self.HERE:
            kept = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)
