"""What is known of a job at one instant, and how each event changes it. Not here: processes, threads, files."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import FramesieveError, error_keys
from core.step import Notice

QUEUED, RUNNING, DONE, FAILED, CANCELLED, INTERRUPTED = (
    "queued",
    "running",
    "done",
    "failed",
    "cancelled",
    "interrupted",
)
ENDED = (DONE, FAILED, CANCELLED, INTERRUPTED)
RESUMABLE = (FAILED, CANCELLED, INTERRUPTED)

MAX_ROWS, MAX_THUMBS, MAX_LINES, MAX_NOTICES = 60, 24, 100, 20
"""How many of the newest frames, previews, log lines and notices a state carries."""


class FrameRow(NamedTuple):
    """One frame for the live table."""

    ordinal: int
    status: str
    """``"kept"``, ``"error"``, or the reason for which the frame was dropped."""
    quality: float | None
    filename: str | None


@dataclass(frozen=True)
class JobState:
    """A job at one instant; never changes. ``after`` returns the next one."""

    id: str
    """Unguessable: who knows it may watch and cancel the job."""
    verb: str
    arguments: Mapping[str, Any]
    """Plain JSON values."""
    owner: str
    title: str
    created_s: float
    """Seconds since 1970."""
    state: str = QUEUED
    """``queued``, ``running``, ``done``, ``failed``, ``cancelled`` (by a person) or ``interrupted`` (server gone)."""
    phase: str = ""
    """What it does now, for instance ``"extracting"``."""
    ahead: int = 0
    """Jobs that start before this one, while it is queued."""
    cancelling: bool = False
    run: str | None = None
    """The run folder; ``None`` until the verb has opened it."""
    unit: str = "frames"
    """What ``done`` and ``total`` count: ``"frames"``, or ``"bytes"`` of a download."""
    done: int = 0
    total: int | None = None
    frames_per_s: float = 0.0
    """Items of ``unit`` per second since the phase began, without what an earlier start had done."""
    seconds_left: float | None = None
    """Of this phase."""
    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason -> frames; ``"error"``: could not be decoded, ``"damaged"``: decoded with damage."""
    rows: tuple[FrameRow, ...] = ()
    """The newest frames, oldest first."""
    thumbs: tuple[str, ...] = ()
    """File names in ``thumbs/`` of the newest kept frames, oldest first; empty when the run has no previews."""
    log: tuple[str, ...] = ()
    """The last lines, oldest first."""
    notices: tuple[Notice, ...] = ()
    """The last of those lines that programs know by a code, oldest first."""
    log_file: str | None = None
    """Where everything is logged, tracebacks too."""
    error: str | None = None
    """One sentence; only when ``failed``."""
    error_code: str | None = None
    """What kind of error it is, see docs/codes.md; ``None`` also in files of older programs."""
    error_field: str | None = None
    """The setting or argument at fault."""
    error_facts: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values that the sentence was made from."""
    lasting: bool = False
    """Whether it would fail again in the same way, so that there is nothing to resume."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """What the verb returns when it is done."""
    version: int = 0
    """Grows with every change, also across a restart of the server."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more, unless somebody resumes the job."""
        return self.state in ENDED

    @property
    def resumable(self) -> bool:
        """Whether ``JobQueue.resume`` takes it."""
        return self.state in RESUMABLE and not self.lasting

    def after(self, event: Mapping[str, Any]) -> JobState:
        """Returns the state after an event of the child: plain keys replace; rows, thumbs, log and notices append.

        Keys of another type than wanted, and unknown ones, are left out: an event may come from a file.
        """
        known = {k: v for k, v in event.items() if k in TYPES and isinstance(v, TYPES[k])}
        return dataclasses.replace(
            self,
            **known,
            rows=newest(self.rows, _rows(event.get("rows")), MAX_ROWS),
            thumbs=newest(self.thumbs, _texts(event.get("thumbs")), MAX_THUMBS),
            log=newest(self.log, _texts(event.get("log")), MAX_LINES),
            notices=newest(self.notices, _notices(event.get("notices")), MAX_NOTICES),
        )

    def numbered(self) -> JobState:
        """Returns it under a new version; the clock starts them, so that they grow across servers too."""
        return dataclasses.replace(self, version=max(self.version + 1, int(time.time() * 1000)))

    def collides(self, other: JobState) -> bool:
        """Whether both work, or would work, in the same run."""
        if self.run and other.run and Path(self.run).resolve() == Path(other.run).resolve():
            return True
        return self.verb == other.verb and self.arguments == other.arguments

    def to_mapping(self) -> dict[str, Any]:
        """Returns plain JSON values."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        lists = {"rows": [list(row) for row in self.rows], "thumbs": list(self.thumbs), "log": list(self.log)}
        return values | lists | {"notices": [one.to_mapping() for one in self.notices]}


def last_event(state: str, error: FramesieveError | None = None) -> dict[str, Any]:
    """Returns the event with which a job ends; ``error``: why it failed."""
    return {"state": state, **error_keys(error), "lasting": error is not None and error.lasting}


Number = (int, float)
TYPES: dict[str, Any] = {
    "state": str,
    "phase": str,
    "cancelling": bool,
    "run": str,
    "unit": str,
    "done": int,
    "total": (int, type(None)),
    "frames_per_s": Number,
    "seconds_left": (*Number, type(None)),
    "kept": int,
    "dropped": dict,
    "log_file": str,
    "error": (str, type(None)),
    "error_code": (str, type(None)),
    "error_field": (str, type(None)),
    "error_facts": dict,
    "lasting": bool,
    "result": dict,
}
"""What an event may replace."""


def from_head(values: Mapping[str, Any]) -> JobState | None:
    """Returns the state that the first line of a job file describes, ``None`` when it is not such a line."""
    wanted: dict[str, Any] = {
        "id": str,
        "verb": str,
        "arguments": dict,
        "owner": str,
        "title": str,
        "created_s": Number,
    }
    if not all(isinstance(values.get(key), kind) for key, kind in wanted.items()):
        return None
    return JobState(**{key: values[key] for key in wanted}).after(values)


def newest(old: tuple[Any, ...], new: Iterable[Any], limit: int) -> tuple[Any, ...]:
    """Returns the last ``limit`` of both."""
    return (*old, *new)[-limit:]


def _rows(values: Any) -> list[FrameRow]:
    lists = values if isinstance(values, list) else []
    return [FrameRow(*row) for row in lists if isinstance(row, list) and len(row) == len(FrameRow._fields)]


def _notices(values: Any) -> list[Notice]:
    """Those of a list of objects that are notices: each with ``code``, ``text`` and ``facts``."""
    kinds = {"code": str, "text": str, "facts": dict}
    objects = [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
    whole = (one for one in objects if all(isinstance(one.get(name), kind) for name, kind in kinds.items()))
    return [Notice(one["code"], one["text"], one["facts"]) for one in whole]


def _texts(values: Any) -> list[str]:
    return [text for text in values if isinstance(text, str)] if isinstance(values, list) else []
