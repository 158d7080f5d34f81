"""The jobs of one browser: what they are doing, cancel, resume. The job bar is built in ``web/jobs.js``.

A job is named by its id, which cannot be guessed; the list holds only the jobs of the cookie's owner (``owner``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.job_state import JobState
from core.store.run import FRAME_NAME
from core.ui import owner
from core.ui.header import part
from core.ui.routes import answer, reading, writing
from core.ui.verbs import Verbs

SHOWN = 30
"""Jobs in the list, the newest."""
TOLD: tuple[str, ...] = ("id", "verb", "title", "state", "phase", "unit", "ahead", "cancelling", "done", "total")
TOLD += ("seconds_left", "kept", "dropped", "error", "resumable", "version", "created_s")
"""What the list says of each."""


def build() -> gr.HTML:
    """Returns the job bar."""
    return part("jobs.js", "jobs")


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
        """The owner's jobs, newest first; one of them, ``detail``, with its frames and log unless it is ``seen``."""
        jobs = self._verbs.queue.jobs_of(owner.current())[:SHOWN]
        wanted, seen = request.query_params.get("detail"), request.query_params.get("seen")
        lines = [self._brief(state) for state in jobs]
        for state, line in zip(jobs, lines, strict=True):
            if state.id == wanted and str(state.version) != seen:
                line |= detail(state)
        return answer({"jobs": lines})

    def _cancel(self, request: Request, body: dict[str, Any]) -> Response:
        self._verbs.queue.cancel(request.path_params["job"])
        return answer({})

    def _resume(self, request: Request, body: dict[str, Any]) -> Response:
        self._verbs.resume(request.path_params["job"])
        return answer({})

    def _brief(self, state: JobState) -> dict[str, Any]:
        run = self._verbs.workspace.at(Path(state.run)) if state.run else None
        values = {name: getattr(state, name) for name in TOLD}
        about = {"run": run and run.id, "run_name": run and run.run.path.name, "per_s": state.frames_per_s}
        return values | about | {"source": str(state.arguments.get("source") or "")}


def detail(state: JobState) -> dict[str, Any]:
    """Returns what only the job that is looked at shows: the newest frames, previews and lines of its log."""
    files = (FRAME_NAME.match(name.replace("thumb_", "frame_")) for name in state.thumbs)
    return {
        "rows": [list(row[:3]) for row in state.rows],
        "thumbs": [int(found[1]) for found in files if found],
        "log": list(state.log),
        "log_file": state.log_file,
    }
