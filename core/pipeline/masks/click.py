"""Answers clicks in a child process that holds the masker and the picture: nothing of a network is in the page's.

A crash of the child, and weights that are loaded at the user's own risk, touch nothing but the child.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from core.child import ChildProcess, command_of, ending, error_of
from core.errors import FramesieveError, RequestError

COMMAND = command_of("core.pipeline.masks.click_main")
PATIENCE_S = 180.0
"""How long a click is waited for: a large network on a CPU takes half a minute to be loaded."""
CLOSED_S = 3.0


@dataclass
class _Question:
    answered: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] = field(default_factory=dict)


class ClickMasker:
    """One masker that answers clicks. Safe to call from any thread. Use it with ``with``, or close it."""

    def __init__(
        self,
        weights: Path | None,
        settings: Mapping[str, Any],
        *,
        unsafe: bool = False,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """Starts the child; the first answer waits until the network is there.

        Args:
            weights: of the masker.
            settings: ``MaskSettings`` as plain JSON values.
            unsafe: load weights that may run code, in the child alone.
            command: starts the child.

        Raises:
            OSError: the system cannot start a process.
        """
        self._questions: dict[int, _Question] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._error: FramesieveError | None = None
        self.backend: str | None = None
        """Device, library, model and number format; ``None`` while the network is loading."""
        request = {"weights": None if weights is None else str(weights), "settings": dict(settings), "unsafe": unsafe}
        self._closing = False
        self._child = ChildProcess(request, command)
        self._reader = threading.Thread(target=self._read, name="click-masker", daemon=True)
        self._reader.start()

    @property
    def ended(self) -> bool:
        """Whether it answers no more."""
        return self._error is not None

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what the child says of a frame, as ``click_main.told``; ``outdated`` where the asker asked again.

        Args:
            message: ``home``, ``frame``, ``asker``, and the shot: ``start``, ``end``, ``prompt_frame``, ``prompts``.

        Raises:
            FramesieveError: what the child says is wrong, or that it ended.
        """
        number, question = next(self._numbers), _Question()
        with self._lock:
            if self._error is not None:
                raise self._error
            self._questions[number] = question
        self._child.say({**message, "id": number})
        if not question.answered.wait(PATIENCE_S):
            with self._lock:
                self._questions.pop(number, None)
            raise RequestError(f"no mask came within {PATIENCE_S:g} seconds; try a smaller network.", code="timed_out")
        if "kind" in question.answer:
            raise error_of(question.answer)
        return question.answer

    def close(self) -> None:
        """Ends the child. May be called twice."""
        self._closing = True
        self._child.close_input()
        self._reader.join(CLOSED_S)

    def __enter__(self) -> ClickMasker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # --- in the thread that reads the child

    def _read(self) -> None:
        wrong: FramesieveError | None = None
        for event in self._child.events():
            if event.get("ready"):
                self.backend = str(event.get("backend"))
            elif "id" in event:
                self._answered(event)
            elif event.get("error"):
                wrong = error_of(event)
        code = self._child.reap()
        words = self._child.last_words()
        with self._lock:
            self._error = wrong or self._died(code, words)
            waiting = list(self._questions.values())
            self._questions.clear()
        for question in waiting:
            question.answer = self._error.to_mapping() | {"kind": type(self._error).__name__}
            question.answered.set()

    def _answered(self, event: dict[str, Any]) -> None:
        with self._lock:
            question = self._questions.pop(int(event["id"]), None)
        if question is not None:
            question.answer = event
            question.answered.set()

    def _died(self, code: int, words: str) -> FramesieveError:
        if self._closing:
            return RequestError("the masker was ended; click again.", code="forgotten")
        said = f': "{words[:200]}"' if words else ""
        return FramesieveError(
            f"the masker stopped by itself ({ending(code)}){said}; click again to start it anew.",
            code="child_died",
            exit_code=code,
        )
