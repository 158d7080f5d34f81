"""Follows one value through the calls of a running program; started in each process of it by benchmarks/walks.py.

A call of one of our functions is noted when one of its arguments (not ``self``) holds the value. Left out is what only
watches: answers to a GET, and what a thread does after it has handed the value to a child process.

Only the standard library, and nothing of the program.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import CodeType, FrameType, ModuleType
from typing import Any

DEPTH, ITEMS = 4, 64
"""How deep containers and objects are looked into, and how many items of each."""
WORD = "FRAMESIEVE_WALK"
"""The variable that says what is followed: ``{"tree", "value", "into"}`` as JSON."""


@dataclass
class Tracer:
    """Notes calls of functions under ``tree`` whose arguments hold ``value``, a line each, in a file of ``into``."""

    tree: str
    value: Any
    into: str
    _modules: dict[CodeType, str | None] = field(default_factory=dict)
    _thread: threading.local = field(default_factory=threading.local)
    """``watches``: this thread has started a Python process of ours."""
    _sees_av: bool = False
    _file: int = -1

    def start(self) -> None:
        self._file = os.open(Path(self.into, f"{os.getpid()}.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        sys.addaudithook(self._audit)
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    def _note(self, kind: str, *facts: str | None) -> None:
        """One line: the instant (ns, one clock for all processes), process and thread, what it is, its facts."""
        line = json.dumps([time.monotonic_ns(), f"{os.getpid()} {threading.get_ident()}", kind, *facts])
        os.write(self._file, line.encode() + b"\n")

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code not in self._modules:
            self._modules[code] = self._module_of(code)
        module = self._modules[code]
        if module is None or (code.co_flags & SUSPENDS and frame.f_lasti > first_of(code)):
            return
        if not self._sees_av and "av" in sys.modules:
            self._watch_av(sys.modules["av"])
        if any(holds(value, self.value) for value in arguments(code, frame)) and not self._watches(frame):
            caller = next(itertools.islice(self._ours_from(frame), 1, None), None)
            self._note("call", caller and self._name(caller.f_code.co_filename), module, code.co_qualname)

    def _ours_from(self, frame: FrameType | None) -> Iterator[FrameType]:
        """Yields the calls of ours that led to a place, that of the place first, through whatever library."""
        while frame is not None:
            if self._is_ours(frame.f_code.co_filename):
                yield frame
            frame = frame.f_back

    def _watches(self, frame: FrameType) -> bool:
        """Whether the thread only looks on: it answers a GET, or has handed the value to a child."""
        if getattr(self._thread, "watches", False):
            return True
        return any(is_get(value) for each in self._ours_from(frame) for value in arguments(each.f_code, each))

    def _module_of(self, code: CodeType) -> str | None:
        """``None`` for the modules of others, and for the body of one of ours."""
        ours = self._is_ours(code.co_filename) and code.co_name != "<module>"
        return self._name(code.co_filename) if ours else None

    def _is_ours(self, path: str) -> bool:
        return path.startswith((f"{self.tree}/core/", f"{self.tree}/app.py"))

    def _name(self, path: str) -> str:
        return path[len(self.tree) + 1 :].removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def _watch_av(self, av: ModuleType) -> None:
        inner = getattr(av, "open", None)
        if inner is None:  # it is being imported just now
            return
        self._sees_av = True

        def opened(file: Any, *words: Any, **named: Any) -> Any:
            self._note("video", Path(str(file)).name)
            return inner(file, *words, **named)

        av.open = opened  # type: ignore[attr-defined]

    def _audit(self, event: str, words: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen" and str(words[0]) == sys.executable:
            self._thread.watches = True
        by_python = event == "open" and words[1] is not None  # an opener of our own calls os.open too, without a mode
        if by_python and str(words[0]).endswith("run.json"):
            writes = (words[2] or 0) & (os.O_WRONLY | os.O_RDWR)
            if not writes and not self._watches(sys._getframe()):
                self._note("run.json")


SUSPENDS = 0x20 | 0x80 | 0x200
"""Flags of code that is entered again: generators, coroutines, asynchronous generators."""


def first_of(code: CodeType) -> int:
    """The last instruction at which such code stands when it is called, and not resumed."""
    import dis

    if code not in FIRST:
        FIRST[code] = next(each.offset for each in dis.get_instructions(code) if each.opname == "RETURN_GENERATOR")
    return FIRST[code]


FIRST: dict[CodeType, int] = {}


def arguments(code: CodeType, frame: FrameType) -> Iterator[Any]:
    """Yields the value of each argument, without ``self`` and ``cls``."""
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    known = frame.f_locals
    for name in code.co_varnames[:count]:
        if name not in ("self", "cls") and name in known:
            yield known[name]


def is_get(value: Any) -> bool:
    """Whether this is a request of a browser that only reads."""
    return type(value).__module__ == "starlette.requests" and getattr(value, "method", "") == "GET"


def holds(found: Any, wanted: Any, depth: int = DEPTH) -> bool:
    """Whether ``found`` is the value or holds it: in a container, in a command's arguments, in an object of ours."""
    if isinstance(wanted, str):
        if isinstance(found, (str, PurePath)):
            return str(found) == wanted
    elif type(found) is type(wanted):
        return bool(found == wanted)
    if depth == 0 or found is None or isinstance(found, (str, bytes, int, float)):
        return False
    return any(holds(each, wanted, depth - 1) for each in inside(found))


def inside(found: Any) -> list[Any]:
    """What a value holds, as far as it is plain or of ours."""
    if isinstance(found, (list, tuple, set, frozenset)):
        return list(found)[:ITEMS]
    if isinstance(found, dict):
        return list(found.values())[:ITEMS]
    kind = type(found)
    if isinstance(found, argparse.Namespace) or kind.__module__.split(".")[0] in ("core", "mappingproxy"):
        slots = [name for each in kind.__mro__ for name in getattr(each, "__slots__", ())]
        return [*getattr(found, "__dict__", {}).values(), *(getattr(found, name, None) for name in slots)]
    return []


def install() -> None:
    """Starts a tracer if the environment says what is followed."""
    if WORD in os.environ:
        Tracer(**json.loads(os.environ[WORD])).start()
