"""What ``gradio_client`` may call by name. The page itself uses none of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import FramesieveError
from core.job_state import JobState
from core.pipeline.select import select
from core.store.run import RunDir
from core.ui import owner
from core.ui.routes import parse_filters, selection_json
from core.ui.session import utf8
from core.ui.verbs import Verbs

PATIENCE_S = 10.0
"""How long ``extract`` waits for its job to have a run: it reads the video's index first."""
TOLD: tuple[str, ...] = ("id", "verb", "title", "state", "phase", "ahead", "cancelling", "unit", "done", "total")
TOLD += ("frames_per_s", "seconds_left", "kept", "dropped", "error", "result", "log_file")
"""What a program is told of a job, beside its run and log."""


def build(verbs: Verbs) -> None:
    """Defines the endpoints; call inside ``gr.Blocks``."""
    for endpoint in Api(verbs).all():
        gr.api(  # type: ignore[attr-defined]
            endpoint, api_name=endpoint.__name__, concurrency_limit=4
        )


class Api:
    """The endpoints. Every value that comes in is checked; an error is one sentence."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def all(self) -> list[Callable[..., dict[str, Any]]]:
        """Returns the endpoints; their names and signatures are what programs see."""

        def extract(source: str, settings: dict[str, Any]) -> dict[str, Any]:
            """Starts the extraction of a video; one on the web is downloaded first.

            Args:
                source: a path in an allowed folder, or a web address.
                settings: options of ``python -m core extract`` with underscores, e.g. {"method": "interval"}.
            """
            return _spoken(lambda: self._extract(source, settings))

        def job(id: str) -> dict[str, Any]:
            """Returns how far a job is: state, phase, done, total, error, run, result and more.

            Args:
                id: what ``extract`` or ``export`` returned as ``job``.
            """
            return _spoken(lambda: job_json(self._verbs.queue.snapshot(str(id))))

        def cancel(id: str) -> dict[str, Any]:
            """Ends a job; what it recorded stays. Returns how far it is, as ``job``."""
            return _spoken(lambda: self._cancel(str(id)))

        def filter(run: str, filters: dict[str, Any]) -> dict[str, Any]:
            """Returns how many frames of a run the filters keep, and the digest of the kept ordinals. Saves nothing.

            Args:
                run: name of a run folder.
                filters: settings of ``python -m core filter`` with underscores, e.g. {"min": {"sharpness": 20}}.
            """
            return _spoken(lambda: selection_json(select(self._run(run).table(), parse_filters(filters))))

        def export(
            run: str, filters: dict[str, Any], dest: str | None = None, settings: dict[str, Any] | None = None
        ) -> dict[str, Any]:
            """Starts the export of what the filters keep.

            Args:
                run: name of a run folder.
                filters: as for ``filter``.
                dest: the folder it goes to, in the folder of runs or an allowed one; none: a new one beside the run.
                settings: what is written beside the frames, e.g. {"face_crops": true}.
            """
            return _spoken(lambda: self._export(run, filters, dest, settings))

        return [extract, job, cancel, filter, export]

    def _run(self, name: str) -> Any:
        return self._verbs.workspace.named(str(name))

    def _extract(self, source: str, settings: dict[str, Any]) -> dict[str, Any]:
        job = self._verbs.extract(source, settings, owner.API)
        give_up = time.monotonic() + PATIENCE_S
        while True:
            state = self._verbs.queue.snapshot(job)
            run = run_of(state)
            if run or state.ended or state.state == "queued" or state.unit != "frames" or time.monotonic() > give_up:
                return {"job": job, "run": run}
            time.sleep(0.05)

    def _cancel(self, job: str) -> dict[str, Any]:
        self._verbs.queue.cancel(job)
        return job_json(self._verbs.queue.snapshot(job))

    def _export(
        self, run: str, filters: dict[str, Any], dest: str | None, settings: dict[str, Any] | None
    ) -> dict[str, Any]:
        found = self._run(run).run
        job, folder = self._verbs.export(found, parse_filters(filters), owner.API, dest=dest, settings=settings)
        return {"job": job, "dest": str(folder)}


def job_json(state: JobState) -> dict[str, Any]:
    """Returns what a program is told of a job."""
    return {name: getattr(state, name) for name in TOLD} | {"run": run_of(state), "log": list(state.log)}


def run_of(state: JobState) -> str | None:
    """Returns the name of the run folder, ``None`` while there is no run yet."""
    return Path(state.run).name if state.run and RunDir(Path(state.run)).run_json.exists() else None


def _spoken(job: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Turns our errors into what Gradio shows as one sentence."""
    try:
        told: dict[str, Any] = _utf8(job())
        return told
    except FramesieveError as error:
        raise gr.Error(utf8(str(error)), print_exception=False) from None


def _utf8(value: Any) -> Any:
    """Gradio's JSON takes no text with bytes that are not UTF-8; ``session.utf8`` is read back where a run is named."""
    if isinstance(value, dict):
        return {name: _utf8(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_utf8(each) for each in value]
    return utf8(value) if isinstance(value, str) else value
