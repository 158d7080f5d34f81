"""The child process of a job as its parent sees it: started, spoken to over pipes, ended with all it started.

The child gets one JSON line on its standard input (the request) and may get ``{"cancel": true}`` later; when its input
ends, its parent is gone. It answers with JSON lines on its standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

COMMAND = (sys.executable, "-P", "-m", "core.pipeline.job_main")
GRACE_S = 0.8
"""How long a child may take to close its work before it is killed: all of it is to be gone within a second."""
WINDOWS_FLAGS = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
POLL_S = 0.005
LAST_BYTES = 4096


class ChildProcess:
    """One started child. ``events`` is read by one thread; the rest may be called by any."""

    def __init__(self, request: Mapping[str, Any], command: Sequence[str] = COMMAND) -> None:
        """Starts the child; raises ``OSError`` when the system cannot."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  a pipe would block, or stay open in a grandchild
        self._ending = threading.Lock()
        self._speaking = threading.Lock()
        self._reaped = False
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=os.environ | {"PYTHONPATH": _search_path()},
                start_new_session=True,
                creationflags=WINDOWS_FLAGS,
            )
        except OSError:
            self._errors.close()
            raise
        self._say(request)

    @property
    def pid(self) -> int:
        """Process id, also of the group on POSIX."""
        return self._process.pid

    def events(self) -> Iterator[dict[str, Any]]:
        """Yields what the child says until it is gone; a torn last line is left out."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    event = json.loads(line)
                    if isinstance(event, dict):
                        yield event

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends one line more; a child that is gone does not hear it."""
        with self._speaking:
            self._say(message)

    def ask_to_stop(self) -> None:
        """Sets the child's cancel flag, and kills it with all it started when it has not ended in time."""
        self._say({"cancel": True})
        self._kill_later()

    def hang_up(self) -> None:
        """Does to the child what the death of this process would do."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._kill_later()

    def kill(self) -> None:
        """Ends the child and all that it started, now."""
        with self._ending:
            if not self._reaped:
                kill_tree(self._process.pid)

    def reap(self) -> int:
        """Waits for the child after its events ended, kills what it left behind and returns its exit status."""
        self._wait_without_reaping()
        with self._ending:
            kill_tree(self._process.pid)  # the dead child still holds its id here, so that nobody else can have it
            code = self._process.wait()
            self._reaped = True
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        return code

    def last_words(self) -> str:
        """Returns the last line of its standard error, empty when it said nothing; call once, after ``reap``."""
        with self._errors as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LAST_BYTES))
            lines = file.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _say(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it is dead already; its events will end
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def _kill_later(self) -> None:
        timer = threading.Timer(GRACE_S, self.kill)
        timer.daemon = True
        timer.start()

    def _wait_without_reaping(self) -> None:
        limit = time.monotonic() + GRACE_S
        if not hasattr(os, "waitid"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_S)
            return
        while time.monotonic() < limit:
            if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
                return
            time.sleep(POLL_S)


def kill_tree(pid: int) -> None:
    """Kills a process and all that it started: the process group that it leads on POSIX, the tree on Windows."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)
        return
    with contextlib.suppress(OSError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)


def ending(code: int) -> str:
    """Returns ``"signal SIGSEGV"`` or ``"exit code 3"``."""
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    killed = ", perhaps because memory ran out" if name == "SIGKILL" else ""
    return f"signal {name}{killed}"


def _search_path() -> str:
    """The program's folder first, so that the child finds it from any working directory."""
    own = str(Path(__file__).resolve().parents[1])
    return os.pathsep.join([own, *filter(None, [os.environ.get("PYTHONPATH")])])


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """In the child: takes the pipes to the parent away from libraries that print and grandchildren that read."""
    commands, events = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(commands, "rb", buffering=0), os.fdopen(events, "wb")
