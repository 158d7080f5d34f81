"""Runs app.py with the arguments given; stops whatever would leave this machine and says so on standard error."""

from __future__ import annotations

import runpy
import socket
import sys
from pathlib import Path
from typing import Any

connect, look_up = socket.socket.connect, socket.getaddrinfo


def is_here(host: Any) -> bool:
    return host in (None, "", "localhost", "::1", "0.0.0.0", b"localhost") or str(host).startswith("127.")


def guarded_connect(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not is_here(address[0]):
        print(f"OUTSIDE connect {address}", file=sys.stderr, flush=True)
        raise OSError("this test stays on this machine")
    connect(self, address)


def guarded_look_up(host: Any, *rest: Any, **named: Any) -> Any:
    if not is_here(host):
        print(f"OUTSIDE name {host!r}", file=sys.stderr, flush=True)
        raise socket.gaierror("this test stays on this machine")
    return look_up(host, *rest, **named)


if __name__ == "__main__":
    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.getaddrinfo = guarded_look_up
    program = Path(__file__).parents[2] / "app.py"
    sys.argv = [str(program), *sys.argv[1:]]
    sys.path.insert(0, str(program.parent))
    runpy.run_path(str(program), run_name="__main__")
