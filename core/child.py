"""A child process of this program as its parent sees it: started, spoken to, and ended with all that it started.

The child is a module of ours. It gets one JSON line on its standard input, the request, and may get more; it answers
with JSON lines on its standard output. The end of its input is the end of its parent. Its own side is ``core.parent``;
what is said is the business of who starts it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from core import errors, inside, log
from core.errors import FramesieveError

GRACE_S = 0.8
"""How long a child may take to close its work before it is killed: all of it is to be gone within a second."""
WATCH_S = 0.25
"""How long a child may be silent before it is looked whether it died while something else holds its output open."""
WINDOWS_FLAGS = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
POLL_S = 0.005
LAST_BYTES = 4096


def command_of(module: str) -> tuple[str, ...]:
    """Returns the command line that runs a module of this program as a child.

    ``-P``: the folder in which the program was started is no place to import from.
    """
    return (sys.executable, "-P", "-m", module)


class ChildProcess:
    """One started child. Used with ``with``, or killed and reaped; events are read by one thread, all else by any."""

    def __init__(
        self, request: Mapping[str, Any], command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts the child and sends it the request, with the folders to which this process is confined.

        Args:
            request: plain JSON values.
            command: starts the child; see ``command_of``.
            environment: variables that it gets besides those of this process.

        Raises:
            OSError: the system cannot start it.
        """
        roots = inside.confined_to()
        line = _line({**request, "roots": None if roots is None else list(map(str, roots))})
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  a pipe would block, or stay open in a grandchild
        self._ending = threading.Lock()
        self._speaking = threading.Lock()
        self._reaped = False
        self._words = ""
        self._said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=os.environ | _search_path() | dict(environment or {}),
                start_new_session=True,
                creationflags=WINDOWS_FLAGS,
            )
        except OSError:
            self._stderr.close()
            raise
        self._reader = threading.Thread(target=self._read, name="child-events", daemon=True)
        self._reader.start()
        self._write(line)

    @property
    def pid(self) -> int:
        """Process id, also of the group on POSIX."""
        return self._process.pid

    def events(self) -> Iterator[dict[str, Any]]:
        """Yields the JSON objects that the child sends until it is gone; lines that are none are left out."""
        return (event for event in self.events_or_silence(WATCH_S) if event is not None)

    def events_or_silence(self, every_s: float) -> Iterator[dict[str, Any] | None]:
        """Yields as ``events``, and ``None`` whenever nothing came for ``every_s`` seconds."""
        while True:
            try:
                event = self._said.get(timeout=every_s)
            except queue.Empty:
                if self._is_dead():
                    self._stop_reading()
                else:
                    yield None
                continue
            if event is None:
                return
            yield event

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends one line more; a child that is gone does not get it, and one that does not read makes this wait."""
        self._write(_line(message))

    def ask_to_stop(self) -> None:
        """Sends ``{"cancel": true}``, and kills the child's process group when it has not ended within ``GRACE_S``."""
        self._kill_later()  # first: where the child does not read, only its death ends the next line
        self.say({"cancel": True})

    def close_input(self) -> None:
        """Closes the child's standard input, and kills its process group when it has not ended within ``GRACE_S``."""
        self._kill_later()
        self._close_stdin()

    def kill(self) -> None:
        """Kills the child's process group now; nothing happens once it is reaped, when its id may be another's."""
        with self._ending:
            if not self._reaped:
                kill_tree(self._process.pid)

    def reap(self) -> int:
        """Returns the exit status, ``-9`` for signal 9; call it when the events have ended, or after ``kill``.

        A child that lives ``GRACE_S`` longer is killed, and so is all that it left in its process group.
        """
        self._wait_without_reaping()
        with self._ending:
            if not self._reaped:
                kill_tree(self._process.pid)  # the dead child still holds its id here: nobody else can have it
            self._reaped = True
        code = self._process.wait()
        self._close_stdin()
        self._reader.join(GRACE_S)
        self._read_stderr(code)
        return code

    def last_words(self) -> str:
        """Returns the last line of the child's standard error once it is reaped, empty when it wrote none."""
        return self._words

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        self.reap()

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with self._speaking, contextlib.suppress(OSError, ValueError):  # it is dead already; its events will end
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _read(self) -> None:
        """In a thread of its own, which ends with the child's output: puts all events, then ``None``, in the queue."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    if isinstance(event := json.loads(line), dict):
                        self._said.put(event)
        self._said.put(None)

    def _stop_reading(self) -> None:
        """Ends the events of a dead child whose output another process holds open: its group's, or one that left it."""
        self.kill()
        self._reader.join(GRACE_S)
        self._said.put(None)

    def _is_dead(self) -> bool:
        """Whether the child has ended, reaped or not; where the system can tell, it is not reaped by asking."""
        if self._process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def _wait_without_reaping(self) -> None:
        limit = time.monotonic() + GRACE_S
        while not self._is_dead() and time.monotonic() < limit:
            time.sleep(POLL_S)

    def _kill_later(self) -> None:
        timer = threading.Timer(GRACE_S, self.kill)
        timer.daemon = True
        timer.start()

    def _close_stdin(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _read_stderr(self, code: int) -> None:
        if self._stderr.closed:
            return
        with self._stderr as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_BYTES))
            text = file.read().decode("utf-8", "replace").strip()
        if text:
            log.get().debug("child %s ended with %s: %s", self._process.args, ending(code), text)
            self._words = text.split("\n")[-1].strip()


def error_of(event: Mapping[str, Any]) -> FramesieveError:
    """Returns the error that ``core.parent.serve`` sent: its class, with its sentence, code, field and facts."""
    return errors.revived(str(event.get("kind")), event)


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


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _search_path() -> dict[str, str]:
    """The program's folder first, so that the child finds it from any working directory; what it prints is UTF-8."""
    own = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join([own, *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
