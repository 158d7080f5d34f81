"""The jobs of one browser: what they are doing, cancel, resume. What shows them is ``instruments/job_bar``.

A job is named by its id, which cannot be guessed; the list holds only the jobs of the cookie's owner (``owner``).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import ERROR_KEYS, FramesieveError
from core.jobs.state import MAX_ROWS, MAX_THUMBS, JobState
from core.store.run import FRAME_NAME
from core.ui import owner
from core.ui.answers import answer
from core.ui.routes import reading, writing
from core.ui.session import OpenRun
from core.ui.verbs import Verbs

KEPT = "kept"
"""The status of a frame that was not dropped, as in ``JobState.rows``."""
SHOWN = 30
"""Jobs in the list, the newest."""
TOLD: tuple[str, ...] = ("id", "verb", "title", "state", "phase", "unit", "ahead", "cancelling", "done", "total")
TOLD += ("seconds_left", "kept", "dropped", *ERROR_KEYS, "resumable", "version", "created_s")
"""What the list says of each."""
ARGUMENTS = ("source", "name", "video", "verify")
"""What the list says of the arguments: the video (by both names), which weights or face model a download brings, and
which folder of patches is checked."""

FOLDERS = ("base_video_dir", "run")
"""What tells the folder that a job masks: a folder of segments, or one of them."""


class JobRoutes:
    """The routes of jobs."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def all(self) -> list[Route]:
        """Returns the routes."""
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/jobs/{job}/cancel": self._cancel,
            "/fs/jobs/{job}/resume": self._resume,
        }
        return [
            Route("/fs/jobs", reading(self._mine), methods=["GET"]),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    def _mine(self, request: Request) -> Response:
        """The owner's jobs, newest first; those of ``detail`` with their frames and log, unless they are ``seen``.

        Of the jobs of others only their number is told: they are why one's own has to wait.
        """
        jobs = self._verbs.queue.jobs_of(owner.current())[:SHOWN]
        wanted, seen = (request.query_params.get(name, "").split(",") for name in ("detail", "seen"))
        known = dict(zip(wanted, seen, strict=False))
        lines = [self._brief(state) for state in jobs]
        for state, line in zip(jobs, lines, strict=True):
            if state.id in wanted and known.get(state.id) != str(state.version):
                line |= detail(state, self._run_of(state))
        return answer({"jobs": lines, "others": len(self._verbs.queue.others_at_work(owner.current()))})

    def _cancel(self, request: Request, body: dict[str, Any]) -> Response:
        self._verbs.queue.cancel(request.path_params["job"])
        return answer({})

    def _resume(self, request: Request, body: dict[str, Any]) -> Response:
        self._verbs.resume(request.path_params["job"])
        return answer({})

    def _run_of(self, state: JobState) -> OpenRun | None:
        return self._verbs.workspace.at(Path(state.run)) if state.run else None

    def _brief(self, state: JobState) -> dict[str, Any]:
        run = self._run_of(state)
        values = {name: getattr(state, name) for name in TOLD}
        folder = next((state.arguments[name] for name in FOLDERS if state.arguments.get(name)), "")
        about: dict[str, Any] = {"run": run and run.id, "run_name": run and (run.title or run.run.path.name)}
        about |= {"per_s": state.frames_per_s, "resumable": state.resumable and not _is_gone(state)}
        about |= {"folder": str(folder), "written": state.result.get("folder")}
        return values | about | {name: str(state.arguments.get(name) or "") for name in ARGUMENTS}


def _is_gone(state: JobState) -> bool:
    """Whether the run was deleted in which it could go on."""
    return state.run is not None and not os.path.isdir(state.run)


def detail(state: JobState, run: OpenRun | None = None) -> dict[str, Any]:
    """Returns what only the job that is looked at shows: the newest frames, previews, lines of its log, notices.

    A job that ended under an earlier server has lost most of its frames: those of the records are told then. The same
    of one that measured nothing, since all was recorded before (``recorded``). Only previews that are there are named;
    ``rows`` are ``[ordinal, status, quality, has a preview]``.
    """
    rows, wanted = [row[:3] for row in state.rows], _ordinals(state)
    recorded = not rows and state.ended and state.verb == "extract"
    if run is not None and state.ended and state.verb == "extract" and len(rows) < MAX_ROWS:
        found = _last_rows(run)
        if len(found) > len(rows):
            rows, wanted = found, [row[0] for row in found if row[1] == KEPT][-MAX_THUMBS:]
    there = {number for number in {*wanted, *(row[0] for row in rows)} if run is not None and run.pictures.has(number)}
    return {
        "rows": [[*row, row[0] in there] for row in rows],
        "thumbs": [number for number in wanted if number in there],
        "recorded": recorded,
        "log": list(state.log),
        "notices": [one.to_mapping() for one in state.notices],
        "log_file": state.log_file,
    }


def _ordinals(state: JobState) -> list[int]:
    files = (FRAME_NAME.match(name.replace("thumb_", "frame_")) for name in state.thumbs)
    return [int(found[1]) for found in files if found]


def _last_rows(run: OpenRun) -> list[tuple[int, str, float | None]]:
    """The newest records as the live table shows frames; none where they cannot be read."""
    try:
        table = run.table()
    except (FramesieveError, OSError, ValueError):
        return []
    quality = table.values.get("quality_score")
    places = range(max(0, len(table) - MAX_ROWS), len(table))
    scores = [None if quality is None or math.isnan(quality[i]) else float(quality[i]) for i in places]
    status = ["error" if table.error[i] else table.discards[table.discard[i]] or KEPT for i in places]
    return list(zip(map(int, table.ordinal[places.start :]), status, scores, strict=True))
