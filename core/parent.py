"""The parent as a child process of this program sees it; what the parent does with its child is ``core.child``.

The pipes to the parent are kept from libraries that print and from programs that the child starts. Its end, however it
comes, ends the child: the operating system closes the pipe then.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NoReturn

from core import inside
from core.child import kill_tree
from core.errors import FramesieveError


class Parent:
    """The process that started this one, over the two pipes to it. Make it first of all, and once."""

    def __init__(self) -> None:
        """Takes the pipes, reads the request, and confines this process to the folders of its parent."""
        self._lines, self._events = own_pipes()
        self._sending = threading.Lock()
        line = self._lines.readline()
        if not line:
            os._exit(1)  # it died before it could ask for anything
        self.request: dict[str, Any] = json.loads(line)
        """What it wants: plain JSON values."""
        inside.confine(self.request.pop("roots", None))

    def send(self, event: Mapping[str, Any]) -> None:
        """Sends one JSON line; nothing happens when the parent is gone, which ``listen`` hears of. Any thread may."""
        line = json.dumps(event, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        with self._sending, contextlib.suppress(OSError):
            self._events.write(line)
            self._events.flush()

    def listen(
        self,
        heard: Callable[[dict[str, Any]], None] = lambda message: None,
        gone: Callable[[], bool] = lambda: False,
    ) -> None:
        """Starts a thread that listens to the parent; when it hangs up or dies, this process is killed.

        Args:
            heard: is given each JSON object that it sends after the request.
            gone: called when the parent is gone, to close the work; it returns whether this process ends by itself
                now. Otherwise its process group is killed, so that nothing that it started is left.
        """
        threading.Thread(target=self._listen, args=(heard, gone), name="parent", daemon=True).start()

    def _listen(self, heard: Callable[[dict[str, Any]], None], gone: Callable[[], bool]) -> None:
        try:
            for line in self._lines:
                with contextlib.suppress(ValueError):
                    if isinstance(message := json.loads(line), dict):
                        heard(message)
            over = gone()
        except BaseException:
            traceback.print_exc()
            over = False
        if not over:
            kill_tree(os.getpid())
            os._exit(1)


def serve(
    work: Callable[[Parent], None],
    heard: Callable[[dict[str, Any]], None] = lambda message: None,
    gone: Callable[[], bool] = lambda: False,
) -> NoReturn:
    """Does the work of a child process, and ends the process.

    An error that ``work`` raises is sent as ``FramesieveError.to_mapping`` with the name of its class as ``kind``, for
    ``core.child.error_of``; any other one is a traceback on standard error, whose last line the parent reads.

    Args:
        work: is given the parent.
        heard: see ``Parent.listen``.
        gone: see ``Parent.listen``.
    """
    parent, code = Parent(), 0
    parent.listen(heard, gone)
    try:
        work(parent)
    except FramesieveError as error:
        parent.send(error.to_mapping() | {"kind": type(error).__name__})
        code = error.exit_code
    except Exception:
        traceback.print_exc()
        code = 1
    end(code)


def end(code: int = 0) -> NoReturn:
    """Ends this process; no thread of a library, and no slow tidying, keeps it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Takes the pipes to the parent away from libraries that print and from programs that read.

    Returns:
        What standard input and output were. From now on the one is empty, and the other is standard error.
    """
    lines, events = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(lines, "rb", buffering=0), os.fdopen(events, "wb")
