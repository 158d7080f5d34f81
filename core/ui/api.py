"""What ``gradio_client`` may call by name beside the events of the tabs: how a job goes, its end, faces of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import ERROR_KEYS, FramesieveError
from core.jobs.state import JobState
from core.store.run import RunDir
from core.ui.session import utf8
from core.ui.verbs import Verbs

PATIENCE_S = 10.0
"""How long ``extract`` waits for its job to have a run: it reads the video's index first."""
TOLD: tuple[str, ...] = ("id", "verb", "title", "state", "phase", "ahead", "cancelling", "unit", "done", "total")
TOLD += ("frames_per_s", "seconds_left", "kept", "dropped", *ERROR_KEYS, "result", "log_file")
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

        def job(id: str) -> dict[str, Any]:
            """Returns how far a job is: state, phase, done, total, error, run, result and more.

            Args:
                id: what ``extract`` or ``export`` returned as ``job``.
            """
            return _spoken(lambda: job_json(self._verbs.queue.snapshot(str(id))))

        def cancel(id: str) -> dict[str, Any]:
            """Ends a job; what it recorded stays. Returns how far it is, as ``job``."""
            return _spoken(lambda: self._cancel(str(id)))

        def faces(
            run: str,
            face_model: str | None = None,
            face_device: str | None = None,
            min_face_confidence: float | None = None,
            face_refs: list[str] | None = None,
            person_distance: float | None = None,
            people: bool = False,
            again: bool = False,
        ) -> dict[str, Any]:
            """Reads the faces of a run, compares them with photos, groups them into people. Returns the job.

            Args:
                run: name of the run.
                face_model: name or folder of the face model; without one, that of the run's faces.
                face_device: where face models run.
                min_face_confidence: leave out faces that the detector is less sure of.
                face_refs: photos of the person who is looked for, or "person:ID" or "face:ROW"; an empty list: nobody.
                person_distance: mean cosine distance up to which two groups of faces are one person.
                people: group the faces, also implied by a distance.
                again: read all faces anew.
            """
            settings: dict[str, Any] = {"face_model": face_model, "face_device": face_device, "face_refs": face_refs}
            settings |= {"min_face_confidence": min_face_confidence}
            values: dict[str, Any] = {"settings": {name: one for name, one in settings.items() if one is not None}}
            values |= {"again": True} if again else {}
            if people or person_distance is not None:
                values["people"] = {} if person_distance is None else {"person_distance": person_distance}
            return _spoken(lambda: {"job": self._faces(run, values)})

        return [job, cancel, faces]

    def _faces(self, run: str, values: dict[str, Any]) -> str:
        return self._verbs.faces(self._verbs.workspace.named(run).run, values, self._verbs.owner_of(None))

    def _cancel(self, job: str) -> dict[str, Any]:
        self._verbs.queue.cancel(job)
        return job_json(self._verbs.queue.snapshot(job))


def job_json(state: JobState) -> dict[str, Any]:
    """Returns what a program is told of a job."""
    said = {"log": list(state.log), "notices": [one.to_mapping() for one in state.notices]}
    return {name: getattr(state, name) for name in TOLD} | {"run": run_of(state)} | said


def run_of(state: JobState) -> str | None:
    """Returns the name of the run folder, ``None`` while there is no run yet."""
    return Path(state.run).name if state.run and RunDir(Path(state.run)).run_json.exists() else None


def _spoken(job: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Turns our errors into what Gradio shows as one sentence; a program finds the code in its title."""
    try:
        told: dict[str, Any] = _utf8(job())
        return told
    except FramesieveError as error:
        raise gr.Error(utf8(str(error)), title=error.code, print_exception=False) from None


def _utf8(value: Any) -> Any:
    """Gradio's JSON takes no text with bytes that are not UTF-8; ``session.utf8`` is read back where a run is named."""
    if isinstance(value, dict):
        return {name: _utf8(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_utf8(each) for each in value]
    return utf8(value) if isinstance(value, str) else value
