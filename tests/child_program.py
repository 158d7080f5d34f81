"""A child process for the tests of core.child and core.parent: does what its request names. Run as a program."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from core import inside
from core.errors import FolderTaken
from core.parent import Parent, serve

SLEEPER = ("sleep", "60")


def echo(parent: Parent) -> None:
    """Sends the request back, and the folders to which this process is confined."""
    roots = inside.confined_to()
    parent.send({"request": parent.request, "roots": None if roots is None else list(map(str, roots))})


def chatter(parent: Parent) -> None:
    """Prints what looks like events, as a library may, and starts a program that reads its standard input."""
    print('{"printed": "by a library"}', flush=True)
    os.write(1, b'{"printed": "by native code"}\n')
    read = subprocess.run([sys.executable, "-c", "print(input())"], check=False, capture_output=True, text=True)
    parent.send({"read": read.stdout, "input": sys.stdin.read()})


def hang(parent: Parent) -> None:
    """Starts a program that would outlive this process, and never ends."""
    with subprocess.Popen(SLEEPER) as sleeper:
        parent.send({"started": sleeper.pid})
        time.sleep(60)


def leave(parent: Parent) -> None:
    """Ends while a program that it started goes on; ``holds``: with all pipes of this process, ``group``: in it."""
    pid = os.fork() if parent.request["holds"] else subprocess.Popen(SLEEPER).pid
    if pid == 0:
        if not parent.request["group"]:
            os.setsid()
        time.sleep(60)
    parent.send({"started": pid})


def refuse(parent: Parent) -> None:
    raise FolderTaken("the folder is taken.", code="folder_is_a_file", field="out", folder="a", files=3)


def fail(parent: Parent) -> None:
    raise ZeroDivisionError("the sum of nothing")


def end_silently(parent: Parent) -> None:
    os.write(2, "first\nlast wörds\n\n".encode())
    os._exit(3)


def torn(parent: Parent) -> None:
    """Sends what is no JSON object, a whole event, and a line that breaks off."""
    parent._events.write(b'no json\n[]\n7\n\n{"whole": 1}\n{"torn": ')
    parent._events.flush()


def linger(parent: Parent) -> None:
    """Closes its output and goes on."""
    parent._events.close()
    time.sleep(60)


def slow(parent: Parent) -> None:
    """Sends two events with a rest between them."""
    parent.send({"n": 1})
    time.sleep(0.5)
    parent.send({"n": 2})


def many(parent: Parent) -> None:
    """Sends events from four threads at once, each of them longer than a pipe holds."""
    one_of = [threading.Thread(target=parent.send, args=({"text": str(n) * 100_000},)) for n in range(4)]
    for thread in one_of:
        thread.start()
    for thread in one_of:
        thread.join()


def deaf() -> None:
    """Takes the request and never reads again."""
    sys.stdin.buffer.raw.readline()
    print('{"deaf": true}', flush=True)
    time.sleep(60)


class Tidy:
    """Work that closes when it is told to, or when its parent is gone, and sends what it heard."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.over = threading.Event()

    def work(self, parent: Parent) -> None:
        with subprocess.Popen(SLEEPER) as sleeper:
            parent.send({"started": sleeper.pid})
            self.over.wait()
            sleeper.kill()
        Path(parent.request["file"]).write_text("tidied")
        parent.send({"heard": self.heard})

    def hear(self, message: dict[str, Any]) -> None:
        self.heard.append(message)
        if message.get("cancel"):
            self.over.set()

    def gone(self) -> bool:
        self.over.set()
        return True


PROGRAMS = {
    one.__name__: one for one in (echo, chatter, hang, leave, refuse, fail, end_silently, torn, linger, slow, many)
}

if __name__ == "__main__":
    name = sys.argv[1]
    if name == "deaf":
        deaf()
    elif name == "tidy":
        tidy = Tidy()
        serve(tidy.work, tidy.hear, tidy.gone)
    else:
        serve(PROGRAMS[name])
