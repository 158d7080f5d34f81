"""A real web server on 127.0.0.1 for the tests of downloads, and a guard that sees every other connection.

Not here: anything of Framesieve.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

GUARD = """
import os, sys
LOG = os.environ["FRAMESIEVE_TEST_GUARD"]
def hook(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    if host not in ("127.0.0.1", "localhost", None):
        with open(LOG, "a") as file:
            file.write(f"{event} {host}\\n")
        raise OSError(101, "Network is unreachable")
sys.addaudithook(hook)
"""
"""A sitecustomize module: every Python process that the tests start refuses, and notes, what is not this machine."""


@dataclass
class Page:
    """An answer of the server."""

    body: bytes | Path = b""
    type: str = "video/mp4"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    """A Content-Length that may lie."""
    stall_after: int | None = None
    """Bytes after which the server falls silent while the connection stays open."""
    cut_after: int | None = None
    """Bytes after which the server hangs up on who begins anew."""
    ranges: bool = True

    @property
    def data(self) -> bytes:
        return self.body.read_bytes() if isinstance(self.body, Path) else self.body


@dataclass
class Site:
    """A server and what it was asked: (method, path, Range header)."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def gets(self, path: str) -> list[str | None]:
        """The Range headers of the downloads of a path."""
        return [wanted for method, asked, wanted in self.asked if method == "GET" and asked == path]


@contextmanager
def serve() -> Iterator[Site]:
    site: Site

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path, wanted = self.path.split("?")[0], self.headers.get("Range")
            site.asked.append((self.command, path, wanted))
            page = site.pages.get(path, Page(b"nothing here", "text/plain", 404))
            data, start, status = page.data, 0, page.status
            match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted or "") if page.ranges else None
            if match and status == 200:
                start, status = int(match[1]), 206
                if start >= len(data):
                    status, data = 416, b""
            rest = data[start:]
            self.send_response(status)
            self.send_header("Content-Type", page.type)
            self.send_header("Content-Length", str(len(rest) if page.length is None else page.length))
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.send_body(page, rest, start)

        def send_body(self, page: Page, rest: bytes, start: int) -> None:
            try:
                if page.stall_after is not None:
                    self.wfile.write(rest[: max(0, page.stall_after - start)])
                    self.wfile.flush()
                    self.close_connection = True
                    site.over.wait(30)
                elif page.cut_after is not None and start == 0:
                    self.wfile.write(rest[: page.cut_after])
                    self.close_connection = True
                else:
                    self.wfile.write(rest)
            except OSError:
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        site.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def until(fact: object, seconds: float = 20.0) -> bool:
    """Waits until a function says yes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False
