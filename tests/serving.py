"""``app.py`` served for a test in a process of its own, which may talk to loopback only.

Gradio takes seconds to import. So the processes are forked, where that can be done, from one that has imported it and
done nothing else; each is a page of its own for all that. The tests in ``test_page_shell.py`` start it the long way.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import runpy
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.machine import ROOT

WAIT_S = 120
PRELOADED = ["app", "core.ui.app"]  # in this order: `app` sets what Gradio reads while it is imported


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    downloads: Path, *options: str, port: str | None = None, build: Callable[..., Any] | None = None
) -> Iterator[str]:
    """Serves a folder of runs; yields the address. Fails when the server said a traceback or asked beyond loopback.

    ``build`` makes another page than ours, of the same routes: one instrument alone, for its tests.
    """
    port = port or str(free_port())
    argv = ["app.py", "--port", port, "--downloads", str(downloads), *options]
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "stderr"
        errors.touch()
        context = _context()
        first_line, says = context.Pipe(duplex=False)
        server = context.Process(target=_serve, args=(argv, dict(os.environ), says, errors, build))
        server.start()
        says.close()
        try:
            said = _line_from(first_line)
            assert f":{port}/" in said, said + errors.read_text()
            yield f"http://127.0.0.1:{port}/"
            if "tests.browser" in sys.modules:  # else nobody looks at it
                sys.modules["tests.browser"].leave(f"http://127.0.0.1:{port}/")
        finally:
            server.terminate()
            server.join(WAIT_S)
            first_line.close()
        text = errors.read_text()
        assert server.exitcode is not None, "the server did not end"
        assert "OUTSIDE" not in text, text
        assert "Traceback" not in text, text


@cache
def _context() -> Any:
    """How a server is started: by a fork of a process that has imported everything, on Windows anew."""
    if os.name != "posix":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with contextlib.chdir(ROOT):  # where it looks for `app`
        forkserver.ensure_running()
    return context


def _line_from(pipe: Connection) -> str:
    """The first line that a server says; empty when it ended before."""
    assert pipe.poll(WAIT_S), "the server says nothing"
    with open(pipe.fileno(), closefd=False) as lines:
        return lines.readline()


# --- in the process of the server


def _serve(
    argv: list[str], environment: dict[str, str], says: Connection, errors: Path, build: Callable[..., Any] | None
) -> None:
    """Is ``python app.py`` with these arguments; stops and tells what would leave this machine."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    os.dup2(says.fileno(), 1)
    with open(errors, "wb") as file:
        os.dup2(file.fileno(), 2)
    says.close()
    socket.socket.connect = _connect_here  # type: ignore[method-assign]
    socket.getaddrinfo = _look_up_here
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    sys.argv = argv
    if build is not None:
        import core.ui.app

        core.ui.app.build = build
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")


def _end_with_the_test() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


_connect, _look_up = socket.socket.connect, socket.getaddrinfo


def _is_here(host: Any) -> bool:
    return host in (None, "", "localhost", "::1", "0.0.0.0", b"localhost") or str(host).startswith("127.")


def _connect_here(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
        print(f"OUTSIDE connect {address}", file=sys.stderr, flush=True)
        raise OSError("this test stays on this machine")
    _connect(self, address)


def _look_up_here(host: Any, *rest: Any, **named: Any) -> Any:
    if not _is_here(host):
        print(f"OUTSIDE name {host!r}", file=sys.stderr, flush=True)
        raise socket.gaierror("this test stays on this machine")
    return _look_up(host, *rest, **named)
